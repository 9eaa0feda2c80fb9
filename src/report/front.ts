import { paretoFront, hypervolume } from '../samplers/pareto.js';
import { objectivesOf, type Objective, type SweepSnapshot, type TrialRecord } from '../sweep/types.js';
import {
  formatCount,
  formatFigure,
  formatNumber,
  metricFigure,
  metricTitle,
  metricWords,
  type Figure,
} from './figures.js';

/** A trial with a figure for every objective. */
export interface FrontMember {
  trial: TrialRecord;
  figures: Figure[];
}

/** What a sweep with several objectives has found at the highest rung that any searched trial has reached. */
export interface SweepFront {
  objectives: readonly Objective[];
  rung: number;
  step: number;
  /** Searched trials that no other one dominates, best in the first objective first. */
  members: FrontMember[];
  /** Searched trials there that are dominated, and baselines. */
  others: FrontMember[];
  baselines: FrontMember[];
  /** The corner that the volume is measured from, in the objectives’ own signs. */
  reference: number[];
  referenceFrom: 'baselines' | 'trials';
  /**
   * Volume between the front and the reference, the product of the objectives' units; a member that is not better than the reference in
   * every objective adds nothing.
   */
  hypervolume: number;
}

/**
 * Figures that a front may be drawn over: the objectives, then whatever else results have in common, by name; ESS first, since
 * beside a single objective the sample quality says most.
 */
export function frontMetrics(snapshot: SweepSnapshot): string[] {
  const objectives = objectivesOf(snapshot.spec).map(({ metric }) => metric);
  const found = new Set<string>();
  for (const trial of snapshot.trials)
    for (const { metrics } of trial.rungs)
      for (const name of Object.keys(metrics)) if (!name.endsWith('Error')) found.add(name);
  const others = [...found].filter((name) => !objectives.includes(name)).sort();
  return [
    ...objectives,
    ...others.filter((name) => name === 'ess'),
    ...others.filter((name) => name !== 'ess'),
  ];
}

/** A figure as an objective: as the sweep says, else more is better of ESS alone. */
export function objectiveFor(snapshot: SweepSnapshot, metric: string): Objective {
  return (
    objectivesOf(snapshot.spec).find((one) => one.metric === metric) ?? {
      metric,
      direction: metric === 'ess' ? 'maximize' : 'minimize',
    }
  );
}

/**
 * The Pareto front of a sweep, on validation data, in its own objectives or in others; undefined with one objective, and while
 * no trial has all of them.
 *
 * The reference is the worst of the baselines in each objective: it does not move while the search goes on, so volumes of one sweep can be
 * compared over time, and 0 means that nothing is ahead of the worst baseline throughout. Without baselines it is the worst of the searched
 * trials there. Trials that failed or repeat another one take no part.
 */
export function frontOf(
  snapshot: SweepSnapshot,
  objectives: readonly Objective[] = objectivesOf(snapshot.spec),
): SweepFront | undefined {
  if (objectives.length < 2) return undefined;
  const at = (trial: TrialRecord, rung: number): FrontMember | undefined => {
    const result = trial.rungs.find((one) => one.rung === rung);
    const figures = objectives.flatMap(
      ({ metric }) => (result && metricFigure(result.metrics, metric)) ?? [],
    );
    return figures.length === objectives.length ? { trial, figures } : undefined;
  };
  const standing = snapshot.trials.filter(({ state, equals }) => state !== 'failed' && equals === undefined);
  const searched = standing.filter(({ baseline }) => baseline === undefined);
  for (let rung = snapshot.spec.pruner.rungs.length - 1; rung >= 0; rung--) {
    const there = searched.flatMap((trial) => at(trial, rung) ?? []);
    if (there.length === 0) continue;
    const baselines = standing
      .filter(({ baseline }) => baseline !== undefined)
      .flatMap((trial) => at(trial, rung) ?? []);
    const signs = objectives.map(({ direction }) => (direction === 'minimize' ? 1 : -1));
    const vector = ({ figures }: FrontMember) => figures.map(({ value }, d) => signs[d]! * value);
    const front = paretoFront(there.map(vector));
    const from = baselines.length > 0 ? baselines : there;
    const reference = signs.map((_, d) => Math.max(...from.map((one) => vector(one)[d]!)));
    return {
      objectives,
      rung,
      step: snapshot.spec.pruner.rungs[rung]!,
      members: front.map((index) => there[index]!),
      others: there.filter((_, index) => !front.includes(index)),
      baselines,
      reference: reference.map((value, d) => (value === 0 ? 0 : signs[d]! * value)),
      referenceFrom: baselines.length > 0 ? 'baselines' : 'trials',
      hypervolume: hypervolume(
        front.map((index) => vector(there[index]!)),
        reference,
      ),
    };
  }
  return undefined;
}

