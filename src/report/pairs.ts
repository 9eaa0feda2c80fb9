import type { SweepSpec, TrialRecord } from '../sweep/types.js';
import type { ReportInput } from './artifacts.js';
import { blockMeans, differenceOfMeans, pairedDifference, type PairedFigure } from './paired.js';
import type { Source } from './ranking.js';

/**
 * −log q(φ) in nats of each configuration of the test data, by trial: same data and order for every trial of a task. With them a
 * difference of `kl` or `nll` is measured pair by pair, so that what is common to both trials cancels.
 */
export type PerConfiguration = ReadonlyMap<number, ArrayLike<number>>;

/** One side of a comparison: the trainings behind a configuration's figures, and the likelihoods of its sweep. */
export interface Side {
  seeds: readonly TrialRecord[];
  likelihoods: PerConfiguration;
}

/** A difference of this metric is that of likelihoods on the same test data. */
export function isPairable(metric: string, source: Source): boolean {
  return source.kind === 'test' && ['kl', 'nll', 'vlb'].includes(metric);
}

/**
 * Whether differences are measured pair by pair on test data: of `nll`, and of `kl`, which differs from it by what all models have in
 * common; of images, of `vlb`.
 */
export function isMeasuredInPairs({ task, objective }: SweepSpec): boolean {
  const metrics = task.name === 'phi4' || task.name === 'module' ? ['kl', 'nll'] : ['vlb'];
  return metrics.includes(objective.metric);
}

/** Per-configuration test likelihoods out of the artifacts, for paired differences. */
export function perConfigurationOf({ snapshot, artifacts }: ReportInput): PerConfiguration {
  if (!isMeasuredInPairs(snapshot.spec)) return new Map();
  return new Map(
    [...(artifacts?.trials ?? [])].flatMap(([trial, { testNll }]) => (testNll ? [[trial, testNll]] : [])),
  );
}

/**
 * The difference second − first of both configurations' likelihoods on the same test data: pair by pair where their trainings have equal
 * seeds, else of their means; undefined unless every training of both has its likelihoods.
 */
export function differenceOnData(first: Side, second: Side): PairedFigure | undefined {
  const [own, others] = [first, second].map(({ seeds, likelihoods }) =>
    [...seeds]
      .sort((a, b) => a.seed - b.seed)
      .map(({ trial, seed }) => ({ seed, values: likelihoods.get(trial) ?? [] })),
  ) as [{ seed: number; values: ArrayLike<number> }[], { seed: number; values: ArrayLike<number> }[]];
  // Of data of another size the blocks would be others.
  if (new Set([...own, ...others].map(({ values }) => values.length)).size !== 1) return undefined;
  const [one, other] = [own, others].map((trainings) =>
    trainings.map(({ values }) => blockMeans(values, { least: 8 })),
  );
  // With one seed a configuration there is nothing to choose.
  const equal =
    own.length === others.length &&
    (own.length === 1 || own.every(({ seed }, n) => seed === others[n]!.seed));
  return (equal ? pairedDifference : differenceOfMeans)(one!, other!);
}
