import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';
import { controlQueue } from '../sweep/names.js';
import { isSilent, listPollers } from '../temporal/pollers.js';

/** A control worker answers within a second, one that replays a long sweep on a busy machine within a few. */
export const patienceMilliseconds = 10_000;

/** gRPC's PERMISSION_DENIED and UNAUTHENTICATED: who asks again is told the same. */
export const refusals: readonly unknown[] = [7, 16];

/** Did the server take a question that no worker answered in time, or not well? Another one may yet. */
export function isUnanswered(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return !(isGrpcServiceError(error.cause) && refusals.includes(error.cause.code));
}

/** Why nobody answers for a sweep, as far as the server knows who serves it: `no control worker asks for work`. */
export async function whyUnanswered(client: Client): Promise<string> {
  try {
    const pollers = await client.withDeadline(Date.now() + patienceMilliseconds, () =>
      listPollers(client, controlQueue, 'workflow'),
    );
    return pollers.every((one) => isSilent(one, Date.now()))
      ? 'no control worker asks for work (`rgsweep worker --role control` starts one)'
      : 'the control worker does not answer: it has just ended, or is busy';
  } catch {
    return 'the server does not answer';
  }
}

/**
 * Waits for what a control worker has to answer, without an end, and tells why when it takes long: again whenever the reason has changed.
 * @param everyMilliseconds how long is long
 */
export async function untilAnswered<T>(
  client: Client,
  work: Promise<T>,
  tell: (why: string) => void,
  everyMilliseconds = patienceMilliseconds,
): Promise<T> {
  let told = '';
  let answered = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    const why = await whyUnanswered(client);
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
