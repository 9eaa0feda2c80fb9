import type { TopLevelSpec } from 'vega-lite';
import type { SweepSnapshot, TrialRecord } from '../../sweep/types.js';
import { metricTitle } from '../figures.js';
import { baselineTrial, bestSearched } from '../ranking.js';
import { palette, renderChart, trialReference, type Chart } from './render.js';
import { rungPoints, searchedTrials } from './rungPoints.js';
import { scaleOf, spreadLabels, thin, vegaScale, tickAxis } from './scales.js';
import { yEncoding } from './search.js';

const maximumCurves = 60;
const pointsPerCurve = 120;

interface Series {
  trial: TrialRecord;
  name?: string;
  color: string;
  /** Drawn later, so above. */
  order: number;
}

/** Which trials are drawn as lines: winner, baselines, and an even selection of the others. */
function seriesOf(
  snapshot: SweepSnapshot,
  has: (trial: TrialRecord) => boolean,
): { series: Series[]; of: number } {
  const best = bestSearched(snapshot);
  const standard = baselineTrial(snapshot, 'standard');
  const others = searchedTrials(snapshot).filter((trial) => trial !== best && has(trial));
  const baselines = snapshot.trials.filter(
    (trial) => trial.baseline !== undefined && trial !== standard && has(trial),
  );
  const series: Series[] = thin(others, maximumCurves).map((trial) => ({
    trial,
    color: palette.trial,
    order: 0,
  }));
  for (const trial of baselines)
    series.push({ trial, name: trial.baseline!, color: palette.baseline, order: 1 });
  if (standard && has(standard))
    series.push({ trial: standard, name: 'standard', color: palette.standard, order: 2 });
  if (best && has(best))
    series.push({ trial: best, name: `best (trial ${best.trial})`, color: palette.best, order: 3 });
  return { series, of: others.length };
}

/**
 * Values per step as a smoothed, thinned curve: the mean over up to `pointsPerCurve` equal stretches, at most one point
 * each. Single-batch losses scatter by more than schedules differ.
 */
function smooth(points: readonly { step: number; loss: number }[]): { step: number; value: number }[] {
  const finite = points.filter(
    ({ step, loss }) => Number.isFinite(loss) && loss > 0 && Number.isFinite(step),
  );
  const last = Math.max(0, ...finite.map(({ step }) => step));
  const bins = new Map<number, { step: number; sum: number; count: number }>();
  for (const { step, loss } of finite) {
    const bin = Math.min(pointsPerCurve - 1, Math.floor((step / (last || 1)) * pointsPerCurve));
    const entry = bins.get(bin) ?? { step: 0, sum: 0, count: 0 };
    entry.step += step;
    entry.sum += loss;
    entry.count += 1;
    bins.set(bin, entry);
  }
  return [...bins]
    .sort((a, b) => a[0] - b[0])
    .map(([, { step, sum, count }]) => ({ step: step / count, value: sum / count }));
}

function linesSpec(
  series: readonly Series[],
  values: readonly { id: number; x: number; value: number }[],
  titles: { x: string; y: string },
  points: boolean,
  /** Scale of x; logarithmic where rungs are far apart. */
  xLog: boolean,
): TopLevelSpec {
  const byId = new Map(series.map((entry) => [entry.trial.trial, entry]));
  const rows = values.map((row) => ({
    ...row,
    color: byId.get(row.id)!.color,
    order: byId.get(row.id)!.order,
    href: trialReference(row.id),
  }));
  const y = scaleOf(rows.map((row) => row.value));
  const x = scaleOf(
    rows.map((row) => row.x),
    { log: xLog, air: points ? 0.06 : 0.02 },
  );
  if (!xLog && !points) x.domain[0] = 0;
  const height = 250;
  const lastOf = (id: number) =>
    rows.filter((row) => row.id === id).reduce((last, row) => (row.x >= last.x ? row : last));
  const ends = series
    .filter((entry) => entry.name !== undefined && rows.some((row) => row.id === entry.trial.trial))
    .map((entry) => ({ ...lastOf(entry.trial.trial), name: entry.name! }));
  const places = spreadLabels(
    y,
    ends.map((end) => end.value),
    15 / height,
  );
  const color = { field: 'color', type: 'nominal' as const, scale: null, legend: null };
  const xAxis = {
    field: 'x',
    type: 'quantitative' as const,
    title: titles.x,
    scale: vegaScale(x),
    axis: points ? tickAxis([...new Set(rows.map((row) => row.x))].sort((a, b) => a - b)) : tickAxis(x.ticks),
  };
  const yAxis = { ...yEncoding('', y), title: titles.y };
  const layerOf = (order: number) => {
    const layerRows = rows.filter((row) => row.order === order);
    if (layerRows.length === 0) return [];
    return [
      {
        data: { values: layerRows },
        mark: {
          type: 'line' as const,
          strokeWidth: order === 0 ? 1 : order === 1 ? 1.5 : 2.5,
          opacity: order === 0 ? 0.7 : 1,
          ...(points ? { point: { filled: true, size: order === 0 ? 18 : 40 } } : {}),
          ...(order === 1 ? { strokeDash: [5, 4] } : {}),
        },
        encoding: {
          x: xAxis,
          y: yAxis,
          color,
          detail: { field: 'id', type: 'nominal' as const },
          href: { field: 'href', type: 'nominal' as const },
        },
      },
    ];
  };
  return {
    width: 380,
    height,
    layer: [
      ...[0, 1, 2, 3].flatMap(layerOf),
      {
        data: { values: ends.map((end, i) => ({ ...end, label: places[i]! })) },
        mark: { type: 'text', align: 'left', dx: 7, baseline: 'middle', fontSize: 12 },
        encoding: { x: xAxis, y: { ...yAxis, field: 'label' }, text: { field: 'name' }, color },
      },
    ],
  };
}

