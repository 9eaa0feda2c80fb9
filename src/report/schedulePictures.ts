import { deflateSync } from 'node:zlib';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { CounterRandom } from '../random/philox.js';
import { flowOf } from '../schedule/flow.js';
import type { DiffusionProcess } from '../schedule/types.js';

/** A picture of a schedule: a file's name and its SVG. */
export interface SchedulePicture {
  name: string;
  title: string;
  svg: string;
}

export interface SchedulePicturesInput {
  /** The schedule's name, above each picture. */
  label: string;
  process: DiffusionProcess;
  /** Standard diffusion (or whatever the noising strip is compared with) on the same data. */
  reference: DiffusionProcess;
  /** Fields of the data to noise, at least one: the first is drawn. */
  samples: Float32Array | Float64Array;
  /** Random numbers of the noising strips. */
  seed?: number;
}

const paperColour = '#ffffff';
const inkColour = '#1c2430';
const mutedColour = '#5b6675';
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
      svg: await render({ ...spec, title: { text: title, subtitle: input.label } }),
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
        ...(scale ? { scale: { type: scale }, axis: { format: '.0e', tickCount: 6 } } : {}),
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
      y: { field: 'value', type: 'quantitative', title, ...(scale ? { scale: { type: scale } } : {}) },
      color: { field: 't', type: 'ordinal', title: 't', scale: { scheme: 'viridis' } },
      order: { field: 'momentum' },
    },
  };
}

async function render(spec: TopLevelSpec): Promise<string> {
  const { spec: compiled } = compile({
    ...spec,
    background: paperColour,
    config: {
      font: 'Helvetica, Arial, sans-serif',
      view: { stroke: null },
      axis: {
        labelColor: mutedColour,
        titleColor: inkColour,
        gridColor: '#e4e8ee',
        titleFontWeight: 'normal',
      },
      legend: { labelColor: inkColour, titleFontWeight: 'normal', labelLimit: 260 },
      title: { anchor: 'start', color: inkColour, subtitleColor: mutedColour },
    },
  });
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** Four rows of nine times: the noised field and the noise in it, of the schedule and of the reference. */
function strips({ label, process, reference, samples, seed = 1 }: SchedulePicturesInput): string {
  const { shape, dimension } = process.basis;
  const sample = Float64Array.from(samples.subarray(0, dimension));
  const tile = 64;
  const gap = 6;
  const left = 150;
  const rows = [
    { title: 'this schedule', process, noiseOnly: false },
    { title: 'its noise', process, noiseOnly: true },
    { title: 'standard diffusion', process: reference, noiseOnly: false },
    { title: 'its noise', process: reference, noiseOnly: true },
  ];
  const spread = 2.5 * Math.sqrt(meanVariance(process));
  const height = Math.round((tile * shape.height) / shape.width);
  const parts = rows.flatMap((row, r) => {
    const y = 52 + r * (height + gap);
    const heading = text(left - 10, y + height / 2 + 4, row.title, 'end', inkColour);
    const images = eighths.map((t, j) => {
      const field = noised(row.process, sample, t, seed, row.noiseOnly);
      const href = `data:image/png;base64,${Buffer.from(fieldPng(field, shape, row.noiseOnly ? undefined : row.process.mean, spread)).toString('base64')}`;
      return `<image x="${left + j * (tile + gap)}" y="${y}" width="${tile}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${href}"/>`;
    });
    return [heading, ...images];
  });
  const times = eighths.map((t, j) =>
    text(left + j * (tile + gap) + tile / 2, 44, `t = ${t}`, 'middle', mutedColour),
  );
  const width = left + 9 * (tile + gap) + 8;
  const total = 52 + 4 * (height + gap) + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" font-family="Helvetica, Arial, sans-serif" font-size="11"><rect width="100%" height="100%" fill="${paperColour}"/>${text(8, 18, 'From data to noise', 'start', inkColour, 'font-weight="bold" font-size="13"')}${text(150, 18, label, 'start', mutedColour)}${times.join('')}${parts.join('')}</svg>`;
}

function text(x: number, y: number, content: string, anchor: string, colour: string, more = ''): string {
  const safe = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}" ${more}>${safe}</text>`;
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

/** A field as a PNG: one channel in blue–white–red around 0, three as red, green, blue. */
function fieldPng(
  field: Float64Array,
  shape: { height: number; width: number; channels: number },
  mean: Float64Array | undefined,
  spread: number,
): Uint8Array {
  const { height, width, channels } = shape;
  const pixels = new Uint8Array(height * width * 3);
  const middle = channels === 3 && mean ? mean.reduce((a, b) => a + b, 0) / mean.length : 0;
  for (let site = 0; site < height * width; site++) {
    const at = (channel: number): number =>
      Math.min(1, Math.max(-1, (field[site * channels + channel]! - middle) / spread));
    if (channels === 3) for (let c = 0; c < 3; c++) pixels[site * 3 + c] = Math.round(127.5 * (1 + at(c)));
    else {
      const value = at(0);
      const fade = (end: number): number => Math.round(255 + (end - 255) * Math.abs(value));
      pixels.set(value < 0 ? [fade(33), fade(102), fade(172)] : [fade(178), fade(24), fade(43)], site * 3);
    }
  }
  return encodePng(pixels, width, height);
}

/** An RGB image as PNG (ISO/IEC 15948), unfiltered rows. */
function encodePng(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++)
    rows.set(pixels.subarray(y * 3 * width, (y + 1) * 3 * width), y * (1 + 3 * width) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(kind: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), content]);
  let crc = 0xffffffff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(content.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
  return out;
}
