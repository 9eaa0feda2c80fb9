import type { TopLevelSpec } from 'vega-lite';
import type { SweepSnapshot, TrialRecord } from '../../sweep/types.js';
import { axesOf, type Axis } from '../axes.js';
import { metricTitle } from '../figures.js';
import { bestSearched, highestResult } from '../ranking.js';
import { fitLine } from '../text.js';
import { axisTitle } from './parameterAxis.js';
import { palette, renderChart, trialReference, type Chart } from './render.js';
import { searchedTrials } from './rungPoints.js';
import { place, scaleOf, thin, tickLabel, type Scale } from './scales.js';

const maximumLines = 250;
const maximumAxes = 9;
/** Where lines pass that have no value on an axis. */
const absentPlace = -0.13;

/** Colours of goodness, worst first; the last one stands out. */
const tones = ['var(--trial)', 'var(--rung1)', 'var(--rung2)', 'var(--best)'] as const;

/** 0 for the worse half, then up to 3 for the best twentieth, by rank. */
export function toneOf(rank: number, count: number): number {
  const part = (rank + 1) / count;
  return part <= 0.06 || rank === 0 ? 3 : part <= 0.2 ? 2 : part <= 0.5 ? 1 : 0;
}

export const toneColor = (tone: number): string => tones[tone]!;

interface ParallelAxis {
  title: string;
  /** 0 at the bottom, 1 at the top; undefined where the trial has no value. */
  placeOf: (trial: TrialRecord) => number | undefined;
  labels: { at: number; text: string }[];
}

function numericAxis(title: string, scale: Scale, read: (trial: TrialRecord) => unknown): ParallelAxis {
  return {
    title,
    placeOf: (trial) => {
      const value = read(trial);
      const at = typeof value === 'number' ? place(scale, value) : NaN;
      return Number.isFinite(at) ? Math.min(1, Math.max(0, at)) : undefined;
    },
    labels: thin(scale.ticks, 5).map((tick) => ({ at: place(scale, tick), text: tickLabel(tick) })),
  };
}

function axisOf(axis: Axis): ParallelAxis {
  if (axis.kind === 'numeric')
    return numericAxis(
      axisTitle(axis.name),
      scaleOf([axis.low, axis.high], { log: axis.log, air: 0, ticks: 4 }),
      (trial) => trial.parameters[axis.name],
    );
  const choices = axis.choices.map(String);
  const at = (index: number) => (choices.length === 1 ? 0.5 : index / (choices.length - 1));
  return {
    title: axisTitle(axis.name),
    placeOf: (trial) => {
      const value = trial.parameters[axis.name];
      const index = value === undefined ? -1 : choices.indexOf(String(value));
      // Lines through one choice would lie on each other: each trial has its own place close to it.
      const spread =
        (0.05 * ((((trial.trial + 1) * 0.6180339887) % 1) - 0.5)) / Math.max(1, choices.length / 4);
      return index < 0 ? undefined : at(index) + spread;
    },
    labels: thin(choices, 8).map((choice) => ({
      at: at(choices.indexOf(choice)),
      text: fitLine(choice, 16),
    })),
  };
}

/**
 * Parallel coordinates: one line a trial through its parameters to its objective at the highest rung that any searched trial
 * reached the most of; the best trial stands out. Undefined without two searched parameters or two results.
 */
