import type { TopLevelSpec } from 'vega-lite';
import type { FlowPoint } from '../schedule/flow.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { FollowedFlow } from '../schedule/universality.js';
import { decadesAxis, renderPicture, type SchedulePicture } from './schedulePicture.js';

/** Bands drawn: that many lines can still be told apart. */
const most = 6;

interface Band {
  name: string;
  components: number[];
}

/** The components by |k̂|, in at most six bands of about as many different momenta. */
function momentumBands({ basis }: DiffusionProcess): Band[] {
  const byMomentum = new Map<string, number[]>();
  for (const { index, momentum } of [...basis.components].sort((a, b) => a.momentum - b.momentum)) {
    const key = momentum.toFixed(2);
    byMomentum.set(key, [...(byMomentum.get(key) ?? []), index]);
  }
  const all = [...byMomentum];
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, j) => {
    const part = all.slice(Math.floor((j * all.length) / count), Math.floor(((j + 1) * all.length) / count));
    const [low, high] = [part[0]![0], part.at(-1)![0]];
    return {
      name: low === high ? `|k̂| = ${low}` : `|k̂| = ${low}–${high}`,
      components: part.flatMap(([, components]) => components),
    };
  });
}

/** The mean over a band's components at every time. */
function bandRows(
  flow: FollowedFlow,
  bands: readonly Band[],
  value: (point: FlowPoint) => number,
): { t: number; band: string; data: string; value: number }[] {
  const bandOf = new Map(bands.flatMap(({ components }, b) => components.map((i) => [i, b] as const)));
  const sums = new Map<string, { t: number; band: number; sum: number; count: number }>();
  for (const point of flow.points) {
    const band = bandOf.get(point.component)!;
    const key = `${point.t} ${band}`;
    const entry = sums.get(key) ?? { t: point.t, band, sum: 0, count: 0 };
    entry.sum += value(point);
    entry.count++;
    sums.set(key, entry);
  }
  return [...sums.values()].map(({ t, band, sum, count }) => ({
    t,
    band: bands[band]!.name,
    data: flow.name,
    value: sum / count,
  }));
}

type View = { title: string; width: number; height: number } & Record<string, unknown>;

function lines(
  title: string,
  rows: { t: number; band: string; data: string; value: number }[],
  bands: readonly Band[],
  y: { title: string; scale?: 'log' },
): View {
  return {
    title,
    width: 330,
    height: 260,
    data: { values: rows },
    mark: { type: 'line', strokeWidth: 1.8 },
    encoding: {
      x: { field: 't', type: 'quantitative', title: 't' },
      y: {
        field: 'value',
        type: 'quantitative',
        title: y.title,
        ...(y.scale ? { scale: { type: y.scale, nice: false } } : {}),
      },
      color: {
        field: 'band',
        type: 'nominal',
        title: 'band',
        sort: bands.map(({ name }) => name),
        scale: { scheme: 'viridis' },
      },
      ...(new Set(rows.map(({ data }) => data)).size > 1
        ? { strokeDash: { field: 'data', type: 'nominal', title: 'data', sort: [rows[0]!.data] } }
        : {}),
    },
  };
}

/** Excess kurtosis of each band along t: what is left of the interaction at each scale. */
export async function kurtosisPicture(
  process: DiffusionProcess,
  label: string,
  flow: FollowedFlow,
): Promise<SchedulePicture> {
  const bands = momentumBands(process);
  const rows = bandRows(flow, bands, ({ kurtosis }) => kurtosis);
  const { title, ...view } = lines('Excess kurtosis by band', rows, bands, { title: 'excess kurtosis' });
  return {
    name: 'kurtosis',
    title,
    svg: await renderPicture({ ...view, title: { text: title, subtitle: label } } as TopLevelSpec),
  };
}

/**
 * Two data sets through one process: spectra, the distance between them, and kurtosis, by band along t. Where the two
 * lines of a colour meet, the process has forgotten which data it began with.
 */
export async function universalityPicture(
  process: DiffusionProcess,
  label: string,
  flows: readonly [FollowedFlow, FollowedFlow],
  apart: readonly { t: number; logRatio: number }[],
): Promise<SchedulePicture> {
  const bands = momentumBands(process);
  const of = (value: (point: FlowPoint) => number) => flows.flatMap((flow) => bandRows(flow, bands, value));
  const title = 'Two couplings on their way to one fixed point';
  const distance: View = {
    title: 'Distance of the spectra',
    width: 330,
    height: 260,
    layer: [
      {
        data: { values: apart.filter(({ logRatio }) => logRatio > 0) },
        mark: { type: 'line', strokeWidth: 1.8, color: '#1c2430' },
        encoding: {
          x: { field: 't', type: 'quantitative', title: 't' },
          y: {
            field: 'logRatio',
            type: 'quantitative',
            title: 'largest |log ratio|',
            scale: { type: 'log' },
            axis: decadesAxis,
          },
        },
      },
      {
        data: { values: [{ bound: 0.01 }] },
        mark: { type: 'rule', strokeDash: [4, 3], color: '#5b6675' },
        encoding: { y: { field: 'bound', type: 'quantitative' } },
      },
    ],
  };
  const spec = {
    title: { text: title, subtitle: label },
    hconcat: [
      lines(
        'Power spectrum',
        of(({ variance }) => variance),
        bands,
        { title: 'variance', scale: 'log' },
      ),
      distance,
      lines(
        'Excess kurtosis',
        of(({ kurtosis }) => kurtosis),
        bands,
        { title: 'excess kurtosis' },
      ),
      // Titles start where the axes do, all at one height.
    ].map((view) => ({ ...view, title: { text: view.title, frame: 'group' } })),
  };
  return { name: 'universality', title, svg: await renderPicture(spec as unknown as TopLevelSpec) };
}
