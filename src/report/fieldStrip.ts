import type { FieldShape } from '../basis/types.js';
import { diverging } from './fields.js';
import { encodePng } from '../eval/png.js';

/** One row of a strip: its name and its fields, one a column, row · width · channel numbers each. */
export interface StripRow {
  title: string;
  fields: readonly Float64Array[];
}

export interface FieldStripInput {
  /** Above the strip, bold; and beside it. */
  title: string;
  subtitle: string;
  columns: readonly string[];
  rows: readonly StripRow[];
  shape: FieldShape;
  /** Values ± this from `middle` are the ends of the colour scale. */
  spread: number;
  middle?: number;
  /** One channel in `grey`, as photographs are; default: blue, white, orange. */
  grey?: boolean;
}

const ink = '#1c2430';
const muted = '#5b6675';
const tile = 64;
const gap = 6;
const left = 160;
const top = 52;

/** Fields in rows and columns as one self-contained SVG: one channel in blue, white, orange around `middle` or in grey, three in colour. */
export function fieldStrip(input: FieldStripInput): string {
  const { title, subtitle, columns, rows, shape, spread, middle = 0, grey = false } = input;
  const height = Math.round((tile * shape.height) / shape.width);
  const parts = rows.flatMap((row, r) => {
    const y = top + r * (height + gap);
    const images = row.fields.map((field, j) => {
      const png = fieldPng(field, shape, { middle, spread, grey }).toString('base64');
      return `<image x="${left + j * (tile + gap)}" y="${y}" width="${tile}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,${png}"/>`;
    });
    return [text(left - 10, y + height / 2 + 4, row.title, 'end', ink), ...images];
  });
  const heads = columns.map((column, j) =>
    text(left + j * (tile + gap) + tile / 2, top - 8, column, 'middle', muted),
  );
  const width = left + columns.length * (tile + gap) + 8;
  const total = top + rows.length * (height + gap) + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" font-family="Helvetica, Arial, sans-serif" font-size="11"><rect width="100%" height="100%" fill="#ffffff"/>${text(8, 18, title, 'start', ink, 'font-weight="bold" font-size="13"')}${text(left, 18, subtitle, 'start', muted)}${heads.join('')}${parts.join('')}</svg>`;
}

function text(x: number, y: number, content: string, anchor: string, colour: string, more = ''): string {
  const safe = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}" ${more}>${safe}</text>`;
}

function fieldPng(
  field: Float64Array,
  shape: FieldShape,
  { middle, spread, grey }: { middle: number; spread: number; grey: boolean },
): Buffer {
  const { height, width, channels } = shape;
  const pixels = new Uint8Array(height * width * 4);
  for (let site = 0; site < height * width; site++) {
    const at = (channel: number): number =>
      Math.min(1, Math.max(-1, (field[site * channels + channel]! - middle) / spread));
    const tone = (channel: number): number => Math.round(127.5 * (1 + at(channel)));
    const colour =
      channels === 3 ? [tone(0), tone(1), tone(2)] : grey ? [tone(0), tone(0), tone(0)] : diverging(at(0));
    pixels.set([...colour, 255], 4 * site);
  }
  return encodePng(pixels, width, height);
}
