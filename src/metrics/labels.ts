import { basisNames } from '../basis/types.js';
import { failureKinds } from '../errors.js';
import { colours, trajectories } from '../schedule/parameters.js';
import { scheduleFamilies } from '../schedule/types.js';
import type { SweepTask } from '../train/protocol.js';

/** A label's values: a closed set, or the reason why an open one stays small. Never a trial. */
export type LabelValues = readonly string[] | { open: string };

export interface MetricDefinition {
  name: `rgsweep_${string}`;
  type: 'counter' | 'gauge' | 'histogram';
  /** Base unit; `1` for ratios and numbers without one. */
  unit: string;
  help: string;
  labels: Readonly<Record<string, LabelValues>>;
  /** Upper bounds of a histogram's buckets, in its unit. */
  buckets?: readonly number[];
}

/** A task that is missing here does not compile. */
const tasks: Record<SweepTask['name'], true> = {
  phi4: true,
  images: true,
  cifar10: true,
  module: true,
  command: true,
};

/** Indices of rungs as label values; higher ones count with the last. */
export const rungLabels = ['0', '1', '2', '3', '4', '5', '6', '7'] as const;

/**
 * Cutoff widths in units of the ordering variable, by interval (closed below); a uniform schedule has no cutoff. Written so that
 * their alphabetical order, in which tables and charts list them, is their order.
 */
export const widthLabels = [
  '0.0 to 0.2',
  '0.2 to 0.5',
  '0.5 to 1.0',
  '1.0 to 2.0',
  '2.0 to 5.0',
  '5.0 to 10',
  'above 10',
  'no cutoff',
] as const;
export type WidthLabel = (typeof widthLabels)[number];

/** What is said of the values that several trials have. */
export const statisticLabels = ['best', 'median'] as const;

/** Levels of the objective's quantiles over trials (`quantile` is reserved for summaries); 0 is the smallest value and 1 the largest, whatever the direction. */
export const quantileLabels = ['0', '0.25', '0.5', '0.75', '1'] as const;

/** What can be asked of a store. */
export const storeOperations = [
  'get',
  'put',
  'putIfAbsent',
  'putIfMatch',
  'list',
  'delete',
  'download',
  'upload',
] as const;
export type StoreOperation = (typeof storeOperations)[number];

/** Figures of a trial's evaluation that have a metric of their own. */
export const figureNames = ['kl', 'ess', 'nll'] as const;

/** Budgets of a sweep, by their names in its file. */
export const budgetNames = ['trials', 'steps', 'wallClock', 'gpuHours'] as const;

/** The sets that several metrics share. */
export const labelSets = {
  sweep: { open: 'one for each sweep this worker looks after' },
  baseline: { open: 'one for each baseline of the sweep file' },
  task: Object.keys(tasks),
  family: scheduleFamilies,
  rung: rungLabels,
  basis: basisNames,
  colour: colours,
  trajectory: trajectories,
  width: widthLabels,
  statistic: statisticLabels,
  level: quantileLabels,
  kind: failureKinds,
  budget: budgetNames,
} as const satisfies Record<string, LabelValues>;
