import { setImmediate } from 'node:timers/promises';
import { RgsweepError } from '../errors.js';

/** How long work goes on before the event loop has its turn. */
const sliceMilliseconds = 25;

/**
 * For long work on the main thread: `due()` says when a turn of the event loop is owed, and `breathe()` gives it.
 * @param onBreath called at every turn, e.g. to report progress
 * @returns `breathe` throws RgsweepError('cancelled') naming `what` once the signal has fired
 */
export function createBreather(
  what: string,
  signal: AbortSignal | undefined,
  onBreath: () => void,
): { due: () => boolean; breathe: () => Promise<void> } {
  let deadline = 0;
  return {
    due: () => performance.now() > deadline,
    breathe: async () => {
      onBreath();
      await setImmediate();
      if (signal?.aborted) throw new RgsweepError('cancelled', `${what} was cancelled`);
      deadline = performance.now() + sliceMilliseconds;
    },
  };
}