export async function parallelChart(snapshot: SweepSnapshot): Promise<Chart | undefined> {
  const { metric, direction } = snapshot.spec.objective;
  const searched = axesOf(snapshot.spec.space).slice(0, maximumAxes);
  const judged = searchedTrials(snapshot).flatMap((trial) => {
    const result = trial.state === 'failed' ? undefined : highestResult(snapshot, trial);
    return result ? [{ trial, result, value: result.metrics[metric]! }] : [];
  });
  if (searched.length < 1 || judged.length < 2) return undefined;
  const best = bestSearched(snapshot);
  const sign = direction === 'minimize' ? 1 : -1;
  judged.sort((a, b) => b.result.rung - a.result.rung || sign * (a.value - b.value));
  const chosen = [
    ...judged.slice(0, Math.floor(maximumLines / 3)),
    ...thin(judged.slice(Math.floor(maximumLines / 3)), maximumLines - Math.floor(maximumLines / 3)),
  ];
  const values = new Map(judged.map(({ trial, value }) => [trial, value]));
  const rank = new Map(judged.map(({ trial }, index) => [trial, index]));
  const last = numericAxis(metricTitle(metric), scaleOf(values.values(), { air: 0 }), (trial) =>
    values.get(trial),
  );
  const axes = [...searched.map(axisOf), last];
  const rows = chosen.flatMap(({ trial }) => {
    const tone = trial === best ? 3 : toneOf(rank.get(trial)!, judged.length);
    return axes.map((axis, x) => ({
      id: trial.trial,
      x,
      y: axis.placeOf(trial) ?? absentPlace,
      tone,
      color: trial === best ? palette.best : toneColor(Math.min(tone, 2)),
      href: trialReference(trial.trial),
    }));
  });
  const width = Math.max(420, Math.min(1000, 150 * axes.length));
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    scale: { domain: [0, axes.length - 1], nice: false, zero: false },
    axis: null,
  };
  const y = {
    field: 'y',
    type: 'quantitative' as const,
    scale: { domain: [absentPlace - 0.02, 1.02], nice: false, zero: false },
    axis: null,
  };
  const color = { field: 'color', type: 'nominal' as const, scale: null, legend: null };
  const lines = (tone: number) => {
    const of = rows.filter((row) => row.tone === tone);
    return of.length === 0
      ? []
      : [
          {
            data: { values: of },
            mark: {
              type: 'line' as const,
              interpolate: 'monotone' as const,
              strokeWidth: tone === 3 ? 2 : 1.1,
              opacity: tone === 3 ? 0.95 : tone === 0 ? 0.45 : 0.7,
            },
            encoding: {
              x,
              y,
              color,
              detail: { field: 'id', type: 'nominal' as const },
              href: { field: 'href', type: 'nominal' as const },
            },
          },
        ];
  };
  // As many bold letters as fit between two axes.
  const room = Math.min(22, Math.floor(width / axes.length / 7.2));
  const titles = axes.map((axis, i) => ({ x: i, y: 1.02, text: fitLine(axis.title, room) }));
  const marks = axes.flatMap((axis, i) => axis.labels.map(({ at, text }) => ({ x: i, y: at, text })));
  const spec: TopLevelSpec = {
    width,
    height: 290,
    padding: { left: 60, right: 70, top: 30, bottom: 6 },
    layer: [
      ...[0, 1, 2].flatMap(lines),
      {
        data: { values: axes.map((_, i) => ({ x: i, from: 0, to: 1 })) },
        mark: { type: 'rule', stroke: palette.muted, strokeWidth: 1 },
        encoding: { x, y: { ...y, field: 'from' }, y2: { field: 'to' } },
      },
      ...lines(3),
      {
        data: { values: marks },
        mark: {
          type: 'text',
          align: 'left',
          dx: 5,
          fontSize: 11,
          fill: palette.ink,
          stroke: palette.paper,
          strokeWidth: 3,
          strokeJoin: 'round',
        },
        encoding: { x, y, text: { field: 'text' } },
      },
      {
        data: { values: marks },
        mark: { type: 'text', align: 'left', dx: 5, fontSize: 11, fill: palette.ink },
        encoding: { x, y, text: { field: 'text' } },
      },
      {
        data: { values: titles },
        mark: { type: 'text', align: 'center', dy: -14, fontSize: 12, fontWeight: 600, fill: palette.ink },
        encoding: { x, y, text: { field: 'text' } },
      },
    ],
  };
  return renderChart(
    spec,
    `Parallel coordinates of ${chosen.length} trials over ${axes.map(({ title }) => fitLine(title, 40)).join(', ')}.`,
  );
}
