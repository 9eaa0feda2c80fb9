import * as units from '@grafana/grafana-foundation-sdk/units';
import { anyOf, countOf, increase, quantile, quantileOf, rate, selector, selectorOf } from './queries.js';
import { board, curves, figure, type Row } from './style.js';

const bytes = `sum(${increase(selector('checkpointBytes'))})`;
const saved = `sum(${increase(countOf('checkpointDuration'))})`;

const failures: Row = {
  title: 'Failures and what they cost',
  panels: [
    curves(
      {
        title: 'Failures by kind',
        description:
          'Failed attempts by kind, as the control workers record them. Diverged trials are results; stalled and crashed ones are faults.',
        unit: units.Short,
        decimals: 0,
        min: 0,
      },
      [{ expr: `sum by (kind) (${increase(selector('failures'))})`, legend: '{{kind}}' }],
    ),
    curves(
      {
        title: 'Retries by kind',
        description: 'Attempts that were made again after a failure, by the kind of that failure.',
        unit: units.Short,
        decimals: 0,
        min: 0,
      },
      [{ expr: `sum by (kind) (${increase(selector('retries'))})`, legend: '{{kind}}' }],
    ),
    curves(
      {
        title: 'Failures of sweep $sweep',
        description:
          'Failures on record with the trials of the chosen sweep, by kind; read from the store, so restarts change nothing.',
        unit: units.Short,
        decimals: 0,
        min: 0,
      },
      [{ expr: anyOf('sweepFailures', ['kind']), legend: '{{kind}}' }],
    ),
    curves(
      {
        title: 'Lost steps',
        description:
          'Training steps that were done again because an attempt failed after its last checkpoint, by schedule family.',
        unit: units.Short,
        decimals: 0,
        min: 0,
        span: 12,
      },
      [{ expr: `sum by (family) (${increase(selector('repeatedSteps'))})`, legend: '{{family}}' }],
    ),
    curves(
      {
        title: 'Share of trainer time wasted',
        description:
          'Part of the paid trainer time whose steps were lost. Above a fifth for half an hour RgsweepTimeWasted fires: lower checkpointEverySteps.',
        unit: units.PercentUnit,
        min: 0,
        span: 12,
        limits: { warning: 0.1, error: 0.2 },
      },
      [
        {
          expr: `sum(${rate(selector('trainerWasted'))}) / (sum(${rate(selector('trainerPaid'))}) > 0)`,
          legend: 'wasted',
        },
      ],
    ),
  ],
};

const checkpoints: Row = {
  title: 'Checkpoints and store',
  panels: [
    figure(
      {
        title: 'Work at risk',
        description:
          'Longest time that a running trainer has worked since its last checkpoint: what a crash now would cost.',
        unit: units.Seconds,
        decimals: 0,
        limits: { warning: 900, error: 1800 },
      },
      { expr: `max(${selector('unsavedSeconds')})`, legend: 'unsaved' },
    ),
    figure(
      {
        title: 'Last checkpoint',
        description: 'Time since any of the chosen workers saved a checkpoint.',
        unit: units.Seconds,
        decimals: 0,
      },
      { expr: `time() - max(${selector('checkpointSaved')} > 0)`, legend: 'age' },
    ),
    curves(
      {
        title: 'Checkpoint age by worker',
        description:
          'Longest time that a running trainer of each worker has worked since its last checkpoint; it saws between 0 and the interval of checkpoints.',
        unit: units.Seconds,
        min: 0,
        limits: { warning: 900, error: 1800 },
      },
      [{ expr: selector('unsavedSeconds'), legend: '{{instance}}' }],
    ),
    curves(
      {
        title: 'Size of a checkpoint',
        description: 'Mean size of the checkpoints saved of late.',
        unit: units.BytesIEC,
        min: 0,
      },
      [{ expr: `${bytes} / (${saved} > 0)`, legend: 'mean' }],
    ),
    curves(
      {
        title: 'Time to save a checkpoint',
        description:
          'Time to save one checkpoint in the store: median and 95th percentile of late. Training goes on meanwhile.',
        unit: units.Seconds,
      },
      [
        { expr: quantile(0.5, 'checkpointDuration'), legend: 'median' },
        { expr: quantile(0.95, 'checkpointDuration'), legend: '95 %', exemplar: true },
      ],
    ),
    curves(
      {
        title: 'Store errors',
        description:
          'Operations on the store that failed after their own retries. Any for five minutes fires RgsweepStoreErrors; `rgsweep doctor` says what to do.',
        unit: units.Short,
        decimals: 0,
        min: 0,
        limits: { error: 1 },
      },
      [{ expr: `sum by (operation) (${increase(selector('storeErrors'))})`, legend: '{{operation}}' }],
    ),
    curves(
      {
        title: 'Store latency, 95 %',
        description:
          'Time within which 95 % of the operations on the store ended of late, failed ones included.',
        unit: units.Seconds,
      },
      [{ expr: quantile(0.95, 'storeDuration', ['operation']), legend: '{{operation}}' }],
    ),
  ],
};

