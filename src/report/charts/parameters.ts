import type { TopLevelSpec } from 'vega-lite';
import type { SweepSnapshot } from '../../sweep/types.js';
import { axesOf, type Axis } from '../axes.js';
import { metricTitle } from '../figures.js';
import { bestSearched } from '../ranking.js';
import { fitLine } from '../text.js';
import { axisTitle, choicesOf, parameterEncoding, parameterScale } from './parameterAxis.js';
import { palette, renderChart, trialReference, type Chart } from './render.js';
import { rungEncoding, rungPoints, searchedTrials, selectPoints } from './rungPoints.js';
import { scaleOf, spreadLabels, type Scale } from './scales.js';
import { baselineLevels, levelLayers, yEncoding } from './search.js';

const maximumPoints = 500;

/** A reproducible place across a category's column, from the trial's number (the golden ratio spreads neighbours). */
const jitter = (trial: number): number => (((trial + 1) * 0.6180339887) % 1) - 0.5;

/**
 * The objective against one searched parameter: every rung's results by colour, the best trial ringed, standard diffusion
 * as a level. Undefined where no trial with a result has the parameter.
 */
async function parameterChart(snapshot: SweepSnapshot, axis: Axis, y: Scale): Promise<Chart | undefined> {
  const { steps, colors, labels } = rungEncoding(snapshot);
  const { metric } = snapshot.spec.objective;
  const best = bestSearched(snapshot);
  const all = rungPoints(snapshot, searchedTrials(snapshot)).filter(
    (point) => point.trial.parameters[axis.name] !== undefined && steps[point.rung] !== undefined,
  );
  if (all.length === 0) return undefined;
  const points = selectPoints(snapshot, all, maximumPoints);
  const indices = new Map(choicesOf(axis).map((choice, index) => [choice, index]));
  const isBest = (point: (typeof points)[number]) =>
    point.trial === best && point.rung === Math.max(...best.rungs.map((result) => result.rung));
  const rows = points
    .map((point) => {
      const value = point.trial.parameters[axis.name]!;
      const x =
        axis.kind === 'numeric'
          ? Number(value)
          : (indices.get(String(value)) ?? NaN) + 0.45 * jitter(point.trial.trial);
      return {
        x,
        value: point.value,
        rung: labels[point.rung]!,
        best: isBest(point),
        href: trialReference(point.trial.trial),
      };
    })
    .filter((row) => Number.isFinite(row.x));
  if (rows.length === 0) return undefined;
  const levels = baselineLevels(snapshot, ['standard']);
  const x = parameterScale(axis, { values: axis.kind === 'numeric' ? rows.map((row) => row.x) : [] });
  const xAxis = parameterEncoding(axis, x);
  const yAxis = yEncoding(metric, y);
  const spec: TopLevelSpec = {
    width: 230,
    height: 180,
    layer: [
      ...levelLayers(
        levels,
        spreadLabels(
          y,
          levels.map((level) => level.value),
          0.08,
        ),
        x.domain[1],
        y,
      ),
      {
        data: { values: rows },
        mark: {
          type: 'point',
          filled: true,
          size: rows.length > 150 ? 14 : 44,
          opacity: rows.length > 150 ? 0.5 : 0.8,
        },
        encoding: {
          x: xAxis,
          y: yAxis,
          color: { field: 'rung', type: 'nominal', scale: { domain: labels, range: colors }, legend: null },
          href: { field: 'href', type: 'nominal' },
        },
      },
      {
        data: { values: rows.filter((row) => row.best) },
        mark: { type: 'point', filled: false, size: 150, strokeWidth: 2, stroke: palette.ink, opacity: 1 },
        encoding: { x: xAxis, y: yAxis },
      },
    ],
  };
  const bestValue = best?.parameters[axis.name];
  return renderChart(
    spec,
    `${metricTitle(metric)} against ${axisTitle(axis.name)}, ${rows.length} results.${
      bestValue === undefined ? '' : ` The best trial has ${fitLine(String(bestValue), 60)}.`
    }`,
  );
}

/** One chart for each searched parameter, all on one vertical scale; at most `count`. */
export async function parameterCharts(snapshot: SweepSnapshot, count = 12): Promise<Chart[]> {
  const points = rungPoints(snapshot, searchedTrials(snapshot));
  const y = scaleOf([
    ...points.map((point) => point.value),
    ...baselineLevels(snapshot, ['standard']).map((l) => l.value),
  ]);
  const charts: Chart[] = [];
  for (const axis of axesOf(snapshot.spec.space)) {
    if (charts.length >= count) break;
    if (axis.kind === 'categorical' && (axis.choices.length > 12 || axis.choices.length < 2)) continue;
    const chart = await parameterChart(snapshot, axis, y);
    if (chart) charts.push(chart);
  }
  return charts;
}
