import type { TopLevelSpec } from 'vega-lite';
import type { DiffusionProcess } from '../../schedule/types.js';
import { palette, renderChart, sequential, type Chart } from './render.js';
import { scaleOf, thin, vegaScale, tickAxis } from './scales.js';

/** A schedule to draw, with the name that stands above its panel. */
export interface NamedProcess {
  name: string;
  process: DiffusionProcess;
}

const times = Array.from({ length: 101 }, (_, i) => i / 100);
const maximumLines = 12;

/** One component of each shell, by momentum, at most twelve; a single one where all have the same curve. */
function representatives(
  process: DiffusionProcess,
  quantity: ScheduleQuantity,
): { index: number; momentum: number }[] {
  const white = process.scale.every((scale) => Math.abs(scale / process.scale[0]! - 1) < 1e-9);
  if (process.uniform && (quantity === 'gamma' || white)) return [{ index: 0, momentum: 0 }];
  const shells = new Map<number, { index: number; momentum: number }>();
  process.basis.components.forEach(({ index, momentum, shell }) => {
    if (!shells.has(shell)) shells.set(shell, { index, momentum });
  });
  return thin(
    [...shells.values()].sort((a, b) => a.momentum - b.momentum),
    maximumLines,
  );
}

/** What is drawn of a schedule over time. */
export type ScheduleQuantity = 'gamma' | 'noise';

interface Row {
  panel: string;
  t: number;
  component: number;
  color: string;
  gamma: number;
  noise: number;
}

function rowsOf({ name, process }: NamedProcess, quantity: ScheduleQuantity): Row[] {
  const chosen = representatives(process, quantity);
  const largest = Math.max(...chosen.map(({ momentum }) => momentum), 1e-9);
  const gamma = new Float64Array(process.dimension);
  return times.flatMap((t) => {
    process.gamma(t, gamma);
    return chosen.map(({ index, momentum }) => ({
      panel: name,
      t,
      component: index,
      color: chosen.length === 1 ? palette.ink : sequential(Math.round((9 * momentum) / largest), 10),
      gamma: gamma[index]!,
      noise: process.scale[index]! * Math.exp(gamma[index]! / 2),
    }));
  });
}

/**
 * γ_i(t), the negative log signal-to-noise ratio, or n_i(t) = s_i e^{γ_i/2}, the absolute noise in the data's unit, of
 * schedules side by side: one line a momentum shell, coloured by |k̂| from 0 (first colour) to its largest value (last).
 */
export async function scheduleChart(
  processes: readonly NamedProcess[],
  quantity: ScheduleQuantity,
): Promise<Chart> {
  const rows = processes.flatMap((entry) => rowsOf(entry, quantity));
  const field = quantity === 'gamma' ? 'gamma' : 'noise';
  const y = scaleOf(
    rows.map((row) => row[field]),
    quantity === 'gamma' ? { log: false } : { log: true },
  );
  const spec: TopLevelSpec = {
    data: { values: rows.map((row) => ({ ...row, value: row[field] })) },
    ...panels(processes),
    spec: {
      width: 430,
      height: 230,
      mark: { type: 'line', strokeWidth: 1.8 },
      encoding: {
        x: {
          field: 't',
          type: 'quantitative',
          title: 'time t (0: data, 1: noise)',
          axis: tickAxis([0, 0.25, 0.5, 0.75, 1]),
        },
        y: {
          field: 'value',
          type: 'quantitative',
          title: quantity === 'gamma' ? 'γᵢ(t), negative log-SNR' : 'nᵢ(t), noise in units of φ',
          scale: vegaScale(y),
          axis: { ...tickAxis(y.ticks), titleY: -10, titleX: -30 },
        },
        color: { field: 'color', type: 'nominal', scale: null, legend: null },
        detail: { field: 'component', type: 'nominal' },
      },
    },
  };
  const words =
    quantity === 'gamma'
      ? 'Negative log signal-to-noise ratio of each momentum shell over time'
      : 'Absolute noise of each momentum shell over time';
  return renderChart(spec, `${words}: ${processes.map(({ name }) => name).join(' beside ')}.`);
}

/** Times at which the cutoff is drawn. */
export const cutoffTimes: readonly number[] = [0, 0.2, 0.4, 0.6, 0.8, 1];

/**
 * K_Λ(t)(k) = α_k(t)² = sigmoid(−γ_k(t)), the part of a component's variance that is still there, over |k̂| at the times
 * `cutoffTimes`, coloured from the first to the last. Shells of equal momentum are drawn as dots of their own.
 */
export async function cutoffChart(processes: readonly NamedProcess[]): Promise<Chart> {
  const rows = processes.flatMap(({ name, process }) => {
    const seen = new Set<number>();
    const shells = process.basis.components.filter(({ shell }) => !seen.has(shell) && seen.add(shell));
    const gamma = new Float64Array(process.dimension);
    return cutoffTimes.flatMap((t, order) => {
      process.gamma(t, gamma);
      return shells.map(({ index, momentum }) => ({
        panel: name,
        t,
        momentum,
        color: sequential(order, cutoffTimes.length),
        value: 1 / (1 + Math.exp(gamma[index]!)),
      }));
    });
  });
  const x = scaleOf([0, ...rows.map((row) => row.momentum)], { log: false, air: 0.02 });
  const spec: TopLevelSpec = {
    data: { values: rows },
    ...panels(processes),
    spec: {
      width: 430,
      height: 200,
      mark: { type: 'line', strokeWidth: 1.8, point: { filled: true, size: 22 } },
      encoding: {
        x: {
          field: 'momentum',
          type: 'quantitative',
          title: '|k̂| (lattice units)',
          scale: vegaScale(x),
          axis: tickAxis(x.ticks),
        },
        y: {
          field: 'value',
          type: 'quantitative',
          title: 'K_Λ(t)(k) = αₖ², what is left of the data',
          scale: { domain: [0, 1] },
          axis: { ...tickAxis([0, 0.25, 0.5, 0.75, 1]), titleY: -10, titleX: -30 },
        },
        color: { field: 'color', type: 'nominal', scale: null, legend: null },
        detail: { field: 't', type: 'nominal' },
      },
    },
  };
  return renderChart(
    spec,
    `Cutoff over momentum at times ${cutoffTimes.join(', ')}: ${processes.map(({ name }) => name).join(' beside ')}.`,
  );
}

/** Schedules side by side, two in a row, each under its name. */
function panels(processes: readonly NamedProcess[]) {
  return {
    facet: {
      field: 'panel',
      type: 'nominal' as const,
      title: null,
      sort: processes.map(({ name }) => name),
      header: { labelAnchor: 'start' as const, labelPadding: 26, labelLimit: 420 },
    },
    columns: 2,
    spacing: 34,
  };
}
