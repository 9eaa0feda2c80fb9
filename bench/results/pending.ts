import type { Experiment } from './experiments.js';
import type { KeptSweep } from './kept.js';

/** The sweeps of a data set in the order in which one needs another's end: both searches, then what their winners are trained in. */
export function sweepsOf(experiment: Experiment): string[] {
  const { search, standard, finals, split, ablation, transfer, rungs, scales } = experiment;
  return [search, standard, finals, ablation, split?.others, transfer?.sweep, rungs, scales].filter(
    (name) => name !== undefined,
  );
}

/**
 * The sweeps of these experiments that are not kept as complete, in the order in which they are to be run: winners of other data sets come last,
 * since those have to be found first.
 */
export function pendingSweeps(
  experiments: readonly Experiment[],
  kept: ReadonlyMap<string, KeptSweep>,
): string[] {
  const transfers = new Set(experiments.flatMap(({ transfer }) => transfer?.sweep ?? []));
  return experiments
    .flatMap((one) => sweepsOf(one))
    .filter((name) => kept.get(name)?.snapshot.state !== 'complete')
    .sort((a, b) => Number(transfers.has(a)) - Number(transfers.has(b)));
}
