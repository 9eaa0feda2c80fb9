import { removeFolder } from '../src/store/removeFolder.js';

export interface TrainedCheckpoint {
  step: number;
  /** Local folder; removed once it is saved or superseded. */
  folder: string;
  loss: number;
}

export interface CheckpointSaver {
  /** Takes a checkpoint over; one that still waits to be saved gives way to it. */
  offer(checkpoint: TrainedCheckpoint): void;
  /** Resolves when nothing is left to save; what went wrong is in `failed`. */
  settled(): Promise<void>;
  readonly failed: unknown;
}

/**
 * Saves checkpoints in order, one at a time, while training goes on. While one is being saved, which may take long when
 * the store is in trouble, only the newest of those that come waits behind it: the worker's disk holds three at most.
 *
 * @param onFailure told once, when saving one failed for good; no more are saved then
 */
export function createCheckpointSaver(
  save: (checkpoint: TrainedCheckpoint) => Promise<void>,
  onFailure: () => void,
): CheckpointSaver {
  let waiting: TrainedCheckpoint | undefined;
  let active: Promise<void> | undefined;
  let failed: unknown;
  const discard = (checkpoint: TrainedCheckpoint) => removeFolder(checkpoint.folder);
  // A folder that cannot be removed now goes with the attempt's own.
  const drop = (checkpoint: TrainedCheckpoint) => void discard(checkpoint).catch(() => undefined);

  const drain = async (): Promise<void> => {
    while (waiting && failed === undefined) {
      const next = waiting;
      waiting = undefined;
      try {
        await save(next);
        await discard(next);
      } catch (error) {
        failed = error ?? new Error('saving a checkpoint failed');
        onFailure();
      }
    }
    active = undefined;
  };

  return {
    offer(checkpoint) {
      // Nothing is saved any more: begun again, there would be work that never ends.
      if (failed !== undefined) return drop(checkpoint);
      const superseded = waiting;
      waiting = checkpoint;
      if (superseded) drop(superseded);
      active ??= drain();
    },
    async settled() {
      while (active) await active;
    },
    get failed() {
      return failed;
    },
  };
}
