import type { TopLevelSpec } from 'vega-lite';
import { CounterRandom } from '../random/philox.js';
import { flowOf } from '../schedule/flow.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { fieldStrip } from './fieldStrip.js';
import { decadesAxis, renderPicture, type SchedulePicture } from './schedulePicture.js';

export interface SchedulePicturesInput {
  /** The schedule's name, above each picture. */
  label: string;
  process: DiffusionProcess;
  /** Standard diffusion (or whatever the noising strip is compared with) on the same data. */
  reference: DiffusionProcess;
  /** Fields of the data to noise, at least one: the first is drawn. */
  samples: Float32Array | Float64Array;
  /** The data are images: strips show them in their own tones. Default: fields around 0, in blue and orange. */
  images?: boolean;
  /** Random numbers of the noising strips. */
  seed?: number;
}

const linesDrawn = 10;

/**
 * The pictures of one schedule: γ_i(t), K_Λ over the ordering, n_i(t), SNR by scale, spectra along t, and noising strips
 * beside the reference (what the field looks like, and the noise in it). Each a self-contained SVG.
 */
export async function schedulePictures(input: SchedulePicturesInput): Promise<SchedulePicture[]> {
  const lines = lineRows(input.process);
  const pictures: [string, string, TopLevelSpec][] = [
    ['gamma', 'γ(t), negative log signal-to-noise ratio', overTime(lines, 'gamma', 'γ')],
    ['cutoff', 'Cutoff K = α² over the components', cutoffOverMomentum(input.process)],
    ['noise', 'Absolute noise n(t) = s e^(γ/2)', overTime(lines, 'noise', 'n', 'log')],
    ['snr', 'Signal-to-noise ratio by scale: information erased', overTime(lines, 'snr', 'SNR', 'log')],
    ['spectra', 'Power spectrum of the noised field', spectraAlongTime(input.process)],
  ];
  const drawn = await Promise.all(
    pictures.map(async ([name, title, spec]): Promise<SchedulePicture> => ({
      name,
      title,
      svg: await renderPicture({ ...spec, title: { text: title, subtitle: input.label } }),
    })),
  );
  return [...drawn, { name: 'strips', title: 'Noising strips', svg: strips(input) }];
}

/** Components drawn: one of each shell, evenly chosen by momentum, at most ten. */
function chosenComponents(process: DiffusionProcess): number[] {
  const seen = new Set<number>();
  const shells = process.basis.components.filter(({ shell }) => !seen.has(shell) && seen.add(shell));
  shells.sort((a, b) => a.momentum - b.momentum || a.level - b.level || a.index - b.index);
  if (shells.length <= linesDrawn) return shells.map(({ index }) => index);
  return Array.from(
    { length: linesDrawn },
    (_, j) => shells[Math.round((j * (shells.length - 1)) / (linesDrawn - 1))]!.index,
  );
}

interface LineRow {
  t: number;
  component: string;
  order: number;
  gamma: number;
  noise: number;
  snr: number;
}

function lineRows(process: DiffusionProcess): LineRow[] {
  const chosen = chosenComponents(process);
  const gamma = new Float64Array(process.dimension);
  return Array.from({ length: 101 }, (_, j) => j / 100).flatMap((t) => {
    process.gamma(t, gamma);
    return chosen.map((i, order) => ({
      t,
      component: componentName(process, i),
      order,
      gamma: gamma[i]!,
      noise: process.scale[i]! * Math.exp(gamma[i]! / 2),
      snr: process.dataVariance[i]! * Math.exp(-gamma[i]!),
    }));
  });
}

function componentName(process: DiffusionProcess, i: number): string {
  const { momentum, level, row, column } = process.basis.components[i]!;
  switch (process.basis.name) {
    case 'pixel':
      return `(${row}, ${column})`;
    case 'fourier':
      return `|k̂| = ${momentum.toFixed(2)} (${i})`;
    case 'pca':
    case 'whitened-pca':
      return `#${i + 1}, |k̂| ≈ ${momentum.toFixed(2)}`;
    default:
      return `level ${level}, |k̂| ≈ ${momentum.toFixed(2)} (${i})`;
  }
}

function overTime(rows: LineRow[], field: keyof LineRow, title: string, scale?: 'log'): TopLevelSpec {
  const names = [...new Map(rows.map(({ component, order }) => [component, order]))]
    .sort((a, b) => a[1] - b[1])
    .map(([name]) => name);
  return {
    width: 460,
    height: 280,
    data: { values: rows.map((row) => ({ t: row.t, component: row.component, value: row[field] })) },
    mark: { type: 'line', strokeWidth: 1.8 },
    encoding: {
      x: { field: 't', type: 'quantitative', title: 't' },
      y: {
        field: 'value',
        type: 'quantitative',
        title,
        ...(scale ? { scale: { type: scale }, axis: decadesAxis } : {}),
      },
      color: {
        field: 'component',
        type: 'nominal',
        title: 'component',
        sort: names,
        scale: { scheme: 'viridis' },
      },
    },
  };
}

