import { setTimeout as sleep } from 'node:timers/promises';
import { RgsweepError } from '../src/errors.js';

const firstDelayMilliseconds = 1000;
const longestDelayMilliseconds = 30_000;

export interface Patience {
  /** Aborted: no further try, the last error is thrown. */
  giveUp: AbortSignal;
  /** Told before each wait: why, and for how long in milliseconds. */
  onWait: (error: RgsweepError, milliseconds: number) => void;
  /** Told when the work succeeded after a wait. */
  onSuccess: () => void;
}

function isStoreError(error: unknown): error is RgsweepError {
  return error instanceof RgsweepError && error.kind === 'store-unavailable';
}

/**
 * Does work on the store, again and again while the store cannot be used: full, refusing, throttling or away longer than
 * its own retries. Nothing that was trained is thrown away for a reason that somebody else will mend. Waits double from
 * 1 s to 30 s, each drawn from the upper half of its interval. The work must be one that may be repeated as a whole.
 *
 * @throws whatever else the work throws, at once
 * @throws RgsweepError('store-unavailable') of the last try when `giveUp` is aborted
 */
export async function withPatience<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      const result = await work();
      if (attempt > 0) patience.onSuccess();
      return result;
    } catch (error) {
      if (!isStoreError(error) || patience.giveUp.aborted) throw error;
      const full = Math.min(longestDelayMilliseconds, firstDelayMilliseconds * 2 ** Math.min(attempt, 10));
      const delay = full * (0.5 + 0.5 * Math.random());
      patience.onWait(error, delay);
      // Aborted while waiting: one last try, for the store may be back.
      await sleep(delay, undefined, { signal: patience.giveUp }).catch(() => undefined);
    }
  }
}
