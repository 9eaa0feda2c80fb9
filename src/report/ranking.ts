import type { RungResult, SweepSnapshot, TrialRecord } from '../sweep/types.js';
import type { ConfigurationRecord } from '../sweep/replicates.js';
import { metricFigure, type Figure } from './figures.js';
import { differenceOnData, isPairable, type PerConfiguration } from './pairs.js';

/** Where a comparison's numbers come from: measured once on test data after so many steps, or on validation data at a rung. */
export type Source = { kind: 'test'; step: number } | { kind: 'rung'; rung: number; step: number };

/** What the difference of two trials' objectives says. `unknown`: at least one has no standard error. */
export type Outcome = 'better' | 'worse' | 'tie' | 'unknown';

/** What d ± e says, d positive where the first of two is better: below 2e it is a tie. */
export function outcomeOf(difference: number, error: number | undefined): Outcome {
  if (error === undefined) return 'unknown';
  if (Math.abs(difference) < 2 * error || difference === 0) return 'tie';
  return difference > 0 ? 'better' : 'worse';
}

/** Trial `first` against trial `second`. */
export interface Comparison {
  first: TrialRecord;
  second: TrialRecord;
  /** d, in the objective's unit: positive where `first` is better, whatever the direction. */
  difference: number;
  /** e, the standard error of d. */
  error?: number;
  /** `pairs`: from per-configuration differences; `combined`: e² = e₁² + e₂². */
  method: 'pairs' | 'combined';
  /** A tie is |d| < 2e. */
  outcome: Outcome;
}

/** All figures of a trial at one source; undefined where it was not measured there. */
export function metricsAt(trial: TrialRecord, source: Source): Readonly<Record<string, number>> | undefined {
  return source.kind === 'test'
    ? lastStep(trial) === source.step
      ? trial.test
      : undefined
    : trial.rungs.find((entry) => entry.rung === source.rung)?.metrics;
}

/** The objective's value of a trial at one source; undefined where it has none or it is not finite. */
export function figureAt(snapshot: SweepSnapshot, trial: TrialRecord, source: Source): Figure | undefined {
  const metrics = metricsAt(trial, source);
  return metrics && metricFigure(metrics, snapshot.spec.objective.metric);
}

/** Training steps after which a trial was measured last, on test data too where it has them; 0 before its first result. */
export function lastStep(trial: TrialRecord): number {
  return Math.max(0, ...trial.rungs.map(({ step }) => step));
}

/** The result at the highest rung where the objective is a finite number. */
export function highestResult(snapshot: SweepSnapshot, trial: TrialRecord): RungResult | undefined {
  const { metric } = snapshot.spec.objective;
  return trial.rungs
    .filter((result) => metricFigure(result.metrics, metric) !== undefined)
    .reduce<RungResult | undefined>(
      (highest, result) => (highest && highest.rung >= result.rung ? highest : result),
      undefined,
    );
}

/** True where `a` is the better objective value. */
export function isBetter(snapshot: SweepSnapshot, a: number, b: number): boolean {
  return snapshot.spec.objective.direction === 'minimize' ? a < b : a > b;
}

/** A trial that was trained under its own number and did not end as failed. */
function stands(trial: TrialRecord): boolean {
  return trial.state !== 'failed' && trial.equals === undefined;
}

function bestAt(
  snapshot: SweepSnapshot,
  trials: readonly TrialRecord[],
  rung: number,
): TrialRecord | undefined {
  let best: { trial: TrialRecord; value: number } | undefined;
  for (const trial of trials) {
    const figure = figureAt(snapshot, trial, { kind: 'rung', rung, step: 0 });
    if (figure && (!best || isBetter(snapshot, figure.value, best.value)))
      best = { trial, value: figure.value };
  }
  return best?.trial;
}

/**
 * The best trial that the search found: the best validation objective at the highest rung that any searched trial
 * reached. Values at lower rungs are not compared with it. Failed trials, trials that repeat another (`equals`) and
 * values that are not finite take no part; among equal values the earlier trial wins. Undefined when there is none.
 */
export function bestSearched(snapshot: SweepSnapshot): TrialRecord | undefined {
  const all = snapshot.trials.filter((trial) => trial.baseline === undefined && stands(trial));
  // Whoever was re-run with fresh seeds was the best of those that were not.
  const confirmed = all.filter((trial: ConfigurationRecord) => trial.confirmed);
  const searched = confirmed.length > 0 ? confirmed : all;
  const highest = Math.max(-1, ...searched.map((trial) => highestResult(snapshot, trial)?.rung ?? -1));
  return highest < 0 ? undefined : bestAt(snapshot, searched, highest);
}

/** The trial of a baseline, by its name. */
export function baselineTrial(snapshot: SweepSnapshot, name: string): TrialRecord | undefined {
  return snapshot.trials.find((trial) => trial.baseline === name);
}

/** All baselines' trials that stand, in the order of the sweep file. */
export function baselineTrials(snapshot: SweepSnapshot): TrialRecord[] {
  const order = new Map(snapshot.spec.baselines.map((name, index) => [name, index]));
  return snapshot.trials
    .filter((trial) => trial.baseline !== undefined)
    .sort((a, b) => (order.get(a.baseline!) ?? order.size) - (order.get(b.baseline!) ?? order.size));
}

