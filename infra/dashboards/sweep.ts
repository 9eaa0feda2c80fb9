import * as units from '@grafana/grafana-foundation-sdk/units';
import { anyOf } from './queries.js';
import { board, curves, figure, type Row } from './style.js';

const started = anyOf('sweepStarted', ['sweep']);
const reached = anyOf('sweepReachedSteps', ['sweep']);
const planned = anyOf('sweepPlannedSteps', ['sweep']);
const steps = units.Short;

const now: Row = {
  title: 'Now',
  panels: [
    figure(
      {
        title: 'State',
        description: 'State of the sweep: running, paused, complete, stopped or failed.',
        unit: units.String,
      },
      { expr: `${anyOf('sweepState', ['state'])} == 1`, legend: '{{state}}' },
      { named: true },
    ),
    figure(
      {
        title: 'Progress',
        description:
          'Training steps that led to results, as a part of what the sweep trains if every rung promotes its full share. A sweep may end below 100 %.',
        unit: units.PercentUnit,
        min: 0,
        max: 1,
      },
      { expr: `${reached} / ${planned}`, legend: 'progress' },
    ),
    figure(
      {
        title: 'Time left',
        description:
          'Time left if the sweep goes on as it did on average since its start; too long for a sweep that was interrupted.',
        unit: units.Seconds,
        decimals: 1,
      },
      {
        expr: `clamp_min(${planned} - ${reached}, 0) * (time() - ${started}) / (${reached} > 0)`,
        legend: 'time left',
      },
    ),
    figure(
      {
        title: 'Best so far',
        description:
          'Value of the objective of the best searched trial at the highest rung reached. Compare it with the baselines at the same rung.',
        unit: units.NoUnit,
        decimals: 4,
      },
      { expr: anyOf('bestSearched', ['sweep']), legend: 'best' },
    ),
    figure(
      {
        title: 'Budget',
        description: 'Searched trials that the sweep may start, extensions included; baselines come on top.',
        unit: units.Short,
        decimals: 0,
      },
      { expr: anyOf('sweepBudget', ['sweep']), legend: 'trials' },
    ),
    figure(
      {
        title: 'Since the last result',
        description:
          'Time since any trial of the sweep had a result. Long segments make it long; with no training step for half an hour the alert RgsweepNoProgress fires.',
        unit: units.Seconds,
        decimals: 0,
        limits: { warning: 1800, error: 3600 },
      },
      { expr: `time() - ${anyOf('sweepProgressed', ['sweep'])}`, legend: 'since' },
    ),
  ],
};

const progress: Row = {
  title: 'Progress',
  panels: [
    curves(
      {
        title: 'Trials by state',
        description:
          'Trials of the sweep in each state. Paused ones wait at a rung and hold no trainer; they are pruned when the sweep ends.',
        unit: units.Short,
        decimals: 0,
        min: 0,
        span: 12,
      },
      [{ expr: `sum by (state) (${anyOf('trials', ['state', 'family'])})`, legend: '{{state}}' }],
      { stacked: true },
    ),
    curves(
      {
        title: 'Steps',
        description:
          'Training steps planned, reached and paid. Paid beyond reached are steps under way, of failed trials, or repeated after a failure.',
        unit: steps,
        min: 0,
        span: 12,
      },
      [
        { expr: planned, legend: 'planned' },
        { expr: reached, legend: 'reached' },
        { expr: anyOf('sweepSteps', ['sweep']), legend: 'paid' },
      ],
    ),
    curves(
      {
        title: 'Best so far over time',
        description:
          'Objective of the best searched trial, and of the best trial of any family at each rung, baselines included. It may worsen when a trial reaches a new rung: only values of one rung are comparable.',
        unit: units.NoUnit,
        decimals: 4,
      },
      [
        { expr: anyOf('bestSearched', ['sweep']), legend: 'best searched' },
        { expr: anyOf('bestObjective', ['family', 'rung']), legend: '{{family}}, rung {{rung}}' },
      ],
    ),
    curves(
      {
        title: 'Objective at each rung',
        description: 'Median of the objective over the searched trials at each rung.',
        unit: units.NoUnit,
        decimals: 4,
      },
      [{ expr: anyOf('objectiveQuantile', ['rung'], 'level="0.5"'), legend: 'rung {{rung}}' }],
    ),
    curves(
      {
        title: 'Trials at each rung',
        description: 'Trials with a result at each rung, of all families.',
        unit: units.Short,
        decimals: 0,
        min: 0,
      },
      [{ expr: `sum by (rung) (${anyOf('rungTrials', ['rung', 'family'])})`, legend: 'rung {{rung}}' }],
    ),
  ],
};

const costs: Row = {
  title: 'Costs and failures',
  panels: [
    curves(
      {
        title: 'Trainer time of results',
        description:
          'Time that trainers spent on the results of this sweep, training and evaluation together; GPU-seconds where a slot is a GPU.',
        unit: units.Seconds,
        min: 0,
        span: 12,
      },
      [{ expr: anyOf('sweepTrainerSeconds', ['sweep']), legend: 'trainer time' }],
    ),
    curves(
      {
        title: 'Failures on record by kind',
        description:
          'Failures kept with the trials of this sweep. Preempted and lost workers cost time only; `rgsweep trials SWEEP` names the trials of the others.',
        unit: units.Short,
        decimals: 0,
        min: 0,
        span: 12,
      },
      [{ expr: anyOf('sweepFailures', ['kind']), legend: '{{kind}}' }],
    ),
  ],
};

/** One sweep: how far it is, how good, and what it costs. */
export const sweep = () =>
  board({
    uid: 'rgsweep-sweep',
    title: 'rgsweep: Sweep',
    description: 'One sweep: state, progress, best so far, budget and time left.',
    rows: [now, progress, costs],
  });
