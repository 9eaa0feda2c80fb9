import { defaultSupervision, type SweepSpec } from '../../src/sweep/types.js';
import { crc32, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placeLabels } from '../../src/report/charts/labelPlaces.js';
import { place, scaleOf, spreadLabels, thin, tickLabel } from '../../src/report/charts/scales.js';
import { trialsCsv, trialsJsonLines } from '../../src/report/export.js';
import { fieldGrid, fieldLimit } from '../../src/report/fields.js';
import { encodePng } from '../../src/eval/png.js';
import { sweepFileOf } from '../../src/report/sweepFile.js';
import { parseSweepFile } from '../../src/sweep/spec.js';
import { fixtureSnapshot, fixtureSpec } from './fixture.js';

describe('scales', () => {
  test('hold every value and every tick', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
            fc.double({ noNaN: true, min: -10, max: 10 }),
          ),
          {
            minLength: 1,
          },
        ),
        (values) => {
          const scale = scaleOf(values);
          for (const value of values) {
            expect(place(scale, value)).toBeGreaterThanOrEqual(-1e-9);
            expect(place(scale, value)).toBeLessThanOrEqual(1 + 1e-9);
          }
          for (const tick of scale.ticks) {
            expect(place(scale, tick)).toBeGreaterThanOrEqual(-1e-6);
            expect(place(scale, tick)).toBeLessThanOrEqual(1 + 1e-6);
          }
          expect(scale.ticks.length).toBeLessThan(40);
        },
      ),
    );
  });

  test('have few ticks where values differ by rounding alone', () => {
    for (const value of [1, -7, 0.3, 1e15, -1e-4]) {
      const next = value * (1 + Number.EPSILON);
      const { ticks, domain } = scaleOf([value, next], { log: false });
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThan(10);
      expect(domain[0]).toBeLessThan(value);
    }
  });

  test('are logarithmic where values span more than a factor of three', () => {
    expect(scaleOf([0.05, 0.3]).type).toBe('log');
    expect(scaleOf([0.05, 0.1]).type).toBe('linear');
    expect(scaleOf([-0.05, 0.3]).type).toBe('linear');
    expect(scaleOf([0.05, 0.3]).ticks).toContain(0.1);
    expect(scaleOf([NaN, Infinity]).domain).toEqual([0, 1]);
  });

  test('labels are moved apart, keep their order, and stay when there is room', () => {
    const scale = scaleOf([0, 1], { log: false, air: 0 });
    expect(spreadLabels(scale, [0.9, 0.1], 0.1)).toEqual([0.9, 0.1]);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }), (values) => {
        const spread = spreadLabels(scale, values, 0.05);
        const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
        for (let i = 1; i < order.length; i++)
          expect(spread[order[i]!]! - spread[order[i - 1]!]!).toBeGreaterThanOrEqual(0.05 - 1e-9);
        // None lies on an axis.
        for (const at of spread) expect(Math.abs(place(scale, at) - 0.5)).toBeLessThanOrEqual(0.475 + 1e-9);
      }),
    );
  });

  test('labels of points choose places where they cover nothing, and stay above their point where they can', () => {
    const plot = { width: 560, height: 320 };
    expect(placeLabels([{ x: 100, y: 100, width: 40 }], plot)).toEqual([{ x: 100, y: 100 - 14.5 }]);
    // Two neighbours, a third on top of the first, one in the corner, and a mark without a label.
    const points = [
      { x: 100, y: 100, width: 60 },
      { x: 112, y: 103, width: 60 },
      { x: 101, y: 99, width: 60 },
      { x: 555, y: 2, width: 60 },
      { x: 100, y: 85 },
    ];
    const places = placeLabels(points, plot);
    expect(places[4]).toBeUndefined();
    const labels = places.slice(0, 4).map((place) => place!);
    for (const [i, a] of labels.entries()) {
      for (const b of labels.slice(i + 1))
        expect(Math.abs(a.x - b.x) >= 60 || Math.abs(a.y - b.y) >= 13, JSON.stringify([a, b])).toBe(true);
      for (const mark of points)
        expect(
          Math.abs(a.x - mark.x) >= 35 || Math.abs(a.y - mark.y) >= 11.5,
          JSON.stringify([a, mark]),
        ).toBe(true);
      expect(a.x + 30).toBeLessThanOrEqual(plot.width);
    }
  });

  test('ticks read as people write them', () => {
    expect([0.05, 1000, -10, 2e-5, 0, 2.5].map(tickLabel)).toEqual([
      '0.05',
      '1,000',
      '−10',
      '2e−5',
      '0',
      '2.5',
    ]);
  });

  test('thinning keeps both ends', () => {
    expect(thin([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 4, 7]);
    expect(thin([1, 2], 3)).toEqual([1, 2]);
  });
});

/** Reads back what `encodePng` writes. */
function decodePng(file: Buffer): { width: number; height: number; pixels: Buffer } {
  expect(file.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  const parts: Record<string, Buffer> = {};
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(file.subarray(at + 4, at + 8 + length)));
    parts[file.toString('latin1', at + 4, at + 8)] = file.subarray(at + 8, at + 8 + length);
    at += 12 + length;
  }
  expect(Object.keys(parts)).toEqual(['IHDR', 'IDAT', 'IEND']);
  const width = parts['IHDR']!.readUInt32BE(0);
  const height = parts['IHDR']!.readUInt32BE(4);
  const raw = inflateSync(parts['IDAT']!);
  const rows = Array.from({ length: height }, (_, row) => {
    expect(raw[row * (4 * width + 1)]).toBe(0);
    return raw.subarray(row * (4 * width + 1) + 1, (row + 1) * (4 * width + 1));
  });
  return { width, height, pixels: Buffer.concat(rows) };
}

