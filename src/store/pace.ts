import { setImmediate } from 'node:timers/promises';

/** The event loop has its turn after this long, however many small operations wait. */
const sliceMilliseconds = 10;
/** A file system of which most answers take longer than this is asked by other threads. */
const quickMilliseconds = 0.5;
/** After which it may show that it is quick again. */
const slowForMilliseconds = 1000;
/** "Most" is of about so many answers. Their mean would count an interruption by another program, which says nothing of the disk. */
const recentAnswers = 16;

/** Files up to this size are records, manifests and the like: read, written and copied at once. */
export const smallBytes = 256 * 1024;

/** Decides where a small file operation is done. */
export interface Pace {
  /**
   * Does it at once where the file system is quick, else by another thread.
   * @param now blocks for as long as it takes
   * @param later the same, by another thread
   */
  quick<T>(now: () => T, later: () => Promise<T>): Promise<T>;
}

/**
 * What the system has in its cache it gives in some 20 µs; handing that to another thread and back costs several times as much,
 * four times a file. So small operations are done at once, as long as the file system is quick; a slow one (a network, a
 * sleeping disk) is asked by other threads, several operations at a time. Waiting for a disk is always left to them.
 */
export function createPace(now: () => number = () => performance.now()): Pace {
  let slowShare = 0;
  let slowUntil = -Infinity;
  let sliceEnds = -Infinity;

  function timed<T>(operation: () => T): T {
    const begun = now();
    try {
      return operation();
    } finally {
      const slow = now() - begun > quickMilliseconds ? 1 : 0;
      slowShare += (slow - slowShare) / recentAnswers;
      if (slowShare > 0.5) {
        slowUntil = now() + slowForMilliseconds;
        slowShare = 0;
      }
    }
  }

  return {
    async quick(operation, later) {
      if (now() < slowUntil) return later();
      if (now() > sliceEnds) {
        await setImmediate();
        sliceEnds = now() + sliceMilliseconds;
      }
      return timed(operation);
    },
  };
}
