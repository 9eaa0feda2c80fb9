import { isGrpcServiceError, ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { RgsweepError } from '../errors.js';
import { controlQueue } from '../sweep/names.js';
import { isSilent, listPollers } from '../temporal/pollers.js';

/** A control worker answers within a second, one that replays a long sweep on a busy machine within a few. */
export const patienceMilliseconds = 10_000;

/** A worker that ends in the middle of a task costs one try, one on a starved machine another. */
const manyTries = 3;

const notDeterministic =
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR;
/** gRPC's FAILED_PRECONDITION: the server takes no change of a workflow whose tasks fail. */
const failedPrecondition: unknown = 9;

/** gRPC's PERMISSION_DENIED and UNAUTHENTICATED: who asks again is told the same. */
export const refusals: readonly unknown[] = [7, 16];

/** Did the server take a question that no worker answered in time, or not well? Another one may yet. */
export function isUnanswered(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return !(isGrpcServiceError(error.cause) && refusals.includes(error.cause.code));
}

/** Why nobody answers for a sweep, as far as the server knows who serves it: `no control worker asks for work`. */
export async function whyUnanswered(client: Client, sweep: string): Promise<string> {
  try {
    const [pollers, tries] = await client.withDeadline(Date.now() + patienceMilliseconds, () =>
      Promise.all([listPollers(client, controlQueue, 'workflow'), triesOf(client, sweep)]),
    );
    if (pollers.every((one) => isSilent(one, Date.now())))
      return 'no control worker asks for work (`rgsweep worker --role control` starts one)';
    return tries < manyTries
      ? 'the control worker does not answer: it has just ended, or is busy'
      : troubleWords[await lastTrouble(client, sweep)];
  } catch {
    return 'the server does not answer';
  }
}

const troubleWords = {
  replay:
    'the control worker cannot replay what this sweep has done so far: docs/failures.md, "A sweep that does not replay", says what to do',
  failure: 'the control worker fails at the workflow of this sweep, again and again: its log says why',
  time: 'the control worker does not finish the tasks of this sweep in time, or ends in the middle of them: give it more of a processor, or memory',
};

/** Events to look back for the trouble, which is written once: tries after the first write nothing. */
const lookedAt = 20;

/** What stands in the way of the workflow's present task. */
async function lastTrouble(client: Client, sweep: string): Promise<keyof typeof troubleWords> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId: sweep },
    maximumPageSize: lookedAt,
  });
  for (const {
    workflowTaskFailedEventAttributes: failed,
    workflowTaskTimedOutEventAttributes: late,
  } of history?.events ?? []) {
    if (failed) return failed.cause === notDeterministic ? 'replay' : 'failure';
    if (late) return 'time';
  }
  return 'failure';
}

/** How often the workflow's present task has been tried: one that fails is tried again without an end. */
async function triesOf(client: Client, sweep: string): Promise<number> {
  try {
    const { raw } = await client.workflow.getHandle(sweep).describe();
    return raw.pendingWorkflowTask?.attempt ?? 0;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0;
    throw error;
  }
}

/**
 * Waits for what a control worker has to answer, without an end, and tells why when it takes long: again whenever the reason has changed.
 * @param everyMilliseconds how long is long
 * @throws RgsweepError('server-unavailable') where the server takes no change, since the control worker fails at the sweep
 */
export async function untilAnswered<T>(
  client: Client,
  sweep: string,
  work: Promise<T>,
  tell: (why: string) => void,
  everyMilliseconds = patienceMilliseconds,
): Promise<T> {
  let told = '';
  let answered = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    const why = await whyUnanswered(client, sweep);
    if (answered) return;
    if (why !== told) tell(why);
    told = why;
    wait();
  };
  const wait = () => {
    timer = setTimeout(() => void look(), everyMilliseconds);
  };
  wait();
  try {
    return await work;
  } catch (error) {
    if (!(
      error instanceof ServiceError &&
      isGrpcServiceError(error.cause) &&
      error.cause.code === failedPrecondition
    ))
      throw error;
    const why = await whyUnanswered(client, sweep);
    throw new RgsweepError('server-unavailable', `${sweep}: ${why}; nothing was changed`, { cause: error });
  } finally {
    answered = true;
    clearTimeout(timer);
  }
}
