import * as units from '@grafana/grafana-foundation-sdk/units';
import type { MetricKey } from '../../src/metrics/table.js';
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
        title: 'Budget used',
        description:
          'Part used of the budget that is nearest its end: trials, steps, running time or trainer time. With the last trial begun the sweep is not over; with time or steps used up nothing more is trained.',
        unit: units.PercentUnit,
        min: 0,
        max: 1,
      },
      { expr: `max(${anyOf('sweepBudgetUsed', ['budget'])})`, legend: 'used' },
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

/** What is left of a budget; empty for a sweep without it. */
const left = (title: string, what: string, unit: string, limit: MetricKey, budget: string) =>
  figure(
    {
      title,
      description: `${what}, extensions included. Empty where the sweep has no such budget (${budget} in its file).`,
      unit,
      min: 0,
      span: 3,
      decimals: unit === units.Seconds ? 1 : 0,
    },
    {
      expr: `clamp_min(${anyOf(limit, ['sweep'])} * (1 - ${anyOf('sweepBudgetUsed', ['sweep'], `budget="${budget}"`)}), 0)`,
      legend: 'left',
    },
  );

const budgets: Row = {
  title: 'Budgets',
  panels: [
    left(
      'Trials left',
      'Searched configurations that the sweep may still begin; baselines come on top',
      units.Short,
      'sweepBudget',
      'trials',
    ),
    left('Steps left', 'Training steps that the sweep may still take', steps, 'sweepStepBudget', 'steps'),
    left(
      'Running time left',
      'Time that the sweep may still run, pauses not counted',
      units.Seconds,
      'sweepWallClockBudget',
      'wallClock',
    ),
    left(
      'Trainer time left',
      'Time that trainers may still work, added up: GPU time where a slot is a GPU. Segments under way count when they report',
      units.Seconds,
      'sweepTrainerBudget',
      'gpuHours',
    ),
    curves(
      {
        title: 'Part of each budget used',
        description:
          'Part used of each budget that the sweep has. One that rises faster than progress ends the sweep before its other budgets do: `rgsweep extend` gives more.',
        unit: units.PercentUnit,
        min: 0,
        span: 12,
        height: 4,
        limits: { warning: 0.9, error: 1 },
      },
      [{ expr: anyOf('sweepBudgetUsed', ['budget']), legend: '{{budget}}' }],
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
        title: 'Trainer time and running time',
        description:
          'Time that trainers worked for this sweep, failed attempts included (GPU time where a slot is a GPU), and time that it ran, pauses not counted.',
        unit: units.Seconds,
        min: 0,
        span: 12,
      },
      [
        { expr: anyOf('sweepTrainerSeconds', ['sweep']), legend: 'trainer time' },
        { expr: anyOf('sweepRunning', ['sweep']), legend: 'running time' },
      ],
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
    rows: [now, budgets, progress, costs],
  });
