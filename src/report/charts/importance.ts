import type { TopLevelSpec } from 'vega-lite';
import { formatFigure, metricTitle } from '../figures.js';
import { mostChance, type SweepImportance } from '../importance.js';
import { importanceSource } from '../importanceText.js';
import { fitLine } from '../text.js';
import { axisTitle, choicesOf, parameterEncoding, parameterScale } from './parameterAxis.js';
import { palette, renderChart, type Chart } from './render.js';
import { scaleOf, tickAxis, vegaScale } from './scales.js';
import type { Axis } from '../axes.js';

const mostParameters = 12;

/**
 * A parameter's share of the variance over the space (fANOVA) and its share in what makes a trial one of the best (PED-ANOVA), as dots with
 * bars of ± 2 standard errors, the most important on top. What may be chance is faint.
 */
export async function importanceChart(found: SweepImportance): Promise<Chart> {
  const { fanova, pedAnova, metric } = found;
  const best = new Map(pedAnova.main.map((row) => [row.name, row]));
  const shown = fanova.main.slice(0, mostParameters);
  const rows = shown.flatMap(({ name, value, error }, index) => {
    const other = best.get(name);
    const row = (kind: string, share: { value: number; error: number; chance?: number }, shift: number) => ({
      place: index + shift,
      kind,
      value: share.value,
      dot: (share.chance ?? 0) > mostChance ? 0.35 : 1,
      bar: (share.chance ?? 0) > mostChance ? 0.2 : 0.5,
      low: Math.max(0, share.value - 2 * share.error),
      high: Math.min(1, share.value + 2 * share.error),
    });
    return [row('variance', { value, error }, -0.14), ...(other ? [row('best', other, 0.14)] : [])];
  });
  const x = { type: 'linear' as const, domain: [0, 1] as [number, number], ticks: [0, 0.25, 0.5, 0.75, 1] };
  const names = shown.map(({ name }) => fitLine(axisTitle(name), 34));
  const y = {
    field: 'place',
    type: 'quantitative' as const,
    title: null,
    scale: { domain: [names.length - 0.5, -0.5], nice: false, zero: false },
    axis: {
      values: names.map((_, index) => index),
      labelExpr: `${JSON.stringify(names)}[datum.value]`,
      labelColor: palette.ink,
      labelLimit: 300,
      // Dots of shares near nothing lie half to the left of the axis.
      labelPadding: 12,
      tickSize: 0,
      domain: false,
      grid: false,
    },
  };
  const color = {
    field: 'kind',
    type: 'nominal' as const,
    legend: null,
    scale: { domain: ['variance', 'best'], range: [palette.baseline, palette.best] },
  };
  const opacity = (field: 'dot' | 'bar') => ({
    field,
    type: 'quantitative' as const,
    legend: null,
    scale: { domain: [0, 1], range: [0, 1] },
  });
  const at = (field: string) => ({ field, type: 'quantitative' as const, scale: vegaScale(x) });
  const spec: TopLevelSpec = {
    data: { values: rows },
    width: 460,
    height: Math.max(60, 40 * names.length),
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 3, strokeCap: 'round' },
        encoding: {
          x: { ...at('low'), title: 'share', axis: { ...tickAxis(x.ticks), grid: true } },
          x2: { field: 'high' },
          y,
          color,
          opacity: opacity('bar'),
        },
      },
      {
        mark: { type: 'point', filled: true, size: 100 },
        encoding: { x: at('value'), y, color, opacity: opacity('dot') },
      },
    ],
  };
  return renderChart(
    spec,
    `Importance of parameters for ${metricTitle(metric)}, ${importanceSource(found)}: ${fanova.main
      .slice(0, mostParameters)
      .map(({ name, ...share }) => `${name} ${formatFigure(share)}`)
      .join('; ')}.`,
  );
}

/** The mean of the metric as a function of one parameter over all others, with a band of ± 2 standard errors. */
async function dependenceChart(
  { fanova, metric }: SweepImportance,
  axis: Axis,
  domain: readonly number[],
): Promise<Chart | undefined> {
  const curve = fanova.dependence.find(({ name }) => name === axis.name);
  if (!curve || curve.points.length === 0) return undefined;
  const choices = choicesOf(axis);
  const rows = curve.points.map(({ at, mean, error }) => ({
    x: axis.kind === 'numeric' ? Number(at) : choices.indexOf(String(at)),
    mean,
    low: mean - 2 * error,
    high: mean + 2 * error,
  }));
  const x = parameterScale(axis, { air: 0.02 });
  const y = scaleOf(domain, { log: false, air: 0.06, ticks: 4 });
  const xAxis = parameterEncoding(axis, x);
  const yAxis = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: `mean ${metricTitle(metric)}`,
    scale: vegaScale(y),
    axis: { ...tickAxis(y.ticks), grid: true, titleY: -10, titleX: -30 },
  });
  const band = { encoding: { x: xAxis, y: yAxis('low'), y2: { field: 'high' } } };
  const spec: TopLevelSpec = {
    data: { values: rows },
    width: 230,
    height: 150,
    layer:
      axis.kind === 'numeric'
        ? [
            { mark: { type: 'area', opacity: 0.18, color: palette.best }, ...band },
            {
              mark: { type: 'line', strokeWidth: 2, color: palette.best },
              encoding: { x: xAxis, y: yAxis('mean') },
            },
          ]
        : [
            { mark: { type: 'rule', strokeWidth: 3, opacity: 0.4, color: palette.best }, ...band },
            {
              mark: { type: 'point', filled: true, size: 90, color: palette.best, opacity: 1 },
              encoding: { x: xAxis, y: yAxis('mean') },
            },
          ],
  };
  return renderChart(
    spec,
    `Mean ${metricTitle(metric)} by ${axisTitle(axis.name)}, all else averaged: ${rows.length} points.`,
  );
}

/** Partial dependence of the most important parameters on one vertical scale, at most `count`. */
export async function dependenceCharts(
  found: SweepImportance,
  axes: readonly Axis[],
  count = 6,
): Promise<Chart[]> {
  const chosen = found.fanova.main
    .slice(0, count)
    .flatMap(({ name }) => axes.filter((axis) => axis.name === name))
    .filter((axis) => axis.kind === 'numeric' || axis.choices.length <= 12);
  const domain = found.fanova.dependence
    .filter(({ name }) => chosen.some((axis) => axis.name === name))
    .flatMap(({ points }) => points.flatMap(({ mean, error }) => [mean - 2 * error, mean + 2 * error]));
  const charts: Chart[] = [];
  for (const axis of chosen) {
    const chart = await dependenceChart(found, axis, domain);
    if (chart) charts.push(chart);
  }
  return charts;
}
