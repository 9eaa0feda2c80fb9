import { failureKinds } from '../errors.js';
import { scheduleFamilies } from '../schedule/types.js';
import { sweepStates, trialStates } from '../sweep/types.js';
import type { TaskDescription } from '../train/protocol.js';

const taskNames = ['phi4', 'images', 'cifar10'] as const satisfies readonly TaskDescription['name'][];

/** Indices of rungs as label values; higher ones count with the last. */
export const rungLabels = ['0', '1', '2', '3', '4', '5', '6', '7'] as const;

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

const sweep = { open: 'one for each sweep this worker looks after' };
const baseline = { open: 'one for each baseline of the sweep file' };
const family = scheduleFamilies;
const task = taskNames;
const rung = rungLabels;

const longSeconds = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000];

/**
 * Every metric that rgsweep exposes, in one place: the registry, docs/metrics.md, the dashboards and the alert rules are
 * made or checked from this table. Sweep gauges say what the store says, so they are right again after any restart;
 * counters and histograms count what happened in this process since it started.
 */
export const metricTable = {
  buildInfo: {
    name: 'rgsweep_build_info',
    type: 'gauge',
    unit: '1',
    help: 'Always 1; the labels say which version runs.',
    labels: { version: { open: 'one value a process' }, node: { open: 'one value a process' } },
  },

  sweepState: {
    name: 'rgsweep_sweep_state',
    type: 'gauge',
    unit: '1',
    help: 'Sweeps by state: 1 for the state a sweep is in, 0 for the others.',
    labels: { sweep, task, state: sweepStates },
  },
  trials: {
    name: 'rgsweep_trials',
    type: 'gauge',
    unit: 'trials',
    help: 'Trials of a sweep by state and schedule family.',
    labels: { sweep, task, state: trialStates, family },
  },
  rungTrials: {
    name: 'rgsweep_rung_trials',
    type: 'gauge',
    unit: 'trials',
    help: 'Trials of a family that have a result at a rung: how far its schedules survive.',
    labels: { sweep, task, family, rung },
  },
  bestObjective: {
    name: 'rgsweep_best_objective',
    type: 'gauge',
    unit: "the objective's own",
    help: 'Best value of the objective of a family at a rung; compare families only at the same rung. No series before the first result.',
    labels: { sweep, task, family, rung },
  },
  baselineObjective: {
    name: 'rgsweep_baseline_objective',
    type: 'gauge',
    unit: "the objective's own",
    help: 'Value of the objective of a baseline at a rung.',
    labels: { sweep, task, baseline, rung },
  },
  bestTrialFigure: {
    name: 'rgsweep_best_trial_figure',
    type: 'gauge',
    unit: "the figure's own",
    help: 'KL divergence (nats), effective sample size (of 1) and negative log-likelihood (nats) of the best searched trial at the highest rung reached.',
    labels: { sweep, task, figure: figureNames },
  },
  sweepBudget: {
    name: 'rgsweep_sweep_budget_trials',
    type: 'gauge',
    unit: 'trials',
    help: 'Searched trials that the sweep may start.',
    labels: { sweep, task },
  },
  sweepSteps: {
    name: 'rgsweep_sweep_paid_steps',
    type: 'gauge',
    unit: 'steps',
    help: 'Training steps that the trials of a sweep have paid, repeated ones counted again.',
    labels: { sweep, task },
  },
  sweepTrainerSeconds: {
    name: 'rgsweep_sweep_trainer_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time trainers spent on results of a sweep, training and evaluation together.',
    labels: { sweep, task },
  },
  sweepStarted: {
    name: 'rgsweep_sweep_start_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Unix time at which the sweep began.',
    labels: { sweep, task },
  },
  sweepProgressed: {
    name: 'rgsweep_sweep_last_result_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Unix time of the newest result of any trial of the sweep; its start before the first.',
    labels: { sweep, task },
  },

  evaluationKl: {
    name: 'rgsweep_evaluation_kl_nats',
    type: 'histogram',
    unit: 'nats',
    help: 'Forward KL divergence of evaluated trials by rung.',
    labels: { rung },
    buckets: [0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10],
  },
  evaluationEss: {
    name: 'rgsweep_evaluation_ess_ratio',
    type: 'histogram',
    unit: '1',
    help: 'Effective sample size of evaluated trials, as a part of the samples drawn, by rung.',
    labels: { rung },
    buckets: [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95],
  },
  evaluationNll: {
    name: 'rgsweep_evaluation_nll_nats',
    type: 'histogram',
    unit: 'nats',
    help: 'Negative log-likelihood of evaluated trials by rung.',
    labels: { rung },
    buckets: [-1000, -100, -10, 0, 5, 10, 12, 14, 17, 20, 30, 50, 100, 300, 1000, 3000, 10000],
  },

  trainingLoss: {
    name: 'rgsweep_training_loss',
    type: 'gauge',
    unit: '1',
    help: 'Loss that a trainer of a family reported last. Losses of different schedules are not comparable; NaN before the first.',
    labels: { family },
  },
  trainingSteps: {
    name: 'rgsweep_training_steps_total',
    type: 'counter',
    unit: 'steps',
    help: 'Training steps reported by trainers, repeated ones counted again.',
    labels: { family },
  },
  trainingSamples: {
    name: 'rgsweep_training_samples_total',
    type: 'counter',
    unit: 'samples',
    help: 'Configurations or images that trainers learned from (steps times batch).',
    labels: { family },
  },
  stepDuration: {
    name: 'rgsweep_step_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Mean duration of one training step between two reports of a trainer.',
    labels: {},
    buckets: [0.0003, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 3, 10],
  },
  checkpointDuration: {
    name: 'rgsweep_checkpoint_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time to save one checkpoint in the store.',
    labels: {},
    buckets: [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
  },
  suggestDuration: {
    name: 'rgsweep_suggest_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time to suggest the parameters of one trial.',
    labels: {},
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  },
  evaluateDuration: {
    name: 'rgsweep_evaluate_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time to evaluate one trial at a rung.',
    labels: {},
    buckets: longSeconds,
  },
  checkpointBytes: {
    name: 'rgsweep_checkpoint_bytes_total',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes of checkpoints saved in the store.',
    labels: {},
  },
  checkpointSaved: {
    name: 'rgsweep_checkpoint_last_saved_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Unix time of the last checkpoint this worker saved; 0 before the first.',
    labels: {},
  },

  failures: {
    name: 'rgsweep_failures_total',
    type: 'counter',
    unit: 'failures',
    help: 'Failed attempts to train or evaluate a trial, by kind.',
    labels: { kind: failureKinds },
  },
  retries: {
    name: 'rgsweep_retries_total',
    type: 'counter',
    unit: 'attempts',
    help: 'Attempts that were made again after a failure, by the kind of that failure.',
    labels: { kind: failureKinds },
  },
  queueWait: {
    name: 'rgsweep_queue_wait_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time a segment waited for a free trainer slot.',
    labels: {},
    buckets: longSeconds,
  },
  slots: {
    name: 'rgsweep_slots',
    type: 'gauge',
    unit: 'slots',
    help: 'Trainers that this worker may run at a time.',
    labels: {},
  },
  busySlots: {
    name: 'rgsweep_busy_slots',
    type: 'gauge',
    unit: 'slots',
    help: 'Trainers that run now.',
    labels: {},
  },
  trainerMemory: {
    name: 'rgsweep_trainer_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Resident memory of all trainers that run now.',
    labels: {},
  },
  heartbeatAge: {
    name: 'rgsweep_heartbeat_age_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time since the quietest running trainer last spoke; 0 when none runs.',
    labels: {},
  },
  trainerPaid: {
    name: 'rgsweep_trainer_paid_seconds_total',
    type: 'counter',
    unit: 'seconds',
    help: 'Time that slots were held by trainers.',
    labels: {},
  },
  trainerWasted: {
    name: 'rgsweep_trainer_wasted_seconds_total',
    type: 'counter',
    unit: 'seconds',
    help: 'Part of the paid time whose steps were lost and had to be repeated.',
    labels: {},
  },
  storeErrors: {
    name: 'rgsweep_store_errors_total',
    type: 'counter',
    unit: 'errors',
    help: 'Operations on the store that failed after their own retries.',
    labels: { operation: storeOperations },
  },
  storeDuration: {
    name: 'rgsweep_store_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time of one operation on the store, failed ones included.',
    labels: { operation: storeOperations },
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricKey = keyof typeof metricTable;
export type LabelName<K extends MetricKey> = keyof (typeof metricTable)[K]['labels'] & string;

/** Every combination of a definition's label values, or undefined when a label's set is open. */
export function closedLabelSets(definition: MetricDefinition): Record<string, string>[] | undefined {
  let sets: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(definition.labels)) {
    if ('open' in values) return undefined;
    sets = sets.flatMap((set) => values.map((value) => ({ ...set, [label]: value })));
  }
  return sets;
}
