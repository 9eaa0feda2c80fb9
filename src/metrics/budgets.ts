import type { SweepAmendment, SweepSnapshot } from '../sweep/types.js';
import { budgetNames } from './labels.js';
import type { GaugeValue } from './sweepTally.js';

/** What budgets bound: searched configurations begun, steps of results, seconds the sweep ran, seconds its trainers worked. */
export type Spent = Record<(typeof budgetNames)[number], number>;

/** A sweep's budgets with what they were extended by; absent where the sweep has no such budget. */
export function budgetLimits(
  { trials, steps, wallClockSeconds, gpuHours }: SweepSnapshot['spec']['budget'],
  amendments: readonly SweepAmendment[],
): { trials: number } & Partial<Spent> {
  const extensions = amendments.flatMap((change) => (change.kind === 'extend' ? [change] : []));
  const extended = (budget: number, by: (extension: (typeof extensions)[number]) => number | undefined) =>
    extensions.reduce((sum, extension) => sum + (by(extension) ?? 0), budget);
  return {
    trials: extended(trials, (more) => more.trials),
    ...(steps === undefined ? {} : { steps: extended(steps, (more) => more.steps) }),
    ...(wallClockSeconds === undefined
      ? {}
      : { wallClock: extended(wallClockSeconds, (more) => more.wallClockSeconds) }),
    ...(gpuHours === undefined ? {} : { gpuHours: 3600 * extended(gpuHours, (more) => more.gpuHours) }),
  };
}

/** Gauges of the budgets a sweep has, and of the part of each that is used. */
export function budgetGauges(limits: ReturnType<typeof budgetLimits>, spent: Spent): GaugeValue[] {
  const gauges: GaugeValue[] = [];
  const limitKeys = {
    trials: 'sweepBudget',
    steps: 'sweepStepBudget',
    wallClock: 'sweepWallClockBudget',
    gpuHours: 'sweepTrainerBudget',
  } as const;
  for (const budget of budgetNames) {
    const limit = limits[budget];
    if (limit === undefined) continue;
    gauges.push({ metric: limitKeys[budget], labels: {}, value: limit });
    // A sweep of baselines alone may start no searched trial, and has started all of them.
    const value = limit > 0 ? spent[budget] / limit : 1;
    gauges.push({ metric: 'sweepBudgetUsed', labels: { budget }, value });
  }
  return gauges;
}
