import { isGrpcServiceError, ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { controlQueue } from '../sweep/names.js';
import { isSilent, listPollers } from '../temporal/pollers.js';

/** A control worker answers within a second, one that replays a long sweep on a busy machine within a few. */
export const patienceMilliseconds = 10_000;

/** A worker that ends in the middle of a task costs one try, one on a starved machine another. */
const manyTries = 3;

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
      : 'the control worker fails at what this sweep has done so far, again and again: its log says why, docs/failures.md ("A sweep that does not replay") what to do';
  } catch {
    return 'the server does not answer';
  }
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
  } finally {
    answered = true;
    clearTimeout(timer);
  }
}
