import { readScheduleParameters, type ScheduleParameters } from '../schedule/parameters.js';
import type { Objective, TrialRecord } from '../sweep/types.js';
import { quantileLabels, rungLabels, type WidthLabel } from './labels.js';
import type { SweepMetricKey } from './table.js';

/** One series' value now; the sweep's own labels are added by the caller. */
export interface ObjectiveGauge {
  metric: SweepMetricKey;
  labels: Record<string, string>;
  value: number;
}

/** The label of a rung; rungs beyond the closed set share its last value. */
export function rungLabel(rung: number): string {
  return rungLabels[Math.min(Math.max(0, rung), rungLabels.length - 1)]!;
}

export function isBetter(
  value: number,
  other: number | undefined,
  direction: Objective['direction'],
): boolean {
  return other === undefined || (direction === 'minimize' ? value < other : value > other);
}

/** The interval a schedule's cutoff width lies in; undefined for kernels whose width is not free. */
export function widthLabel({ kernel, cutoffWidth }: ScheduleParameters): WidthLabel | undefined {
  switch (kernel) {
    case 'uniform':
      return 'no cutoff';
    case 'sigmoid':
    case 'erf':
    case 'hard-step':
      break;
    default:
      return undefined;
  }
  if (cutoffWidth < 0.2) return '0.0 to 0.2';
  if (cutoffWidth < 0.5) return '0.2 to 0.5';
  if (cutoffWidth < 1) return '0.5 to 1.0';
  if (cutoffWidth < 2) return '1.0 to 2.0';
  if (cutoffWidth < 5) return '2.0 to 5.0';
  if (cutoffWidth < 10) return '5.0 to 10';
  return 'above 10';
}

/**
 * The q-quantile of ascending values, linear between neighbours: x[h] with h = (n − 1)q, NumPy's default.
 * @param sorted at least one value
 */
export function quantileOf(sorted: readonly number[], q: number): number {
  const place = (sorted.length - 1) * q;
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}

/** What the objective is compared by, each with a metric of its own and a closed set of values. */
const choices = {
  basis: { metric: 'basisObjective', of: ({ basis }) => basis },
  colour: { metric: 'colourObjective', of: ({ colour }) => colour },
  width: { metric: 'widthObjective', of: widthLabel },
  trajectory: { metric: 'trajectoryObjective', of: ({ trajectory }) => trajectory },
} as const satisfies Record<
  string,
  { metric: SweepMetricKey; of: (schedule: ScheduleParameters) => string | undefined }
>;

const choiceEntries = Object.entries(choices);

/** The objective of searched trials, taken in one at a time. */
export interface ObjectiveTally {
  add(trial: Pick<TrialRecord, 'baseline' | 'rungs' | 'parameters'>): void;
  gauges(): ObjectiveGauge[];
}

/**
 * The objective of the searched trials at each rung: its quantiles over all of them, and best and median by basis, colour,
 * cutoff width and trajectory. Baselines are left out, as they are shown beside. The number of series does not depend on the number
 * of trials, and of each no more is kept than its values.
 */
export function createObjectiveTally({ metric: name, direction }: Objective): ObjectiveTally {
  /** Values by rung, then by choice and its value. */
  const values = new Map<string, number[]>();
  const grouped = new Map<
    string,
    { metric: SweepMetricKey; labels: Record<string, string>; values: number[] }
  >();
  // An array of numbers alone sorts them without asking how.
  const ascending = (of: readonly number[]) => [...Float64Array.from(of).sort()];
  return {
    add({ baseline, rungs, parameters }) {
      if (baseline !== undefined || rungs.length === 0) return;
      const schedule = readScheduleParameters(parameters);
      const chosen = choiceEntries.flatMap(([choice, { metric, of }]) => {
        const value = of(schedule);
        return value === undefined ? [] : [{ choice, metric, value }];
      });
      for (const { rung, metrics } of rungs) {
        const value = metrics[name];
        if (value === undefined || !Number.isFinite(value)) continue;
        const label = rungLabel(rung);
        const known = values.get(label);
        if (known) known.push(value);
        else values.set(label, [value]);
        for (const { choice, metric, value: choiceValue } of chosen) {
          const key = `${choice} ${label} ${choiceValue}`;
          const group = grouped.get(key);
          if (group) group.values.push(value);
          else grouped.set(key, { metric, labels: { rung: label, [choice]: choiceValue }, values: [value] });
        }
      }
    },
    gauges() {
      const gauges: ObjectiveGauge[] = [];
      for (const [rung, all] of values) {
        const sorted = ascending(all);
        for (const level of quantileLabels)
          gauges.push({
            metric: 'objectiveQuantile',
            labels: { rung, level },
            value: quantileOf(sorted, Number(level)),
          });
      }
      for (const { metric, labels, values: all } of grouped.values()) {
        const sorted = ascending(all);
        const best = direction === 'minimize' ? sorted[0]! : sorted.at(-1)!;
        gauges.push({ metric, labels: { ...labels, statistic: 'best' }, value: best });
        gauges.push({ metric, labels: { ...labels, statistic: 'median' }, value: quantileOf(sorted, 0.5) });
      }
      return gauges;
    },
  };
}
