import { CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';
import { trainQueue } from '../src/sweep/names.js';
import type { SweepSpec } from '../src/sweep/types.js';
import type { Versions } from './versions.js';

/** Cancelled, it is not waited for: there may be no worker to answer. */
const training = (queue: string | undefined) =>
  proxyActivities<Activities>({
    taskQueue: trainQueue(queue),
    startToCloseTimeout: '24 hours',
    heartbeatTimeout: '30 seconds',
    cancellationType: 'TRY_CANCEL',
    retry: { maximumInterval: '1 minute', nonRetryableErrorTypes: ['bad-configuration', 'data-missing'] },
  });

/** The wait for a sweep's data set, which lasts as long as no training worker comes. */
export interface DataPreparation {
  /** Returns when the data set is in the store, or when it is not wanted any more. */
  prepare: () => Promise<void>;
  /** The sweep was stopped: `prepare` returns at once. */
  giveUp: () => void;
}

/** @param stopping was the sweep asked to stop before its data were? */
export function createDataPreparation(
  spec: SweepSpec,
  stopping: () => boolean,
  { since }: Pick<Versions, 'since'>,
): DataPreparation {
  const scope = new CancellationScope();
  let waits = false;
  let givenUp = false;
  // A stop during the preparation waited for its end before; sweeps of then replay so.
  const stops = () => since('stop-ends-preparation');
  return {
    async prepare() {
      if (stopping() && stops()) return;
      waits = true;
      try {
        await scope.run(() => training(spec.resources?.queue).prepareData({ spec }));
      } catch (error) {
        if (!givenUp || !isCancellation(error)) throw error;
      } finally {
        waits = false;
      }
    },
    giveUp() {
      if (!waits || givenUp || !stops()) return;
      givenUp = true;
      scope.cancel();
    },
  };
}
