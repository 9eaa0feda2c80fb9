import type { TopLevelSpec } from 'vega-lite';
import type { SweepSnapshot } from '../../sweep/types.js';
import { axesOf, type Axis } from '../axes.js';
import { metricTitle } from '../figures.js';
import { bestSearched, highestResult } from '../ranking.js';
import { fitLine } from '../text.js';
import { toneColor, toneOf } from './parallel.js';
import { axisTitle, choicesOf, parameterScale } from './parameterAxis.js';
import { palette, renderChart, trialReference, type Chart } from './render.js';
import { searchedTrials } from './rungPoints.js';
import { place, tickAxis, valueAt, vegaScale, type Scale } from './scales.js';
import { bands, rankingBands, type Division } from './surface.js';

const maximumPoints = 600;

/** The parameters that a contour may have as axes: those that most trials have first; choices count half as much as numbers. */
export function contourAxes(snapshot: SweepSnapshot): string[] {
  const usable = axesOf(snapshot.spec.space).filter(
    (axis) => axis.kind === 'numeric' || (axis.choices.length > 1 && axis.choices.length <= 12),
  );
  const searched = searchedTrials(snapshot);
  return usable
    .map((axis) => ({
      name: axis.name,
      weight:
        (axis.kind === 'numeric' ? 2 : 1) *
        searched.filter(({ parameters }) => Object.hasOwn(parameters, axis.name)).length,
    }))
    .sort((a, b) => b.weight - a.weight)
    .map(({ name }) => name);
}

interface Side {
  scale: Scale;
  division: Division;
  axis: ReturnType<typeof tickAxis> & { tickSize?: number; grid?: boolean };
  at: (value: unknown, trial: number) => number;
}

function sideOf(axis: Axis, second: boolean): Side {
  if (axis.kind === 'numeric') {
    const scale = parameterScale(axis, { ticks: 5 });
    return {
      scale,
      division: { cells: 30, smooth: true },
      axis: tickAxis(scale.ticks),
      at: (value) => (typeof value === 'number' ? value : NaN),
    };
  }
  const choices = choicesOf(axis);
  const scale = parameterScale(axis);
  return {
    scale,
    division: { cells: choices.length, smooth: false },
    axis: tickAxis(scale.ticks, (i) => fitLine(choices[i] ?? '', 14)),
    at: (value, trial) => {
      const index = choices.indexOf(String(value));
      const factor = second ? 0.7548776662 : 0.6180339887;
      return index < 0 ? NaN : index + 0.5 * ((((trial + 1) * factor) % 1) - 0.5);
    },
  };
}

/**
 * Two parameters against each other: trials coloured by how good they are, on filled contours of how good those around are.
 * Undefined without two trials that have both.
 */
export async function contourChart(
  snapshot: SweepSnapshot,
  horizontal: string,
  vertical: string,
): Promise<Chart | undefined> {
  const axes = new Map(axesOf(snapshot.spec.space).map((axis) => [axis.name, axis]));
  const [first, second] = [axes.get(horizontal), axes.get(vertical)];
  if (!first || !second || first === second) return undefined;
  const { metric, direction } = snapshot.spec.objective;
  const [x, y] = [sideOf(first, false), sideOf(second, true)];
  const sign = direction === 'minimize' ? 1 : -1;
  const judged = searchedTrials(snapshot)
    .flatMap((trial) => {
      const result = trial.state === 'failed' ? undefined : highestResult(snapshot, trial);
      const at = {
        x: x.at(trial.parameters[first.name], trial.trial),
        y: y.at(trial.parameters[second.name], trial.trial),
      };
      return result && Number.isFinite(at.x) && Number.isFinite(at.y) ? [{ trial, result, ...at }] : [];
    })
    .sort(
      (a, b) =>
        b.result.rung - a.result.rung || sign * (a.result.metrics[metric]! - b.result.metrics[metric]!),
    );
  if (judged.length < 2) return undefined;
  const best = bestSearched(snapshot);
  const rows = judged
    .map((entry, rank) => {
      const tone = toneOf(rank, judged.length);
      return {
        x: entry.x,
        y: entry.y,
        tone,
        color: toneColor(tone),
        best: entry.trial === best,
        href: trialReference(entry.trial.trial),
      };
    })
    .slice(0, maximumPoints)
    .sort((a, b) => a.tone - b.tone);
  const surface = rankingBands(
    judged.map((entry, rank) => ({
      u: place(x.scale, entry.x),
      v: place(y.scale, entry.y),
      part: rank / (judged.length - 1),
    })),
    x.division,
    y.division,
  ).map(({ u, v, band }) => ({
    x: valueAt(x.scale, u[0]),
    x2: valueAt(x.scale, u[1]),
    y: valueAt(y.scale, v[0]),
    y2: valueAt(y.scale, v[1]),
    opacity: (0.4 * band) / (bands - 1),
  }));
  const encode = (side: Side, field: 'x' | 'y', title: string) => ({
    field,
    type: 'quantitative' as const,
    title,
    scale: vegaScale(side.scale),
    axis: { ...side.axis, grid: true },
  });
  const xAxis = encode(x, 'x', axisTitle(first.name));
  const yAxis = encode(y, 'y', axisTitle(second.name));
  const spec: TopLevelSpec = {
    width: 380,
    height: 270,
    layer: [
      {
        data: { values: surface.filter(({ opacity }) => opacity > 0) },
        mark: { type: 'rect', fill: toneColor(1), strokeWidth: 0 },
        encoding: {
          x: xAxis,
          x2: { field: 'x2' },
          y: yAxis,
          y2: { field: 'y2' },
          opacity: { field: 'opacity', type: 'quantitative', scale: null, legend: null },
        },
      },
      {
        data: { values: rows },
        mark: { type: 'point', filled: true, size: rows.length > 200 ? 26 : 60, opacity: 0.85 },
        encoding: {
          x: xAxis,
          y: { ...yAxis, axis: { ...yAxis.axis, titleY: -10, titleX: -30 } },
          color: { field: 'color', type: 'nominal', scale: null, legend: null },
          href: { field: 'href', type: 'nominal' },
        },
      },
      {
        data: { values: rows.filter((row) => row.best) },
        mark: { type: 'point', filled: false, size: 170, strokeWidth: 2, stroke: palette.ink, opacity: 1 },
        encoding: { x: xAxis, y: yAxis },
      },
    ],
  };
  return renderChart(
    spec,
    `${rows.length} trials by ${axisTitle(first.name)} and ${axisTitle(second.name)}, coloured by ${metricTitle(metric)}, on contours of what those around each place reached.`,
  );
}
