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
  quantity: 'gamma' | 'noise',
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

interface Row {
  panel: string;
  t: number;
  component: number;
  color: string;
  gamma: number;
  noise: number;
}

function rowsOf({ name, process }: NamedProcess, quantity: 'gamma' | 'noise'): Row[] {
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
  quantity: 'gamma' | 'noise',
): Promise<Chart> {
  const rows = processes.flatMap((entry) => rowsOf(entry, quantity));
  const field = quantity === 'gamma' ? 'gamma' : 'noise';
  const y = scaleOf(
    rows.map((row) => row[field]),
    quantity === 'gamma' ? { log: false } : { log: true },
  );
  const spec: TopLevelSpec = {
    data: { values: rows.map((row) => ({ ...row, value: row[field] })) },
    facet: {
      column: {
        field: 'panel',
        type: 'nominal',
        title: null,
        sort: processes.map(({ name }) => name),
        header: { labelAnchor: 'start', labelPadding: 26, labelLimit: 420 },
      },
    },
    spacing: 34,
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
