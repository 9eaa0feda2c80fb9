import * as units from '@grafana/grafana-foundation-sdk/units';
import { increase, quantile, rate, selector, selectorOf } from './queries.js';
import { board, curves, figure, type Query, type Row } from './style.js';

const total = (query: string) => `sum(${query})`;

const utilization: Row = {
  title: 'Utilization',
  panels: [
    figure(
      {
        title: 'Slots in use',
        description:
          'Trainers that run, as a part of those that may. With waiting trials and free slots the alert RgsweepSlotsIdle fires.',
        unit: units.PercentUnit,
        min: 0,
        max: 1,
      },
      { expr: `${total(selector('busySlots'))} / (${total(selector('slots'))} > 0)`, legend: 'in use' },
    ),
    figure(
      {
        title: 'Workers that answer',
        description: 'Worker processes that answer Prometheus, as a part of those it knows.',
        unit: units.PercentUnit,
        min: 0,
        max: 1,
      },
      { expr: `avg(up{job="rgsweep",job=~"$job",instance=~"$instance"})`, legend: 'up' },
    ),
    figure(
      {
        title: 'Quietest trainer',
        description:
          'Time since the quietest running trainer last spoke. After five minutes without a step it is ended as stalled.',
        unit: units.Seconds,
        decimals: 0,
        limits: { warning: 120, error: 180 },
      },
      { expr: `max(${selector('heartbeatAge')})`, legend: 'silent for' },
    ),
    curves(
      {
        title: 'Slots and waiting trials',
        description:
          'Slots of the chosen workers, how many are busy, and trials of the chosen sweep that wait for one.',
        unit: units.Short,
        decimals: 0,
        min: 0,
        span: 12,
      },
      [
        { expr: total(selector('slots')), legend: 'slots' },
        { expr: total(selector('busySlots')), legend: 'busy' },
        {
          expr: `sum(max by (sweep, family) (${selector('trials', 'sweep="$sweep"', 'state="waiting"')}))`,
          legend: 'trials that wait',
        },
      ],
    ),
    curves(
      {
        title: 'Wait for a slot',
        description:
          'Time that segments waited between being ready and having a trainer: median and 95th percentile of late.',
        unit: units.Seconds,
        span: 12,
      },
      [
        { expr: quantile(0.5, 'queueWait'), legend: 'median' },
        { expr: quantile(0.95, 'queueWait'), legend: '95 %', exemplar: true },
      ],
    ),
    curves(
      {
        title: 'Silence by worker',
        description:
          'Time since the quietest trainer of each worker last spoke; 0 when none runs. Evaluations speak only at their end.',
        unit: units.Seconds,
        min: 0,
        span: 12,
        limits: { warning: 120, error: 180 },
      },
      [{ expr: selector('heartbeatAge'), legend: '{{instance}}' }],
    ),
  ],
};

const ninetyFive = (key: Parameters<typeof quantile>[1], legend: string): Query[] => [
  { expr: quantile(0.5, key), legend: `${legend}, median` },
  { expr: quantile(0.95, key), legend: `${legend}, 95 %` },
];

const throughput: Row = {
  title: 'Throughput',
  panels: [
    curves(
      {
        title: 'Training steps',
        description:
          'Training steps per second of all chosen workers by schedule family, repeated ones counted again.',
        unit: units.CountsPerSecond,
        min: 0,
      },
      [{ expr: `sum by (family) (${rate(selector('trainingSteps'))})`, legend: '{{family}}' }],
      { stacked: true },
    ),
    curves(
      {
        title: 'Samples',
        description: 'Configurations or images per second that trainers learned from: steps times batch.',
        unit: units.CountsPerSecond,
        min: 0,
      },
      [{ expr: total(rate(selector('trainingSamples'))), legend: 'samples' }],
    ),
    curves(
      {
        title: 'Duration of a step',
        description:
          'Duration of one training step as trainers report it, median and 95th percentile of late.',
        unit: units.Seconds,
      },
      ninetyFive('stepDuration', 'step'),
    ),
    curves(
      {
        title: 'Duration of an evaluation',
        description: 'Time to evaluate one trial at a rung, median and 95th percentile of late.',
        unit: units.Seconds,
      },
      ninetyFive('evaluateDuration', 'evaluation'),
    ),
    curves(
      {
        title: 'Duration of a suggestion',
        description:
          'Time to suggest the parameters of one trial; it grows with the number of earlier trials.',
        unit: units.Seconds,
      },
      ninetyFive('suggestDuration', 'suggestion'),
    ),
    curves(
      {
        title: 'Slot time, paid and wasted',
        description:
          'Slots held by trainers, and the part of them whose steps were lost and had to be repeated. Where a slot is a GPU these are GPUs.',
        unit: units.NoUnit,
        min: 0,
      },
      [
        { expr: total(rate(selector('trainerPaid'))), legend: 'paid' },
        { expr: total(rate(selector('trainerWasted'))), legend: 'wasted' },
      ],
    ),
  ],
};