/**
 * The best source that `trials` can be compared at: test data when all have them after equally many steps, else the highest rung that all
 * have reached, so that nobody wins by longer training. Undefined when they have no rung in common.
 */
export function commonSource(snapshot: SweepSnapshot, trials: readonly TrialRecord[]): Source | undefined {
  if (trials.length === 0) return undefined;
  const test: Source = { kind: 'test', step: lastStep(trials[0]!) };
  if (trials.every((trial) => figureAt(snapshot, trial, test))) return test;
  const rungs = trials[0]!.rungs
    .map((result): Source => ({ kind: 'rung', rung: result.rung, step: result.step }))
    .filter((source) => trials.every((trial) => figureAt(snapshot, trial, source)));
  return rungs.reduce<Source | undefined>(
    (highest, source) =>
      highest?.kind === 'rung' && source.kind === 'rung' && highest.rung >= source.rung ? highest : source,
    undefined,
  );
}

/** Trainings behind a configuration's figures, seed by seed: itself where there is one seed a configuration. */
export function judgedSeeds(snapshot: SweepSnapshot, trial: ConfigurationRecord): readonly TrialRecord[] {
  const all = (snapshot.seeds ?? []).filter(
    (one) => one.trial === trial.trial || one.replicateOf === trial.trial,
  );
  if (all.length === 0) return [trial];
  return all.filter((one) => (one.confirms !== undefined) === (trial.confirmed === true));
}

/**
 * Trial `first` against `second` at one source: d ± e, positive where `first` is better. On the same test data, and
 * seed by seed where seeds are equal, where `perConfiguration` has all trainings of both (paired.ts), else with combined
 * standard errors e² = e₁² + e₂², which is wider than the truth where both were measured on the same data. Undefined where one of them has no finite value.
 */
export function compareTrials(
  snapshot: SweepSnapshot,
  first: TrialRecord,
  second: TrialRecord,
  source: Source,
  perConfiguration?: PerConfiguration,
): Comparison | undefined {
  const a = figureAt(snapshot, first, source);
  const b = figureAt(snapshot, second, source);
  if (!a || !b) return undefined;
  const sign = snapshot.spec.objective.direction === 'minimize' ? 1 : -1;
  const side = (trial: TrialRecord) => ({
    seeds: judgedSeeds(snapshot, trial),
    likelihoods: perConfiguration!,
  });
  const paired =
    perConfiguration && isPairable(snapshot.spec.objective.metric, source)
      ? differenceOnData(side(first), side(second))
      : undefined;
  const difference = sign * (paired ? paired.value : b.value - a.value);
  let error = paired?.error;
  if (!paired && a.error !== undefined && b.error !== undefined) error = Math.hypot(a.error, b.error);
  return {
    first,
    second,
    difference,
    ...(error === undefined ? {} : { error }),
    method: paired ? 'pairs' : 'combined',
    outcome: outcomeOf(difference, error),
  };
}

/** One contender of a sweep's final comparison. */
export interface Standing {
  trial: TrialRecord;
  figure: Figure;
  /** Against the baseline `standard`; absent for itself and where there is none. */
  againstStandard?: Comparison;
}

/** The best searched trial and every baseline at one source, best first. */
export interface Standings {
  source: Source;
  rows: Standing[];
  best?: TrialRecord;
  standard?: TrialRecord;
  /** Baselines that stand but have no value at this source. */
  missing: TrialRecord[];
}

/**
 * The final comparison. The best searched trial is chosen on validation data; it and the baselines are then compared on
 * test data when it and `standard` (or, without that, every finished baseline) have them after equally many steps, else at the highest rung
 * they share. Undefined while nothing has a finite value.
 */
export function standings(
  snapshot: SweepSnapshot,
  perConfiguration?: PerConfiguration,
): Standings | undefined {
  const best = bestSearched(snapshot);
  const baselines = baselineTrials(snapshot).filter((trial) => trial.state !== 'failed');
  const finished = baselines.filter((trial) => highestResult(snapshot, trial));
  const standard = finished.find((trial) => trial.baseline === 'standard');
  const anchors = standard ? [standard] : finished;
  const source = commonSource(snapshot, best ? [best, ...anchors] : anchors);
  if (!source) {
    if (!best) return undefined;
    // Nothing to compare with: the best alone, at its own highest rung.
    const alone = commonSource(snapshot, [best])!;
    return {
      source: alone,
      rows: [{ trial: best, figure: figureAt(snapshot, best, alone)! }],
      best,
      missing: baselines,
    };
  }
  const rows = [...(best ? [best] : []), ...baselines].flatMap((trial): Standing[] => {
    const figure = figureAt(snapshot, trial, source);
    if (!figure) return [];
    const againstStandard =
      standard && trial !== standard
        ? compareTrials(snapshot, trial, standard, source, perConfiguration)
        : undefined;
    return [{ trial, figure, ...(againstStandard ? { againstStandard } : {}) }];
  });
  rows.sort((a, b) =>
    a.figure.value === b.figure.value ? 0 : isBetter(snapshot, a.figure.value, b.figure.value) ? -1 : 1,
  );
  return {
    source,
    rows,
    ...(best ? { best } : {}),
    ...(standard ? { standard } : {}),
    missing: baselines.filter((trial) => !rows.some((row) => row.trial === trial)),
  };
}

export { verdict } from './verdict.js';
