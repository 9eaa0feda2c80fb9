import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** Time in seconds within which an operation is tried again; 0 = one try. */
  patienceSeconds: number;
  /** Told before each wait, with the reason and the delay. */
  onRetry?: (error: unknown, delayMilliseconds: number) => void;
}

const firstDelayMilliseconds = 100;
const longestDelayMilliseconds = 5000;

/**
 * Runs an operation until it succeeds, fails for good, or the patience is used up; then its last error is thrown.
 * Delays double from 0.1 s to 5 s, each drawn from the upper half of its interval, so that many clients of a store that
 * comes back do not all arrive at once.
 *
 * @param operation gets the number of the try, from 1
 */
export async function withRetries<T>(
  operation: (attempt: number) => Promise<T>,
  isTransient: (error: unknown) => boolean,
  { patienceSeconds, onRetry }: RetryOptions,
): Promise<T> {
  const deadline = performance.now() + 1000 * patienceSeconds;
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation(attempt);
    } catch (error) {
      const full = Math.min(longestDelayMilliseconds, firstDelayMilliseconds * 2 ** (attempt - 1));
      const delay = full * (0.5 + 0.5 * Math.random());
      if (!isTransient(error) || performance.now() + delay > deadline) throw error;
      onRetry?.(error, delay);
      await sleep(delay);
    }
  }
}
