import type { Experiment } from './experiments.js';
import type { KeptSweep } from './kept.js';

/** The sweeps of a data set in the order in which one needs another's end: both searches, then what their winners are trained in. */
export function sweepsOf({ search, standard, finals, split, ablation, rungs, scales }: Experiment): string[] {
  return [search, standard, finals, ablation, split?.others, rungs, scales].filter(
    (name) => name !== undefined,
  );
}

/** The sweeps of these experiments that are not kept as complete, in the order in which they are to be run. */
export function pendingSweeps(
  experiments: readonly Experiment[],
  kept: ReadonlyMap<string, KeptSweep>,
): string[] {
  return experiments
    .flatMap((one) => sweepsOf(one))
    .filter((name) => kept.get(name)?.snapshot.state !== 'complete');
}
