import { sweepStates, trialStates } from '../sweep/types.js';
import { figureNames, labelSets, type MetricDefinition } from './labels.js';

const { sweep, task, family, rung, baseline, kind, level, basis, colour, width, trajectory, statistic } =
  labelSets;

/** Gauges of a sweep: they say what the store says, so they are right again after any restart. */
export const sweepTable = {
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
  bestSearched: {
    name: 'rgsweep_best_searched_objective',
    type: 'gauge',
    unit: "the objective's own",
    help: 'Value of the objective of the best searched trial at the highest rung reached; no series before the first result.',
    labels: { sweep, task },
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
  sweepPlannedSteps: {
    name: 'rgsweep_sweep_planned_steps',
    type: 'gauge',
    unit: 'steps',
    help: 'Training steps of the whole sweep if every rung promotes its full share: the most it takes without failures.',
    labels: { sweep, task },
  },
  sweepReachedSteps: {
    name: 'rgsweep_sweep_reached_steps',
    type: 'gauge',
    unit: 'steps',
    help: 'Training steps that led to results, none counted twice; beside the planned ones, the progress of the sweep.',
    labels: { sweep, task },
  },
  sweepFailures: {
    name: 'rgsweep_sweep_failures',
    type: 'gauge',
    unit: 'failures',
    help: 'Failures on record with the trials of a sweep, by kind; a trial keeps its last 50.',
    labels: { sweep, task, kind },
  },
  objectiveQuantile: {
    name: 'rgsweep_objective_quantile',
    type: 'gauge',
    unit: "the objective's own",
    help: 'Distribution of the objective over the searched trials at a rung; no series before the first result.',
    labels: { sweep, task, rung, level },
  },
  basisObjective: {
    name: 'rgsweep_basis_objective',
    type: 'gauge',
    unit: "the objective's own",
    help: 'Best and median objective of the searched trials at a rung, by the basis of their noise.',
    labels: { sweep, task, rung, basis, statistic },
  },
  colourObjective: {
    name: 'rgsweep_colour_objective',
    type: 'gauge',
    unit: "the objective's own",
    help: 'Best and median objective of the searched trials at a rung, by the colour of their noise.',
    labels: { sweep, task, rung, colour, statistic },
  },
  widthObjective: {
    name: 'rgsweep_width_objective',
    type: 'gauge',
    unit: "the objective's own",
    help: 'Best and median objective of the searched trials at a rung, by the width of their cutoff in units of the ordering variable. Kernels without a free width have no series.',
    labels: { sweep, task, rung, width, statistic },
  },
  trajectoryObjective: {
    name: 'rgsweep_trajectory_objective',
    type: 'gauge',
    unit: "the objective's own",
    help: 'Best and median objective of the searched trials at a rung, by the trajectory of their cutoff.',
    labels: { sweep, task, rung, trajectory, statistic },
  },
} as const satisfies Record<string, MetricDefinition>;