/** `hypervolume 0.0123 beyond KL 0.081, ESS 0.87 (the worst of the baselines)` */
export function hypervolumeWords({
  objectives,
  reference,
  referenceFrom,
  hypervolume: volume,
}: SweepFront): string {
  const corner = reference.map(
    (value, d) => `${metricWords(objectives[d]!.metric).name} ${formatNumber(value)}`,
  );
  return `hypervolume ${formatNumber(volume)} beyond ${corner.join(', ')} (the worst of the ${referenceFrom === 'baselines' ? 'baselines' : 'searched trials'} in each)`;
}

/** `3 trials on the Pareto front of KL and ESS after 3,000 steps`; for more than one trial a plural. */
export function frontWords({ objectives, members, step }: SweepFront): string {
  const names = objectives.map(({ metric }) => metricWords(metric).name);
  const list =
    names.length === 2 ? names.join(' and ') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `${formatCount(members.length)} trial${members.length === 1 ? '' : 's'} on the Pareto front of ${list} after ${formatCount(step)} steps`;
}

/** Table heads of the objectives: `KL in nats ↓`, `ESS ↑`. */
export function objectiveHeads({ objectives }: Pick<SweepFront, 'objectives'>): string[] {
  return objectives.map(
    ({ metric, direction }) => `${metricTitle(metric)} ${direction === 'minimize' ? '↓' : '↑'}`,
  );
}

/** A member's figures on validation data, and on test data where all of them were measured. */
export function memberFigures(
  front: SweepFront,
  { trial, figures }: FrontMember,
): { own: string[]; test: string[] } {
  const test = front.objectives.flatMap(
    ({ metric }) => (trial.test && metricFigure(trial.test, metric)) ?? [],
  );
  return {
    own: figures.map(formatFigure),
    test: front.objectives.map((_, d) =>
      test.length === front.objectives.length ? formatFigure(test[d]!) : '–',
    ),
  };
}

/** Trial, schedule, its objectives on validation data, and on test data, for each member of the front. */
export function frontRows(front: SweepFront): string[][] {
  return front.members.map((member) => {
    const { own, test } = memberFigures(front, member);
    return [String(member.trial.trial), member.trial.label, ...own, ...test];
  });
}

/** What programs read of a front: `status --json`, `best --json`. */
export interface FrontSummary {
  step: number;
  objectives: readonly Objective[];
  trials: { trial: number; values: Record<string, number> }[];
  hypervolume: number;
  reference: Record<string, number>;
  referenceFrom: SweepFront['referenceFrom'];
}

export function frontSummary(front: SweepFront): FrontSummary {
  const named = (values: readonly number[]) =>
    Object.fromEntries(front.objectives.map(({ metric }, d) => [metric, values[d]!]));
  return {
    step: front.step,
    objectives: front.objectives,
    trials: front.members.map(({ trial, figures }) => ({
      trial: trial.trial,
      values: named(figures.map(({ value }) => value)),
    })),
    hypervolume: front.hypervolume,
    reference: named(front.reference),
    referenceFrom: front.referenceFrom,
  };
}
