import type { TopLevelSpec } from 'vega-lite';
import type { SweepSnapshot } from '../../sweep/types.js';
import { formatFigure, metricTitle } from '../figures.js';
import { baselineTrials, bestSearched, figureAt, highestResult, isBetter } from '../ranking.js';
import { fitLine } from '../text.js';
import { palette, renderChart, trialReference, type Chart } from './render.js';
import { rungEncoding, rungPoints, searchedTrials, selectPoints, type RungPoint } from './rungPoints.js';
import { place, scaleOf, spreadLabels, type Scale, vegaScale, tickAxis } from './scales.js';

const maximumPoints = 800;

/** Baselines as labelled levels: the value at the highest rung each reached. */
export interface Level {
  name: string;
  value: number;
  color: string;
}

export function baselineLevels(snapshot: SweepSnapshot, only?: readonly string[]): Level[] {
  return baselineTrials(snapshot).flatMap((trial): Level[] => {
    const result = trial.state === 'failed' ? undefined : highestResult(snapshot, trial);
    if (!result || (only && !only.includes(trial.baseline!))) return [];
    return [
      {
        name: fitLine(trial.baseline!, 24),
        value: figureAt(snapshot, trial, { kind: 'rung', rung: result.rung, step: result.step })!.value,
        color: trial.baseline === 'standard' ? palette.standard : palette.baseline,
      },
    ];
  });
}

/** Steps trained by the whole sweep, baselines included, when each result came; hours since the start. */
function withCost(snapshot: SweepSnapshot): (RungPoint & { steps: number; minutes: number })[] {
  const begin = Date.parse(snapshot.startedAt);
  const trained = rungPoints(snapshot, snapshot.seeds ?? snapshot.trials);
  let steps = 0;
  let next = 0;
  return rungPoints(snapshot, snapshot.trials).map((point) => {
    for (; next < trained.length && trained[next]!.finishedAt <= point.finishedAt; next++) {
      const { trial, rung, step } = trained[next]!;
      const before = trial.rungs
        .filter((result) => result.rung < rung)
        .reduce((most, result) => Math.max(most, result.step), 0);
      if (trial.equals === undefined) steps += step - before;
    }
    return { ...point, steps, minutes: (point.finishedAt - begin) / 60_000 };
  });
}

/**
 * The search over its cost: every result as a point, by rung, the best at each rung so far as a step line, baselines as
 * labelled levels. Undefined while no searched trial has a result.
 */
export async function bestSoFarChart(
  snapshot: SweepSnapshot,
  over: 'steps' | 'time',
): Promise<Chart | undefined> {
  const { metric } = snapshot.spec.objective;
  const searched = new Set(searchedTrials(snapshot));
  const costed = withCost(snapshot);
  const points = costed.filter((point) => searched.has(point.trial));
  if (points.length === 0) return undefined;
  const longest = Math.max(...costed.map((point) => point.minutes));
  const hours = longest > 180;
  const cost = (point: { steps: number; minutes: number }) =>
    over === 'steps' ? point.steps : hours ? point.minutes / 60 : point.minutes;
  const end = Math.max(...costed.map(cost));
  const levels = baselineLevels(snapshot);
  const y = scaleOf([...points.map((point) => point.value), ...levels.map((level) => level.value)]);
  const x = scaleOf([0, end], { log: false, air: 0.02 });
  x.domain[0] = 0;
  const { steps, colors, labels } = rungEncoding(snapshot);

  const lines: { cost: number; value: number; rung: string }[] = [];
  steps.forEach((_, rung) => {
    let best: number | undefined;
    const own = points.filter((point) => point.rung === rung);
    for (const point of own)
      if (best === undefined || isBetter(snapshot, point.value, best)) {
        best = point.value;
        lines.push({ cost: cost(point), value: best, rung: labels[rung]! });
      }
    if (best !== undefined) lines.push({ cost: end, value: best, rung: labels[rung]! });
  });

  const crowded = points.length > 150;
  const height = 270;
  const names = spreadLabels(
    y,
    levels.map((level) => level.value),
    15 / height,
  );
  const xAxis = {
    field: 'cost',
    type: 'quantitative' as const,
    title:
      over === 'steps'
        ? 'training steps of the whole sweep'
        : `${hours ? 'hours' : 'minutes'} since the sweep began`,
    scale: { domain: x.domain, nice: false },
    axis: tickAxis(x.ticks),
  };
  const yAxis = yEncoding(metric, y);
  const rungColor = {
    field: 'rung',
    type: 'nominal' as const,
    title: null,
    scale: { domain: labels, range: colors },
    legend: null,
  };
  const spec: TopLevelSpec = {
    width: 400,
    height,
    layer: [
      {
        data: {
          values: selectPoints(snapshot, points, maximumPoints).map((point) => ({
            cost: cost(point),
            value: point.value,
            rung: labels[point.rung] ?? `${point.step} steps`,
            href: trialReference(point.trial.trial),
          })),
        },
        // Many dots are a cloud behind the lines.
        mark: { type: 'point', filled: true, size: crowded ? 12 : 36, opacity: crowded ? 0.4 : 0.8 },
        encoding: { x: xAxis, y: yAxis, color: rungColor, href: { field: 'href', type: 'nominal' as const } },
      },
      ...levelLayers(levels, names, x.domain[1], y),
      {
        data: { values: lines },
        mark: { type: 'line', interpolate: 'step-after', strokeWidth: 2 },
        encoding: { x: xAxis, y: yAxis, color: rungColor },
      },
    ],
  };
  const best = bestSearched(snapshot);
  const top = best && highestResult(snapshot, best);
  return renderChart(
    spec,
    `Best ${metricTitle(metric)} so far at each rung against ${xAxis.title}.${
      best && top
        ? ` It ends at ${formatFigure({ value: top.metrics[metric]! })} with trial ${best.trial}.`
        : ''
    }${levels.length > 0 ? ` Baselines: ${levels.map((level) => `${level.name} ${formatFigure(level)}`).join(', ')}.` : ''}`,
  );
}

/** The objective's vertical axis. */
export function yEncoding(metric: string, y: Scale, field = 'value') {
  return {
    field,
    type: 'quantitative' as const,
    title: metricTitle(metric),
    scale: vegaScale(y),
    axis: { ...tickAxis(y.ticks), titleY: -10, titleX: -30 },
  };
}

/** Dashed levels with their names at the right end, moved apart where they would touch. */
export function levelLayers(levels: readonly Level[], names: readonly number[], right: number, y: Scale) {
  const inside = levels
    .map((level, i) => ({ ...level, label: names[i]!, right }))
    .filter((level) => place(y, level.value) >= 0 && place(y, level.value) <= 1);
  if (inside.length === 0) return [];
  const at = { scale: vegaScale(y) };
  const color = { field: 'color', type: 'nominal' as const, scale: null, legend: null };
  return [
    {
      data: { values: inside },
      mark: { type: 'rule' as const, strokeDash: [5, 4], strokeWidth: 1.5 },
      encoding: { y: { field: 'value', type: 'quantitative' as const, ...at }, color },
    },
    {
      data: { values: inside },
      mark: {
        type: 'text' as const,
        align: 'left' as const,
        dx: 6,
        fontSize: 12,
        baseline: 'middle' as const,
      },
      encoding: {
        x: { field: 'right', type: 'quantitative' as const },
        y: { field: 'label', type: 'quantitative' as const, ...at },
        text: { field: 'name' },
        color,
      },
    },
  ];
}