const health: Row = {
  title: 'Failures and memory',
  panels: [
    curves(
      {
        title: 'Failures by kind',
        description:
          'Failed attempts to train or evaluate. More than five in a quarter of an hour that are not preemptions or lost workers raise RgsweepFailingFast.',
        unit: units.Short,
        decimals: 0,
        min: 0,
      },
      [{ expr: `sum by (kind) (${increase(selector('failures'))})`, legend: '{{kind}}' }],
    ),
    curves(
      {
        title: 'Memory of trainers',
        description:
          'Resident memory of all trainers by worker, and what their backends hold for tensors: GPU memory on a GPU.',
        unit: units.BytesIEC,
        min: 0,
      },
      [
        { expr: selector('trainerMemory'), legend: '{{instance}} resident' },
        { expr: selector('deviceMemory'), legend: '{{instance}} tensors' },
      ],
    ),
    curves(
      {
        title: 'Memory of workers',
        description: 'Resident memory of the worker processes themselves. It should not grow over days.',
        unit: units.BytesIEC,
        min: 0,
      },
      [
        {
          expr: selectorOf('process_resident_memory_bytes', 'job="rgsweep"'),
          legend: '{{instance}}',
        },
      ],
    ),
  ],
};

const gpuLegend = '{{Hostname}} GPU {{gpu}}';

const gpus: Row = {
  title: 'GPUs (from dcgm-exporter, where it runs)',
  panels: [
    curves(
      {
        title: 'GPU utilization',
        description:
          'Part of the time in which a kernel ran. Low while slots are busy: batches are too small, or data come too slowly.',
        unit: units.Percent,
        min: 0,
        max: 100,
      },
      [{ expr: selectorOf('DCGM_FI_DEV_GPU_UTIL'), legend: gpuLegend }],
    ),
    curves(
      {
        title: 'GPU memory',
        description: 'Framebuffer memory in use, as a part of all; near 100 % the next allocation fails.',
        unit: units.PercentUnit,
        min: 0,
        max: 1,
        limits: { warning: 0.9, error: 0.97 },
      },
      [
        {
          expr: `${selectorOf('DCGM_FI_DEV_FB_USED')} / (${selectorOf('DCGM_FI_DEV_FB_USED')} + ${selectorOf('DCGM_FI_DEV_FB_FREE')})`,
          legend: gpuLegend,
        },
      ],
    ),
    curves(
      {
        title: 'GPU temperature',
        description: 'Temperature of the GPU; most slow down in the upper eighties.',
        unit: units.Celsius,
        limits: { warning: 80, error: 87 },
      },
      [{ expr: selectorOf('DCGM_FI_DEV_GPU_TEMP'), legend: gpuLegend }],
    ),
    curves(
      {
        title: 'GPU power',
        description: 'Electrical power drawn.',
        unit: units.Watt,
        min: 0,
        span: 12,
      },
      [{ expr: selectorOf('DCGM_FI_DEV_POWER_USAGE'), legend: gpuLegend }],
    ),
    curves(
      {
        title: 'GPUs busy for each busy slot',
        description:
          'Utilization of all GPUs, added up, for each trainer that runs. Far below 1 GPUs are paid that trainers do not use.',
        unit: units.NoUnit,
        min: 0,
        span: 12,
      },
      [
        {
          expr: `sum(${selectorOf('DCGM_FI_DEV_GPU_UTIL')}) / 100 / clamp_min(${total(selector('busySlots'))}, 1)`,
          legend: 'GPUs a slot',
        },
      ],
    ),
  ],
};

/** Are the machines used well? */
export const workers = () =>
  board({
    uid: 'rgsweep-workers',
    title: 'rgsweep: Workers and GPUs',
    description:
      'Utilization, throughput, waits and failures of the workers, and of GPUs where dcgm-exporter runs.',
    rows: [utilization, throughput, health, gpus],
  });
