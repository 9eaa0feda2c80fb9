import type { TopLevelSpec } from 'vega-lite';
import { directionWords, formatCount, metricTitle } from '../figures.js';
import type { FrontMember, SweepFront } from '../front.js';
import { fitLine } from '../text.js';
import { placeLabels } from './labelPlaces.js';
import { palette, renderChart, textWidth, trialReference, type Chart } from './render.js';
import { place, scaleOf, tickAxis, valueAt, vegaScale } from './scales.js';

const maximumPoints = 800;
const mostLabels = 14;
const plot = { width: 560, height: 320 };
const fontSize = 11;

/**
 * Searched trials over two objectives: those on the front large, those that are dominated small, baselines as diamonds; with exactly two
 * objectives a step line bounds what the front dominates. Bars are ± 2 standard errors of the front's members.
 */
export async function frontChart(front: SweepFront, first = 0, second = 1): Promise<Chart> {
  const { objectives, members, others, baselines } = front;
  const role = (kind: string, list: readonly FrontMember[]) =>
    list.map(({ trial, figures }) => ({
      x: figures[first]!.value,
      y: figures[second]!.value,
      left: figures[first]!.value - 2 * (figures[first]!.error ?? 0),
      right: figures[first]!.value + 2 * (figures[first]!.error ?? 0),
      low: figures[second]!.value - 2 * (figures[second]!.error ?? 0),
      high: figures[second]!.value + 2 * (figures[second]!.error ?? 0),
      kind,
      area: kind === 'dominated' ? 40 : 110,
      name: trial.baseline === undefined ? `trial ${trial.trial}` : fitLine(trial.baseline, 24),
      href: trialReference(trial.trial),
    }));
  const shown = [
    ...role('dominated', others.slice(-maximumPoints)),
    ...role('baseline', baselines),
    ...role('front', members),
  ];
  const scaleFor = (pick: (row: (typeof shown)[number]) => number[]) =>
    scaleOf(shown.flatMap(pick), { air: 0.08, log: false });
  const [x, y] = [
    scaleFor((row) => (row.kind === 'front' ? [row.left, row.x, row.right] : [row.x])),
    scaleFor((row) => (row.kind === 'front' ? [row.low, row.y, row.high] : [row.y])),
  ];
  const axis = (field: string, scale: typeof x, which: number) => ({
    field,
    type: 'quantitative' as const,
    title: `${metricTitle(objectives[which]!.metric)} (${directionWords(objectives[which]!)})`,
    scale: vegaScale(scale),
    axis: { ...tickAxis(scale.ticks), grid: true },
  });
  const bare = (field: string, scale: typeof x) => ({
    field,
    type: 'quantitative' as const,
    scale: vegaScale(scale),
  });
  const color = {
    field: 'kind',
    type: 'nominal' as const,
    legend: null,
    scale: {
      domain: ['dominated', 'baseline', 'front'],
      range: [palette.trial, palette.baseline, palette.best],
    },
  };
  const xAxis = axis('x', x, first);
  const upright = axis('y', y, second);
  const yAxis = { ...upright, axis: { ...upright.axis, titleY: -14, titleX: -30 } };
  const own = shown.filter(({ kind }) => kind === 'front');
  // Between two members the corner that both dominate lies on the worse side of both.
  const line = objectives.length === 2 ? [...own].sort((a, b) => a.x - b.x) : [];
  // The front's members choose their places first.
  const named = [...own, ...shown.filter(({ kind }) => kind === 'baseline')].slice(0, mostLabels);
  const pixels = (row: (typeof shown)[number]) => ({
    x: plot.width * place(x, row.x),
    y: plot.height * (1 - place(y, row.y)),
  });
  const places = placeLabels(
    [
      ...named.map((row) => ({ ...pixels(row), width: textWidth(row.name, fontSize) })),
      ...shown.filter((row) => !named.includes(row)).map(pixels),
    ],
    plot,
  );
  const labels = named.map(({ name }, index) => ({
    name,
    x: valueAt(x, places[index]!.x / plot.width),
    y: valueAt(y, 1 - places[index]!.y / plot.height),
  }));
  const spec: TopLevelSpec = {
    ...plot,
    layer: [
      ...(line.length > 1
        ? [
            {
              data: { values: line },
              mark: {
                type: 'line' as const,
                interpolate:
                  objectives[first]!.direction === 'minimize'
                    ? ('step-after' as const)
                    : ('step-before' as const),
                strokeWidth: 1.5,
                opacity: 0.6,
                color: palette.best,
              },
              encoding: { x: xAxis, y: yAxis },
            },
          ]
        : []),
      {
        data: { values: own },
        mark: { type: 'rule', strokeWidth: 2, opacity: 0.35, color: palette.best },
        encoding: { x: bare('left', x), x2: { field: 'right' }, y: bare('y', y) },
      },
      {
        data: { values: own },
        mark: { type: 'rule', strokeWidth: 2, opacity: 0.35, color: palette.best },
        encoding: { x: bare('x', x), y: bare('low', y), y2: { field: 'high' } },
      },
      {
        data: { values: shown },
        mark: { type: 'point', filled: true, opacity: 0.95 },
        encoding: {
          x: xAxis,
          y: yAxis,
          color,
          size: { field: 'area', type: 'quantitative', legend: null, scale: null },
          shape: {
            field: 'kind',
            type: 'nominal',
            legend: null,
            scale: { domain: ['dominated', 'baseline', 'front'], range: ['circle', 'diamond', 'circle'] },
          },
          href: { field: 'href', type: 'nominal' },
        },
      },
      {
        data: { values: labels },
        mark: { type: 'text', fontSize, color: palette.ink, baseline: 'middle' },
        encoding: { x: bare('x', x), y: bare('y', y), text: { field: 'name' } },
      },
    ],
  };
  return renderChart(
    spec,
    `${metricTitle(objectives[second]!.metric)} against ${metricTitle(objectives[first]!.metric)} of ${formatCount(shown.length)} trials; on the front: ${members.map(({ trial }) => `trial ${trial.trial}`).join(', ')}.`,
  );
}

/** A chart for each pair of objectives, the first one's first; at most three. */
export async function frontCharts(front: SweepFront): Promise<Chart[]> {
  const pairs = front.objectives.flatMap((_, first) =>
    front.objectives.slice(first + 1).map((_second, rest) => [first, first + 1 + rest] as const),
  );
  const charts: Chart[] = [];
  for (const [first, second] of pairs.slice(0, 3)) charts.push(await frontChart(front, first, second));
  return charts;
}
