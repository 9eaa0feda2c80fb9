import type { TopLevelSpec } from 'vega-lite';
import { paretoFront } from '../../samplers/pareto.js';
import { objectivesOf, type SweepSnapshot } from '../../sweep/types.js';
import { formatCount, metricFigure, metricTitle } from '../figures.js';
import { highestResult } from '../ranking.js';
import { palette, renderChart, trialReference, type Chart } from './render.js';
import { searchedTrials } from './rungPoints.js';
import { scaleOf, thin, tickAxis, vegaScale } from './scales.js';

const maximumPoints = 600;

/** Figures that a trade-off may have as axes: the objectives, then whatever else results have in common, by name. */
export function tradeOffMetrics(snapshot: SweepSnapshot): string[] {
  const objectives = objectivesOf(snapshot.spec).map(({ metric }) => metric);
  const found = new Set<string>();
  for (const trial of snapshot.trials)
    for (const { metrics } of trial.rungs)
      for (const name of Object.keys(metrics)) if (!name.endsWith('Error')) found.add(name);
  const others = [...found].filter((name) => !objectives.includes(name)).sort();
  // Beside a single objective the sample quality says most.
  return [
    ...objectives,
    ...others.filter((name) => name === 'ess'),
    ...others.filter((name) => name !== 'ess'),
  ];
}

/** Whether more of a metric is better: as the sweep says, else for ESS alone. */
function isMaximized(snapshot: SweepSnapshot, metric: string): boolean {
  const objective = objectivesOf(snapshot.spec).find((one) => one.metric === metric);
  return objective ? objective.direction === 'maximize' : metric === 'ess';
}

/**
 * Two figures of every trial at its highest rung against each other, with the Pareto front: trials that no other one at the last rung
 * reached beats in both. Undefined without two trials that have both figures.
 */
export async function tradeOffChart(
  snapshot: SweepSnapshot,
  horizontal: string,
  vertical: string,
): Promise<Chart | undefined> {
  const last = snapshot.spec.pruner.rungs.length - 1;
  const points = [
    ...searchedTrials(snapshot),
    ...snapshot.trials.filter((trial) => trial.baseline !== undefined && trial.equals === undefined),
  ].flatMap((trial) => {
    const result = trial.state === 'failed' ? undefined : highestResult(snapshot, trial);
    const x = result && metricFigure(result.metrics, horizontal)?.value;
    const y = result && metricFigure(result.metrics, vertical)?.value;
    return x === undefined || y === undefined ? [] : [{ trial, rung: result!.rung, x, y }];
  });
  if (points.length < 2) return undefined;
  const top = Math.max(...points.map(({ rung }) => rung));
  const judged = points.filter(({ rung }) => rung === top);
  const sign = (metric: string) => (isMaximized(snapshot, metric) ? -1 : 1);
  const front = new Set(
    paretoFront(judged.map(({ x, y }) => [sign(horizontal) * x, sign(vertical) * y])).map(
      (index) => judged[index]!,
    ),
  );
  const isBaseline = (point: (typeof points)[number]) => point.trial.baseline !== undefined;
  const searched = points.filter((point) => !isBaseline(point));
  // What stands out is drawn last.
  const drawn = [
    ...thin(
      searched.filter((point) => !front.has(point)),
      maximumPoints,
    ),
    ...searched.filter((point) => front.has(point)),
    ...points.filter(isBaseline),
  ];
  const rows = drawn.map((point) => ({
    x: point.x,
    y: point.y,
    color:
      point.trial.baseline === 'standard'
        ? palette.standard
        : point.trial.baseline !== undefined
          ? palette.baseline
          : front.has(point)
            ? palette.best
            : palette.trial,
    front: front.has(point),
    href: trialReference(point.trial.trial),
  }));
  const scale = { x: scaleOf(rows.map(({ x }) => x)), y: scaleOf(rows.map(({ y }) => y)) };
  const better = (metric: string) =>
    `${metricTitle(metric)} (${isMaximized(snapshot, metric) ? 'more' : 'less'} is better)`;
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    title: better(horizontal),
    scale: vegaScale(scale.x),
    axis: { ...tickAxis(scale.x.ticks), grid: true },
  };
  const y = {
    field: 'y',
    type: 'quantitative' as const,
    title: better(vertical),
    scale: vegaScale(scale.y),
    axis: { ...tickAxis(scale.y.ticks), titleY: -10, titleX: -30 },
  };
  const href = { field: 'href', type: 'nominal' as const };
  const spec: TopLevelSpec = {
    width: 520,
    height: 290,
    layer: [
      {
        data: { values: rows.filter((row) => row.front).sort((a, b) => a.x - b.x || a.y - b.y) },
        mark: { type: 'line', stroke: palette.best, strokeWidth: 1.4, opacity: 0.6 },
        encoding: { x, y },
      },
      {
        data: { values: rows },
        mark: { type: 'point', filled: true, opacity: 0.9, size: rows.length > 200 ? 30 : 62 },
        encoding: { x, y, color: { field: 'color', type: 'nominal', scale: null, legend: null }, href },
      },
      {
        data: { values: rows.filter((row) => row.front) },
        mark: { type: 'point', filled: false, size: 130, strokeWidth: 1.8, stroke: palette.best, opacity: 1 },
        encoding: { x, y, href },
      },
    ],
  };
  return renderChart(
    spec,
    `${formatCount(points.length)} trials by ${metricTitle(horizontal)} and ${metricTitle(vertical)}; ${front.size} of those ${
      top === last ? 'at the last rung' : `after ${formatCount(snapshot.spec.pruner.rungs[top]!)} steps`
    } are on the Pareto front.`,
  );
}
