import { isDeepStrictEqual } from 'node:util';
import type { SweepSpec, TrialRecord } from '../../src/sweep/types.js';
import type { Experiment } from './experiments.js';
import type { KeptSweep } from './kept.js';

/** What two sweeps must share for their trainings to be comparable, and paired by their seeds. */
const comparable = ({ task, sampler, pruner, replicates, defaults, objective, evaluation }: SweepSpec) => ({
  task,
  seed: sampler.seed,
  rungs: pruner.rungs,
  replicates,
  defaults,
  objective,
  evaluation,
});

/**
 * Two sweeps without a search as one: the contenders of both, trained and measured by the same rules from the same seeds. The trials of the second
 * are numbered after those of the first. @throws Error when the two do not have the same rules
 */
export function joined(first: KeptSweep, second: KeptSweep): KeptSweep {
  const [one, two] = [first.snapshot, second.snapshot];
  if (!isDeepStrictEqual(comparable(one.spec), comparable(two.spec)))
    throw new Error(
      `${one.spec.name} and ${two.spec.name} differ in more than their contenders: they cannot be shown as one`,
    );
  const next = 1 + Math.max(-1, ...one.trials.map(({ trial }) => trial));
  const moved = two.trials.map((trial): TrialRecord => ({
    ...trial,
    trial: trial.trial + next,
    ...(trial.replicateOf === undefined ? {} : { replicateOf: trial.replicateOf + next }),
  }));
  const likelihoods = [...second.likelihoods].map(([trial, values]) => [trial + next, values] as const);
  return {
    snapshot: {
      ...one,
      spec: {
        ...one.spec,
        baselines: [...one.spec.baselines, ...two.spec.baselines],
        contenders: { ...one.spec.contenders, ...two.spec.contenders },
      },
      trials: [...one.trials, ...moved],
    },
    likelihoods: new Map([...first.likelihoods, ...likelihoods]),
  };
}

/**
 * The finals of a data set, with those baselines that were trained in a sweep of their own, the winner taken apart and the winner of another
 * data set, as far as they are kept; undefined while the finals are not.
 */
export function finalsOf(
  { finals, split, ablation, transfer }: Experiment,
  kept: ReadonlyMap<string, KeptSweep>,
): KeptSweep | undefined {
  const [first, ...more] = [finals, split?.others, ablation, transfer?.sweep].map((name) =>
    name === undefined ? undefined : kept.get(name),
  );
  return first && more.filter((one) => one !== undefined).reduce(joined, first);
}
