import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { trainQueue } from '../sweep/names.js';
import type { SweepSpec } from '../sweep/types.js';
import { isSilent, listPollers } from '../temporal/pollers.js';

/** A worker with a free slot takes a task at once. */
const soonMilliseconds = 3000;

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

const isPreparation = ({ activityType }: Pending) => activityType?.name === 'prepareData';

/**
 * Why a sweep has no data set yet, where nobody makes one: no training worker has come for it, or the last try failed. Undefined
 * where it is being made, or is not waited for.
 *
 * @param now milliseconds since 1970
 */
export async function dataWait(
  client: Client,
  spec: Pick<SweepSpec, 'resources'>,
  description: WorkflowExecutionDescription,
  now = Date.now(),
): Promise<string | undefined> {
  const pending = description.raw.pendingActivities?.find(isPreparation);
  if (!pending) return undefined;
  if (pending.lastFailure?.message)
    return `try ${pending.attempt} to make the data set, after: ${pending.lastFailure.message}`;
  const scheduledAt = 1000 * Number(pending.scheduledTime?.seconds ?? 0);
  if (pending.lastStartedTime || now - scheduledAt < soonMilliseconds) return undefined;
  const queue = spec.resources?.queue;
  const pollers = await listPollers(client, trainQueue(queue), 'activity');
  if (pollers.some((one) => !isSilent(one, now)))
    return 'the data set, until a training worker has a free slot';
  const [of, option] = queue === undefined ? ['', ''] : [` of the queue "${queue}"`, ` --queue ${queue}`];
  return `no training worker${of} is there: start one with \`rgsweep worker --role train${option}\``;
}
