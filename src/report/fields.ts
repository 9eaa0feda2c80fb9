import type { FieldShape } from '../basis/types.js';
import { encodePng } from '../eval/png.js';

/** Blue, white, orange: told apart by every kind of colour vision, with the same lightness for ±. */
const ends = { low: [24, 98, 168], middle: [246, 245, 242], high: [196, 84, 12] } as const;

/** The colour of a value in [−1, 1]; beyond, the ends'. */
export function diverging(value: number): [number, number, number] {
  const size = Math.min(1, Math.abs(value)) ** 0.85;
  const end = value < 0 ? ends.low : ends.high;
  return [0, 1, 2].map((i) => Math.round(ends.middle[i]! + size * (end[i]! - ends.middle[i]!))) as [
    number,
    number,
    number,
  ];
}

/** Fields side by side in one picture, each pixel a site, and how the picture is to be shown. */
export interface FieldGrid {
  /** `data:image/png;base64,…` */
  source: string;
  width: number;
  height: number;
  shown: number;
}

export interface FieldGridOptions {
  rows: number;
  columns: number;
  limit: number;
  /** `diverging` (default) draws the first channel in blue, white and orange; `image` three channels in colour, one in grey. */
  tones?: 'diverging' | 'image';
}

function colourOf(
  samples: Float32Array,
  at: number,
  channels: number,
  limit: number,
  tones: 'diverging' | 'image',
): [number, number, number] {
  if (tones === 'diverging') return diverging(samples[at]! / limit);
  const tone = (channel: number) =>
    Math.round(127.5 * (1 + Math.min(1, Math.max(-1, samples[at + channel]! / limit))));
  return channels === 3 ? [tone(0), tone(1), tone(2)] : [tone(0), tone(0), tone(0)];
}

/**
 * Draws up to `rows · columns` fields, evenly chosen from `samples`, in one grid with a transparent
 * line between fields. Values ± `limit` are the ends of the colour scale. Undefined when there is no whole field.
 */
export function fieldGrid(
  samples: Float32Array,
  shape: FieldShape,
  { rows, columns, limit, tones = 'diverging' }: FieldGridOptions,
): FieldGrid | undefined {
  const { height, width, channels } = shape;
  const dimension = height * width * channels;
  const count = Math.floor(samples.length / dimension);
  if (count === 0) return undefined;
  const shown = Math.min(count, rows * columns);
  const across = Math.min(columns, shown);
  const down = Math.ceil(shown / across);
  // A site is several pixels, so that the line between fields can be thinner than a site.
  const site = Math.max(1, Math.min(6, Math.round(36 / width)));
  const gap = Math.max(1, Math.round(site * 0.7));
  const pictureWidth = across * (width * site + gap) - gap;
  const pictureHeight = down * (height * site + gap) - gap;
  const pixels = new Uint8Array(4 * pictureWidth * pictureHeight);
  for (let index = 0; index < shown; index++) {
    const field = Math.floor((index * count) / shown);
    const left = (index % across) * (width * site + gap);
    const top = Math.floor(index / across) * (height * site + gap);
    for (let y = 0; y < height * site; y++)
      for (let x = 0; x < width * site; x++) {
        const place = (Math.floor(y / site) * width + Math.floor(x / site)) * channels;
        const [r, g, b] = colourOf(samples, field * dimension + place, channels, limit, tones);
        pixels.set([r, g, b, 255], 4 * ((top + y) * pictureWidth + left + x));
      }
  }
  return {
    source: `data:image/png;base64,${encodePng(pixels, pictureWidth, pictureHeight).toString('base64')}`,
    width: pictureWidth,
    height: pictureHeight,
    shown,
  };
}

/** A limit of the colour scale that most values lie within: the 99th percentile of |φ|. */
export function fieldLimit(samples: Float32Array): number {
  const sizes = Float32Array.from(samples.subarray(0, 200_000), Math.abs).filter(Number.isFinite).sort();
  return sizes[Math.floor(0.99 * (sizes.length - 1))] || 1;
}

/** The colour scale itself, for the legend: CSS colours from −limit to +limit. */
export function fieldGradient(): string {
  const stops = [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1].map(
    (value) => `rgb(${diverging(value).join(' ')})`,
  );
  return `linear-gradient(to right, ${stops.join(', ')})`;
}
