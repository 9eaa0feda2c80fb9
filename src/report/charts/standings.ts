import type { TopLevelSpec } from 'vega-lite';
import type { SweepSnapshot } from '../../sweep/types.js';
import { formatFigure, metricTitle } from '../figures.js';
import type { Standings } from '../ranking.js';
import { fitLine } from '../text.js';
import { sourceWords } from '../verdict.js';
import { palette, renderChart, type Chart } from './render.js';
import { scaleOf, vegaScale, tickAxis } from './scales.js';

/** The winner of the search and the baselines: a dot with a bar of ± 2 standard errors each, best on top. */
export async function standingsChart(snapshot: SweepSnapshot, table: Standings): Promise<Chart> {
  const { metric } = snapshot.spec.objective;
  const rows = table.rows.map(({ trial, figure }, index) => ({
    key: index,
    name:
      trial.baseline === undefined
        ? `best of the search (trial ${trial.trial})`
        : fitLine(trial.baseline, 40),
    value: figure.value,
    low: figure.value - 2 * (figure.error ?? 0),
    high: figure.value + 2 * (figure.error ?? 0),
    text: formatFigure(figure),
    role: trial === table.best ? 'best' : trial === table.standard ? 'standard' : 'baseline',
  }));
  const x = scaleOf(
    rows.flatMap((row) => [row.low, row.value, row.high]),
    { air: 0.1 },
  );
  const clipped = rows.map((row) => ({ ...row, low: Math.max(row.low, x.domain[0]) }));
  const color = {
    field: 'role',
    type: 'nominal' as const,
    legend: null,
    scale: {
      domain: ['best', 'standard', 'baseline'],
      range: [palette.best, palette.standard, palette.baseline],
    },
  };
  const y = {
    field: 'key',
    type: 'ordinal' as const,
    title: null,
    axis: {
      labelExpr: `${JSON.stringify(Object.fromEntries(rows.map((row) => [row.key, row.name])))}[datum.value]`,
      labelColor: palette.ink,
      labelLimit: 360,
      labelFontSize: 13,
    },
  };
  const at = (field: string) => ({
    field,
    type: 'quantitative' as const,
    scale: vegaScale(x),
  });
  const spec: TopLevelSpec = {
    data: { values: clipped },
    width: 560,
    height: { step: 40 },
    encoding: { y },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 3, strokeCap: 'round', opacity: 0.55 },
        encoding: {
          x: {
            ...at('low'),
            title: metricTitle(metric),
            axis: { ...tickAxis(x.ticks), grid: true },
          },
          x2: { field: 'high' },
          color,
        },
      },
      { mark: { type: 'point', filled: true, size: 130, opacity: 1 }, encoding: { x: at('value'), color } },
      {
        mark: { type: 'text', dy: -13, fontSize: 12, fontWeight: 600 },
        encoding: { x: at('value'), text: { field: 'text' }, color },
      },
    ],
  };
  return renderChart(
    spec,
    `${metricTitle(metric)} of the winner and the baselines ${sourceWords(table.source)}: ${rows.map((row) => `${row.name} ${row.text}`).join('; ')}.`,
  );
}