describe('pictures of fields', () => {
  test('a PNG holds the pixels it was made of', () => {
    const pixels = Uint8Array.from({ length: 4 * 5 * 3 }, (_, i) => (i * 37) % 256);
    const read = decodePng(encodePng(pixels, 5, 3));
    expect([read.width, read.height]).toEqual([5, 3]);
    expect(Uint8Array.from(read.pixels)).toEqual(pixels);
    expect(() => encodePng(pixels, 4, 3)).toThrow(/4 × 3 pixels/);
  });

  test('positive sites are orange, negative blue, zero pale; fields are apart', () => {
    const shape = { height: 2, width: 2, channels: 1 };
    const grid = fieldGrid(Float32Array.from([1, -1, 0, 1, 1, 1, 1, 1]), shape, {
      rows: 1,
      columns: 4,
      limit: 1,
    })!;
    expect(grid.shown).toBe(2);
    const { width, pixels } = decodePng(Buffer.from(grid.source.split(',')[1]!, 'base64'));
    const at = (x: number, y: number) => [...pixels.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)];
    expect(at(0, 0)).toEqual([196, 84, 12, 255]);
    expect(at(11, 0)).toEqual([24, 98, 168, 255]);
    expect(at(0, 11)).toEqual([246, 245, 242, 255]);
    expect(at(12, 0)[3]).toBe(0);
  });

  test('the colour scale is not stretched by a single wild value', () => {
    const samples = new Float32Array(1000).fill(0.5);
    samples[3] = 1e6;
    expect(fieldLimit(samples)).toBe(0.5);
    expect(fieldLimit(new Float32Array(10))).toBe(1);
    expect(
      fieldGrid(new Float32Array(3), { height: 2, width: 2, channels: 1 }, { rows: 1, columns: 1, limit: 1 }),
    ).toBeUndefined();
  });
});

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (field.lastIndex < text.length) {
    const [, quoted, plain, end] = field.exec(text)!;
    row.push(quoted?.replace(/""/g, '"') ?? plain!);
    if (end === '\r\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

describe('exports', () => {
  test('CSV has a row for each trial with result, test and parameters', () => {
    const snapshot = fixtureSnapshot();
    snapshot.trials[4]!.label = '=cmd|"/c calc", \r\nnext';
    const [head, ...rows] = parseCsv(trialsCsv(snapshot));
    expect(rows).toHaveLength(15);
    expect(rows.every((row) => row.length === head!.length)).toBe(true);
    const cell = (row: number, name: string) => rows[row]![head!.indexOf(name)];
    expect(cell(4, 'label')).toBe(`'=cmd|"/c calc", \r\nnext`);
    expect(Number(cell(11, 'metric.kl'))).toBe(snapshot.trials[11]!.rungs[1]!.metrics['kl']);
    expect(Number(cell(11, 'test.kl'))).toBe(snapshot.trials[11]!.test!['kl']);
    expect(Number(cell(11, 'parameter.cutoffWidth'))).toBe(snapshot.trials[11]!.parameters['cutoffWidth']);
    expect(cell(5, 'state')).toBe('failed');
    expect(cell(5, 'metric.kl')).toBe('');
    expect(cell(0, 'parameter.gaussianScore')).toBe('false');
  });

  test('CSV leaves a spreadsheet nothing to calculate, whatever its list separator, and holds no controls', () => {
    const snapshot = fixtureSnapshot();
    const texts = [
      '=1+1',
      '+1',
      '-1+1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      '\n=1',
      '＝1',
      'a;=1+1',
      'a\t=1',
      '\u001b[31mred\u009b',
    ];
    for (const [index, text] of texts.entries()) {
      snapshot.trials[index]!.label = text;
      snapshot.trials[index]!.parameters = { [text]: text, negative: -1 };
    }
    const csv = trialsCsv(snapshot);
    // eslint-disable-next-line no-control-regex
    expect(csv).not.toMatch(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/);
    const outsideQuotes = csv.replaceAll(/"(?:[^"]|"")*"/g, 'quoted');
    expect(outsideQuotes).not.toMatch(/[;\t]/);
    const [head, ...rows] = parseCsv(csv);
    for (const cell of [head!, ...rows].flat())
      if (!/^-?[\d.]+(e[+-]\d+)?$/.test(cell)) expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
    expect(rows[0]![head!.indexOf('parameter.negative')]).toBe('-1');
  });

  test('JSON Lines are the records themselves', () => {
    const snapshot = fixtureSnapshot();
    const lines = trialsJsonLines(snapshot).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(snapshot.trials);
  });

  test('the sweep file that a report prints launches the same sweep', () => {
    const read = parseSweepFile(sweepFileOf(fixtureSpec), 'phi4-quick.yaml', () => {
      throw new Error('it names no other file');
    });
    expect(read).toEqual({ supervision: defaultSupervision, ...fixtureSpec });
  });

  test('and so it does with every budget, several objectives, replicates, a fixed order and a warm start', () => {
    const spec: SweepSpec = {
      ...fixtureSpec,
      supervision: defaultSupervision,
      objectives: [fixtureSpec.objective, { metric: 'ess', direction: 'maximize' }],
      budget: { trials: 4, concurrency: 2, steps: 90_000, wallClockSeconds: 5400, gpuHours: 2.5 },
      replicates: 2,
      reproducible: true,
      warmStart: ['phi4-earlier'],
    };
    const read = parseSweepFile(sweepFileOf(spec), 'phi4-quick.yaml', () => {
      throw new Error('it names no other file');
    });
    expect(read).toEqual(spec);
  });
});