const queue = 'task_queue=~"rgsweep.*"';

const temporal: Row = {
  title: 'Temporal',
  panels: [
    curves(
      {
        title: 'Tasks that wait in Temporal',
        description:
          'Tasks in the backlog of each queue, as the server estimates it. A growing one: no worker polls that queue, or all are busy.',
        unit: units.Short,
        decimals: 0,
        min: 0,
      },
      [
        {
          expr: `sum by (taskqueue, task_type) (${selectorOf('approximate_backlog_count', 'taskqueue=~"rgsweep.*"')})`,
          legend: '{{taskqueue}} {{task_type}}',
        },
      ],
    ),
    curves(
      {
        title: 'Wait of activities',
        description: 'Time activities waited in Temporal for a worker, 95th percentile by queue.',
        unit: units.Seconds,
      },
      [
        {
          expr: quantileOf(
            0.95,
            'temporal_activity_schedule_to_start_latency_seconds',
            ['task_queue'],
            queue,
          ),
          legend: '{{task_queue}}',
        },
      ],
    ),
    curves(
      {
        title: 'Wait of workflow tasks',
        description:
          'Time workflow tasks waited for a worker, 95th percentile by queue. Seconds mean that the control worker is overloaded.',
        unit: units.Seconds,
        limits: { warning: 1, error: 5 },
      },
      [
        {
          expr: quantileOf(
            0.95,
            'temporal_workflow_task_schedule_to_start_latency_seconds',
            ['task_queue'],
            queue,
          ),
          legend: '{{task_queue}}',
        },
      ],
    ),
    curves(
      {
        title: 'Temporal slots in use',
        description:
          'Slots of Temporal’s own workers in use, by queue and kind; training holds one for each trainer.',
        unit: units.Short,
        decimals: 0,
        min: 0,
      },
      [
        {
          expr: `sum by (task_queue, worker_type) (${selectorOf('temporal_worker_task_slots_used', queue)})`,
          legend: '{{task_queue}} {{worker_type}}',
        },
      ],
    ),
    curves(
      {
        title: 'Calls to the server',
        description:
          'Calls per second that workers make to the Temporal server, by operation; long polls excluded.',
        unit: units.RequestsPerSecond,
        min: 0,
      },
      [
        {
          expr: `sum by (operation) (${rate(selectorOf('temporal_request_total'))})`,
          legend: '{{operation}}',
        },
      ],
    ),
    curves(
      {
        title: 'Pauses of the workers',
        description:
          'Time by which the event loop of a worker ran late, 99th percentile. Above a second heartbeats are at risk.',
        unit: units.Seconds,
        min: 0,
        limits: { warning: 0.5, error: 1 },
      },
      [{ expr: selectorOf('nodejs_eventloop_lag_p99_seconds', 'job="rgsweep"'), legend: '{{instance}}' }],
    ),
  ],
};

/** What goes wrong, and what it costs. */
export const reliability = () =>
  board({
    uid: 'rgsweep-reliability',
    title: 'rgsweep: Reliability',
    description: 'Retries, lost steps, checkpoints, the store and Temporal’s queues.',
    rows: [failures, checkpoints, temporal],
  });