/** Training loss by step. Undefined while there is no curve. */
export async function lossChart(
  snapshot: SweepSnapshot,
): Promise<{ chart: Chart; drawn: number; of: number } | undefined> {
  const curves = new Map(
    [...snapshot.curves]
      .map(([trial, points]) => [trial, smooth(points)] as const)
      .filter(([, p]) => p.length > 1),
  );
  const { series, of } = seriesOf(snapshot, (trial) => curves.has(trial.trial));
  if (series.length === 0) return undefined;
  const values = series.flatMap(({ trial }) =>
    curves.get(trial.trial)!.map(({ step, value }) => ({ id: trial.trial, x: step, value })),
  );
  const chart = await renderChart(
    linesSpec(series, values, { x: 'training step', y: 'training loss' }, false, false),
    `Training loss by step of ${series.length} trials; the best trial and the baselines are labelled.`,
  );
  return { chart, drawn: series.filter((entry) => entry.order === 0).length, of };
}

/** Trials whose curves `lossChart` would draw, were all curves at hand: what a reader has to load. */
export function curveTrials(snapshot: SweepSnapshot): { trials: TrialRecord[]; of: number } {
  const { series, of } = seriesOf(
    snapshot,
    (trial) => trial.equals === undefined && (trial.stepsPaid > 0 || trial.state === 'running'),
  );
  return { trials: series.map(({ trial }) => trial), of };
}

/** The training loss of one trial beside standard diffusion's. Undefined while it has no curve. */
export async function trialLossChart(
  snapshot: SweepSnapshot,
  trial: TrialRecord,
): Promise<Chart | undefined> {
  const standard = baselineTrial(snapshot, 'standard');
  const all: Series[] = [
    ...(standard && standard.trial !== trial.trial
      ? [{ trial: standard, name: 'standard', color: palette.standard, order: 2 }]
      : []),
    { trial, name: `trial ${trial.trial}`, color: palette.best, order: 3 },
  ];
  const values = all.flatMap((entry) =>
    smooth(snapshot.curves.get(entry.trial.trial) ?? []).map(({ step, value }) => ({
      id: entry.trial.trial,
      x: step,
      value,
    })),
  );
  if (!values.some(({ id }) => id === trial.trial)) return undefined;
  const series = all.filter((entry) => values.some(({ id }) => id === entry.trial.trial));
  return renderChart(
    linesSpec(series, values, { x: 'training step', y: 'training loss' }, false, false),
    `Training loss by step of ${series.map(({ name }) => name).join(' and ')}.`,
  );
}

/** The objective of each trial at the rungs it reached. Undefined while there is no result. */
export async function rungsChart(snapshot: SweepSnapshot): Promise<Chart | undefined> {
  const points = rungPoints(snapshot, snapshot.trials);
  const have = new Set(points.map((point) => point.trial));
  const { series } = seriesOf(snapshot, (trial) => have.has(trial));
  if (series.length === 0) return undefined;
  const drawn = new Set(series.map((entry) => entry.trial));
  const rungs = snapshot.spec.pruner.rungs;
  const metric = snapshot.spec.objective.metric;
  return renderChart(
    linesSpec(
      series,
      points
        .filter((point) => drawn.has(point.trial))
        .map((point) => ({ id: point.trial.trial, x: point.step, value: point.value })),
      { x: 'training steps at the rung', y: metricTitle(metric) },
      true,
      rungs.length > 2,
    ),
    `${metricTitle(metric)} of each trial at the rungs ${rungs.join(', ')} steps; lines that end early were not promoted.`,
  );
}
