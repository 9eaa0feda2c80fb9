import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { fieldStrip } from '../../src/report/fieldStrip.js';
import { rasterize } from '../../src/report/rasterize.js';
import { renderPicture } from '../../src/report/schedulePicture.js';

interface Pixels {
  width: number;
  height: number;
  /** Red, green, blue and opacity from 0 to 255. */
  at: (x: number, y: number) => number[];
}

/** Reads an 8-bit RGBA PNG (W3C PNG, section 9: the five filters). */
function decodePng(file: Uint8Array): Pixels {
  const bytes = Buffer.from(file);
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  expect([...bytes.subarray(24, 29)]).toEqual([8, 6, 0, 0, 0]);
  const raw = inflateSync(Buffer.concat(parts));
  const row = 4 * width;
  const out = new Uint8Array(row * height);
  for (let y = 0; y < height; y++)
    for (let i = 0; i < row; i++) {
      const a = i < 4 ? 0 : out[y * row + i - 4]!;
      const b = y === 0 ? 0 : out[(y - 1) * row + i]!;
      const c = i < 4 || y === 0 ? 0 : out[(y - 1) * row + i - 4]!;
      const nearest = [a, b, c].sort((p, q) => Math.abs(a + b - c - p) - Math.abs(a + b - c - q))[0]!;
      const predicted = [0, a, b, Math.floor((a + b) / 2), nearest][raw[y * (row + 1)]!]!;
      out[y * row + i] = raw[y * (row + 1) + 1 + i]! + predicted;
    }
  return { width, height, at: (x, y) => [...out.subarray(y * row + 4 * x, y * row + 4 * x + 4)] };
}

/** How many pixels of a rectangle are darker than mid-grey. */
function dark({ at }: Pixels, left: number, top: number, width: number, height: number): number {
  let count = 0;
  for (let y = top; y < top + height; y++)
    for (let x = left; x < left + width; x++) if (at(x, y)[0]! < 128) count++;
  return count;
}

describe('rasterize', () => {
  test('text is there in every letter the pictures use, whatever fonts the machine has', async () => {
    const letters = [
      'γ',
      'k̂',
      'Λ',
      'σ',
      '⁻',
      '²',
      '≈',
      '−',
      '·',
      'β',
      'α',
      'ε',
      'φ',
      '⁴',
      'χ',
      'Σ',
      '→',
      '×',
    ];
    const missing = '\ue123';
    const drawn = await Promise.all(
      ['', missing, ...letters].map(async (letter) =>
        rasterize(
          `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" font-family="Helvetica, Arial, sans-serif" font-size="14"><rect width="20" height="20" fill="#fff"/><text x="4" y="15">${letter}</text></svg>`,
        ),
      ),
    );
    const inked = drawn.map((file) => dark(decodePng(file), 0, 0, 40, 40));
    expect(inked[0]).toBe(0);
    letters.forEach((letter, i) => {
      expect(inked[i + 2], letter).toBeGreaterThan(5);
      // Not the box that stands for what a font has not.
      expect(Buffer.from(drawn[i + 2]!).equals(Buffer.from(drawn[1]!)), letter).toBe(false);
    });
  });

  test('a chart is twice its size in units, with its title, axes and line', async () => {
    const svg = await renderPicture({
      title: { text: 'γ(t) by |k̂|' },
      width: 200,
      height: 100,
      data: { values: [0, 1].map((t) => ({ t, value: t })) },
      mark: { type: 'line', color: '#000000' },
      encoding: {
        x: { field: 't', type: 'quantitative' },
        y: { field: 'value', type: 'quantitative' },
      },
    });
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
    const picture = decodePng(await rasterize(svg));
    expect([picture.width, picture.height]).toEqual([2 * width!, 2 * height!]);
    expect(picture.at(1, 1)).toEqual([255, 255, 255, 255]);
    expect(dark(picture, 0, 0, picture.width, 30)).toBeGreaterThan(100);
    // The line crosses every column between the axes.
    for (let x = 160; x < 400; x += 40) expect(dark(picture, x, 60, 1, 180), String(x)).toBeGreaterThan(0);
  });

  test('sites of a field stay squares of one colour', async () => {
    const shape = { height: 2, width: 2, channels: 1 };
    const rows = [{ title: 'field', fields: [Float64Array.of(-1, 1, 1, -1)] }];
    const svg = fieldStrip({ title: 'a', subtitle: 'b', columns: ['t'], rows, shape, spread: 1 });
    const picture = decodePng(await rasterize(svg, 1));
    const [, x, y] = /<image x="(\d+)" y="(\d+)"/.exec(svg)!.map(Number);
    const colours = new Set<string>();
    for (let j = 1; j < 63; j++) for (let i = 1; i < 63; i++) colours.add(picture.at(x! + i, y! + j).join());
    expect(colours.size).toBe(2);
    expect(picture.at(x! + 30, y! + 30)).toEqual(picture.at(x! + 34, y! + 34));
    expect(picture.at(x! + 30, y! + 30)).not.toEqual(picture.at(x! + 34, y! + 30));
  });

  test('the same picture gives the same bytes', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4" cx="4" cy="4"/></svg>';
    expect(await rasterize(svg)).toEqual(await rasterize(svg));
  });
});
