import { scheduleFamilies, type ScheduleFamily } from '../schedule/types.js';
import {
  sweepStates,
  trialStates,
  type Objective,
  type SweepAmendment,
  type SweepSnapshot,
  type TrialRecord,
} from '../sweep/types.js';
import { failureKinds } from '../errors.js';
import { plannedSteps } from '../sweep/plannedSteps.js';
import { foldReplicates } from '../sweep/replicates.js';
import { budgetGauges, budgetLimits } from './budgets.js';
import { figureNames } from './labels.js';
import { createObjectiveTally, isBetter, rungLabel } from './objectives.js';
import type { SweepMetricKey } from './table.js';

/** A sweep as the store has it, without its trials. */
export type SweepView = Pick<SweepSnapshot, 'spec' | 'state' | 'startedAt'> & {
  /** Changes since the launch; an extension is part of the budget. */
  amendments?: readonly SweepAmendment[] | undefined;
  /** Seconds that it has run so far, pauses not counted. */
  ranSeconds: number;
};

/** One series' value now. */
export interface GaugeValue {
  metric: SweepMetricKey;
  labels: Record<string, string>;
  value: number;
}

/** For records of before that was kept with them: the time of the results alone. */
function trainerSecondsOf({ rungs }: TrialRecord): number {
  return rungs.reduce((sum, { trainSeconds, evaluateSeconds }) => sum + trainSeconds + evaluateSeconds, 0);
}

/** A sweep's gauges, from trials that are taken in one at a time, by number. */
export interface SweepTally {
  readonly sweep: string;
  add(record: TrialRecord): void;
  gauges(): GaugeValue[];
}

const add = (map: Map<string, number>, key: string): void => {
  map.set(key, (map.get(key) ?? 0) + 1);
};
const pair = (family: ScheduleFamily, second: string): string => `${family} ${second}`;

/** What is best, told of configurations. */
function createBestTally(objective: Objective) {
  const { metric, direction } = objective;
  const best = new Map<string, number>();
  const baselines = new Map<string, number>();
  const objectives = createObjectiveTally(objective);
  let leader: { figures: Readonly<Record<string, number>>; rung: number; value: number } | undefined;
  return {
    add(record: TrialRecord): void {
      objectives.add(record);
      for (const { rung, metrics } of record.rungs) {
        const label = rungLabel(rung);
        const value = metrics[metric];
        if (value === undefined || !Number.isFinite(value)) continue;
        if (isBetter(value, best.get(pair(record.family, label)), direction))
          best.set(pair(record.family, label), value);
        if (record.baseline !== undefined) baselines.set(`${label} ${record.baseline}`, value);
        else if (
          !leader ||
          rung > leader.rung ||
          (rung === leader.rung && isBetter(value, leader.value, direction))
        )
          leader = { figures: metrics, rung, value };
      }
    },
    best,
    baselines,
    objectives,
    leader: () => leader,
  };
}

/**
 * All gauges of one sweep; what is best is told of configurations, with several seeds by their mean. Their number depends on
 * the families, rungs and baselines of the sweep, never on its trials: every state and family has a series, at 0 where there
 * is no trial. Trials that equal another one and were not trained count as trials and have no results of their own. Of a trial
 * only its values are kept, so that a worker's memory does not grow with them; with several seeds a configuration its
 * records are, as their mean is known with the last of them.
 */
export function createSweepTally(view: SweepView): SweepTally {
  const { spec, state, startedAt, ranSeconds, amendments = [] } = view;
  const single = createBestTally(spec.objective);
  const records: TrialRecord[] = [];
  const severalSeeds = (spec.replicates ?? 1) > 1;
  const byState = new Map<string, number>();
  const survived = new Map<string, number>();
  const failures = new Map<string, number>();
  let steps = 0;
  let reached = 0;
  let seconds = 0;
  let begun = 0;
  const searchedAt = spec.pruner.rungs.map(() => 0);
  let newest = Date.parse(startedAt);

  return {
    sweep: spec.name,
    add(record) {
      add(byState, pair(record.family, record.state));
      steps += record.stepsPaid;
      reached += record.rungs.at(-1)?.step ?? 0;
      if (record.baseline === undefined && record.replicateOf === undefined) {
        begun++;
        for (const { rung } of record.rungs) searchedAt[rung] = (searchedAt[rung] ?? 0) + 1;
      }
      seconds += record.trainerSeconds ?? trainerSecondsOf(record);
      for (const { kind } of record.failures) add(failures, kind);
      const counted = new Set<string>();
      for (const { rung, finishedAt } of record.rungs) {
        newest = Math.max(newest, Date.parse(finishedAt));
        const label = rungLabel(rung);
        if (!counted.has(label)) add(survived, pair(record.family, label));
        counted.add(label);
      }
      if (severalSeeds) records.push(record);
      else single.add(record);
    },
    gauges() {
      const base = { sweep: spec.name, task: spec.task.name };
      const gauges: GaugeValue[] = [];
      const set = (key: SweepMetricKey, value: number, labels: Record<string, string> = {}): void => {
        gauges.push({ metric: key, labels: { ...base, ...labels }, value });
      };
      let tally = single;
      if (severalSeeds) {
        tally = createBestTally(spec.objective);
        const folded = foldReplicates({ spec, state, startedAt, trials: records, curves: new Map() });
        for (const configuration of folded.trials) tally.add(configuration);
      }
      const { best, baselines, objectives } = tally;
      const leader = tally.leader();

      for (const one of sweepStates) set('sweepState', one === state ? 1 : 0, { state: one });
      const rungs = new Set(spec.pruner.rungs.map((_, rung) => rungLabel(rung)));
      for (const family of scheduleFamilies) {
        for (const one of trialStates)
          set('trials', byState.get(pair(family, one)) ?? 0, { state: one, family });
        for (const rung of rungs) {
          set('rungTrials', survived.get(pair(family, rung)) ?? 0, { family, rung });
          const value = best.get(pair(family, rung));
          if (value !== undefined) set('bestObjective', value, { family, rung });
        }
      }
      for (const [name, value] of baselines) {
        const space = name.indexOf(' ');
        set('baselineObjective', value, { rung: name.slice(0, space), baseline: name.slice(space + 1) });
      }
      if (leader) set('bestSearched', leader.value);
      for (const figure of figureNames) {
        const value = leader?.figures[figure];
        if (value !== undefined && Number.isFinite(value)) set('bestTrialFigure', value, { figure });
      }
      for (const { metric: key, labels, value } of objectives.gauges()) set(key, value, labels);
      for (const kind of failureKinds) set('sweepFailures', failures.get(kind) ?? 0, { kind });
      const limits = budgetLimits(spec.budget, amendments);
      const spent = { trials: begun, steps: reached, wallClock: ranSeconds, gpuHours: seconds };
      for (const { metric: key, labels, value } of budgetGauges(limits, spent)) set(key, value, labels);
      set(
        'sweepPlannedSteps',
        plannedSteps(
          { ...spec, budget: { ...spec.budget, trials: limits.trials, steps: limits.steps } },
          searchedAt,
        ).steps,
      );
      set('sweepReachedSteps', reached);
      set('sweepSteps', steps);
      set('sweepTrainerSeconds', seconds);
      set('sweepRunning', ranSeconds);
      set('sweepStarted', Date.parse(startedAt) / 1000);
      set('sweepProgressed', newest / 1000);
      return gauges;
    },
  };
}