/** α² of every shell against its momentum, at nine times. */
function cutoffOverMomentum(process: DiffusionProcess): TopLevelSpec {
  const gamma = new Float64Array(process.dimension);
  const values = eighths.flatMap((t) => {
    process.gamma(t, gamma);
    return shellRows(process, (i) => 1 / (1 + Math.exp(gamma[i]!))).map((row) => ({ ...row, t }));
  });
  return bySpectrum(values, 'K = α²');
}

function spectraAlongTime(process: DiffusionProcess): TopLevelSpec {
  const variances = process.dataVariance.map((value, i) => value * process.scale[i]! ** 2);
  const values = eighths.flatMap((t) => {
    const flow = flowOf(process, variances, [t]);
    return shellRows(process, (i) => flow[i]!.variance).map((row) => ({ ...row, t }));
  });
  return bySpectrum(values, 'variance', 'log');
}

const eighths = Array.from({ length: 9 }, (_, j) => j / 8);

/** The mean over components of (nearly) one momentum. */
function shellRows(
  process: DiffusionProcess,
  value: (i: number) => number,
): { momentum: number; value: number }[] {
  const bins = new Map<string, { momentum: number; sum: number; count: number }>();
  for (const { index, momentum } of process.basis.components) {
    const key = momentum.toFixed(process.dimension > 400 ? 1 : 4);
    const bin = bins.get(key) ?? { momentum: Number(key), sum: 0, count: 0 };
    bin.sum += value(index);
    bin.count++;
    bins.set(key, bin);
  }
  return [...bins.values()]
    .sort((a, b) => a.momentum - b.momentum)
    .map(({ momentum, sum, count }) => ({ momentum, value: sum / count }));
}

function bySpectrum(
  values: { momentum: number; value: number; t: number }[],
  title: string,
  scale?: 'log',
): TopLevelSpec {
  return {
    width: 460,
    height: 280,
    data: { values },
    mark: { type: 'line', point: { size: 22 }, strokeWidth: 1.5 },
    encoding: {
      x: { field: 'momentum', type: 'quantitative', title: '|k̂| (lattice units)' },
      y: {
        field: 'value',
        type: 'quantitative',
        title,
        ...(scale ? { scale: { type: scale, nice: false } } : {}),
      },
      color: { field: 't', type: 'ordinal', title: 't', scale: { scheme: 'viridis' } },
      order: { field: 'momentum' },
    },
  };
}

/** Four rows of nine times: the noised field and the noise in it, of the schedule and of the reference. */
function strips({
  label,
  process,
  reference,
  samples,
  images = false,
  seed = 1,
}: SchedulePicturesInput): string {
  const { shape, dimension } = process.basis;
  const sample = Float64Array.from(samples.subarray(0, dimension));
  const middle = images ? process.mean.reduce((a, b) => a + b, 0) / dimension : 0;
  const row = (title: string, of: DiffusionProcess, noiseOnly: boolean) => ({
    title,
    fields: eighths.map((t) => {
      const field = noised(of, sample, t, seed, noiseOnly);
      // Noise has no mean; it is shown around the same grey as the data.
      return noiseOnly ? field.map((value) => value + middle) : field;
    }),
  });
  return fieldStrip({
    title: 'From data to noise',
    subtitle: label,
    columns: eighths.map((t) => `t = ${t}`),
    rows: [
      row('this schedule', process, false),
      row('its noise', process, true),
      row('standard diffusion', reference, false),
      row('its noise', reference, true),
    ],
    shape,
    spread: 2.5 * Math.sqrt(meanVariance(process)),
    middle,
    grey: images,
  });
}

function meanVariance(process: DiffusionProcess): number {
  return (
    process.dataVariance.reduce((sum, value, i) => sum + value * process.scale[i]! ** 2, 0) /
    process.dimension
  );
}

/** μ + U S(αχ + σε), or only U S σε; ε is white in the data's space, so two schedules see the same noise. */
function noised(
  process: DiffusionProcess,
  sample: Float64Array,
  t: number,
  seed: number,
  noiseOnly: boolean,
): Float64Array {
  const { dimension, basis, mean, scale } = process;
  const gamma = new Float64Array(dimension);
  process.gamma(t, gamma);
  const noise = new Float64Array(dimension);
  new CounterRandom(seed, 'noising strip').fillNormal(noise);
  const epsilon = basis.encode(noise, 1);
  const data = basis.encode(
    sample.map((value, i) => value - mean[i]!),
    1,
  );
  const out = basis.decode(
    data.map((c, i) => {
      const added = scale[i]! * Math.sqrt(1 / (1 + Math.exp(-gamma[i]!))) * epsilon[i]!;
      return noiseOnly ? added : added + c * Math.sqrt(1 / (1 + Math.exp(gamma[i]!)));
    }),
    1,
  );
  return noiseOnly ? out : out.map((value, i) => value + mean[i]!);
}
