import { bestSearched, highestResult } from '../../src/report/ranking.js';
import type { Figure } from '../../src/report/figures.js';
import { pairedDifference, type PairedFigure } from '../../src/report/paired.js';
import { foldReplicates } from '../../src/sweep/replicates.js';
import type { SweepSnapshot, TrialRecord } from '../../src/sweep/types.js';
import type { KeptSweep } from './kept.js';

/** A configuration that is compared with others: all its seeds that were measured, in their order. */
export interface Contender {
  name: string;
  trials: TrialRecord[];
}

const measured = (snapshot: SweepSnapshot, trial: TrialRecord) =>
  trial.state !== 'failed' && (trial.test !== undefined || highestResult(snapshot, trial) !== undefined);

/** Contenders of which a seed failed, with how many of how many: a mean over the others would be that of the lucky ones. */
export function failedContenders({ snapshot }: KeptSweep): { name: string; failed: number; seeds: number }[] {
  return snapshot.spec.baselines.flatMap((name) => {
    const seeds = snapshot.trials.filter(({ baseline }) => baseline === name);
    const failed = seeds.filter(({ state }) => state === 'failed').length;
    return failed > 0 ? [{ name, failed, seeds: seeds.length }] : [];
  });
}

/**
 * The baselines of a sweep and, where it has searched, the best trial of the search; those without a figure, and those of which a
 * seed failed, are left out.
 */
export function contendersOf(kept: KeptSweep): Contender[] {
  const { snapshot } = kept;
  const failed = new Set(failedContenders(kept).map(({ name }) => name));
  const of = (leader: TrialRecord, name: string): Contender => {
    const seeds = snapshot.trials.filter(
      (trial) => trial.trial === leader.trial || trial.replicateOf === leader.trial,
    );
    const fresh = seeds.filter((trial) => trial.confirms && trial.test);
    const trials = (fresh.length > 0 ? fresh : seeds)
      .filter((trial) => measured(snapshot, trial))
      .sort((a, b) => a.seed - b.seed);
    return { name, trials };
  };
  const best = bestSearched(foldReplicates(snapshot));
  const baselines = snapshot.spec.baselines.flatMap((name) => {
    const leader = snapshot.trials.find(
      (trial) => trial.baseline === name && trial.replicateOf === undefined,
    );
    return leader && !failed.has(name) ? [of(leader, name)] : [];
  });
  const all = best ? [of(best, `trial ${best.trial}: ${best.label}`), ...baselines] : baselines;
  return all.filter(({ trials }) => trials.length > 0);
}

/** Found by the sweep's own search, and no preset or contender of its file. */
export function isSearched({ trials }: Contender): boolean {
  return trials.some(({ baseline }) => baseline === undefined);
}

/** Metrics of a trial: of the test data where it has them, else of its highest rung. */
export function metricsOf(snapshot: SweepSnapshot, trial: TrialRecord): Record<string, number> {
  return trial.test ?? highestResult(snapshot, trial)!.metrics;
}

/** What a contender was measured on: `test, 12,000 steps` for all its seeds, so that equal words can be compared. */
export function measuredOn({ trials }: Contender): { tested: boolean; step: number } {
  const step = Math.min(...trials.map(({ rungs }) => Math.max(...rungs.map((rung) => rung.step))));
  return { tested: trials.every(({ test }) => test !== undefined), step };
}

/** Mean over seeds with e² = s²/n + ē²; one seed has its own error ē alone, and no error where none is known. */
export function figureOf(snapshot: SweepSnapshot, { trials }: Contender, metric: string): Figure | undefined {
  const metrics = trials.map((trial) => metricsOf(snapshot, trial));
  const values = metrics.flatMap((one) => (one[metric] === undefined ? [] : [one[metric]]));
  if (values.length < trials.length) return undefined;
  const value = values.reduce((sum, one) => sum + one, 0) / values.length;
  const own =
    metrics.reduce((sum, one) => sum + (one[`${metric}Error`] ?? 0) ** 2, 0) / Math.max(1, metrics.length);
  const between =
    values.length < 2
      ? 0
      : values.reduce((sum, one) => sum + (one - value) ** 2, 0) / (values.length - 1) / values.length;
  const error = Math.sqrt(own + between);
  return error > 0 ? { value, error } : { value };
}

/**
 * KL (or whatever the objective is) of `second` minus that of `first`, pair by pair of equal seeds: on the same test data by −log q,
 * whose difference is that of KL, where both have it; else the difference of both figures with their errors combined, which is
 * wider than the truth and called `combined`. Positive where `first` is better, of what is minimized. Undefined where the two were measured on different
 * data or after different numbers of steps.
 */
export function differenceOf(
  { snapshot, likelihoods }: KeptSweep,
  first: Contender,
  second: Contender,
): (PairedFigure & { combined?: true }) | undefined {
  const [here, there] = [measuredOn(first), measuredOn(second)];
  if (here.tested !== there.tested || here.step !== there.step) return undefined;
  const pairs = first.trials.flatMap((trial) => {
    const other = second.trials.find(({ seed }) => seed === trial.seed);
    return other ? [[trial, other] as const] : [];
  });
  const kept = pairs.filter((pair) => pair.every(({ trial }) => likelihoods.has(trial)));
  const blocks = (index: 0 | 1) => kept.map((pair) => [...Array.from(likelihoods.get(pair[index].trial)!)]);
  const { metric } = snapshot.spec.objective;
  if (kept.length > 0 && kept.length === pairs.length && ['kl', 'nll', 'vlb'].includes(metric))
    return pairedDifference(blocks(0), blocks(1));
  const [a, b] = [first, second].map((one) => figureOf(snapshot, one, metric));
  return a?.error === undefined || b?.error === undefined
    ? undefined
    : {
        value: b.value - a.value,
        error: Math.hypot(a.error, b.error),
        seeds: Math.min(first.trials.length, second.trials.length),
        combined: true,
      };
}
