import { describe, expect, test } from 'vitest';
import { chartFiles, standaloneSvg } from '../../src/report/chartFiles.js';
import { galleryCharts } from '../../src/report/gallery.js';
import { rasterize } from '../../src/report/rasterize.js';
import { fixtureSnapshot, fixtureStatistics } from './fixture.js';
import { all, descendants, parseMarkup } from './markup.js';

const input = {
  snapshot: fixtureSnapshot(),
  statistics: fixtureStatistics(),
  versions: {},
  now: new Date('2026-03-01T10:00:00.000Z'),
};

/** A rectangle with a label, as charts begin. */
const chart = (width: number, height: number) => ({
  width,
  svg: `<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="${width} wide" viewBox="0 0 ${width} ${height}" width="${width}"><g aria-hidden="true"><rect fill="var(--best)"/></g></svg>`,
});

describe('charts as files', () => {
  test('are the report’s and the page’s, whole and needing no page', async () => {
    const files = await chartFiles(input);
    const names = files.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['standings', 'over-steps', 'slices', 'gamma', 'cutoff']));
    for (const name of names) expect(name === 'standings' || galleryCharts.has(name)).toBe(true);
    for (const { name, svg } of files) {
      expect(svg).not.toMatch(/var\(--|url\((?!#)|<script|href="(?!#)/);
      const root = all(parseMarkup(svg), 'svg')[0]!;
      const ids = [...descendants(root)].flatMap(({ attributes }) => attributes['id'] ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      expect(Number(root.attributes['width'])).toBeGreaterThan(100);
      if (name === 'slices') expect(all(root, 'svg').length).toBeGreaterThan(2);
    }
    const png = await rasterize(files.find(({ name }) => name === 'cutoff')!.svg);
    expect(Buffer.from(png).toString('latin1', 1, 4)).toBe('PNG');
  });

  test('name every choice of a parameter, however many it has', async () => {
    const snapshot = fixtureSnapshot();
    const bases = ['pixel', 'fourier', 'pca', 'whitened-pca', 'haar', 'daubechies4', 'block-spin', 'other'];
    const parameters = snapshot.spec.space.parameters.map((one) =>
      one.name === 'basis' ? { ...one, type: 'categorical' as const, choices: bases } : one,
    );
    const changed = { ...snapshot, spec: { ...snapshot.spec, space: { parameters } } };
    const [slices] = await chartFiles({ ...input, snapshot: changed }, { only: ['slices'] });
    for (const basis of bases) expect(slices!.svg).toContain(`>${basis}</text>`);
  });

  test('say what their colours stand for', async () => {
    const files = new Map((await chartFiles(input)).map(({ name, svg }) => [name, svg]));
    expect(files.get('slices')).toMatch(/after [\d,]+ steps/);
    expect(files.get('gamma')).toMatch(/small \|k̂\|.*large \|k̂\|/s);
    expect(files.get('cutoff')).toMatch(/t = 0.*t = 1/s);
  });

  test('are only those that are asked for, and none that there is nothing for', async () => {
    const { statistics: _, ...without } = input;
    const drawn = await chartFiles(without, { only: ['standings', 'gamma', 'rungs'] });
    expect(drawn.map(({ name }) => name)).toEqual(['standings', 'rungs']);
    const compared = await chartFiles(input, { only: ['gamma'], compared: [0] });
    expect(compared[0]!.svg).not.toContain('best (trial');
  });

  test('stand in rows that their broadest fits, and leave room for the keys', () => {
    const place = (svg: string) =>
      all(all(parseMarkup(svg), 'svg')[0]!, 'svg').map(({ attributes }) => [
        Number(attributes['x']),
        Number(attributes['y']),
      ]);
    const four = place(standaloneSvg(Array.from({ length: 4 }, () => chart(300, 200))));
    const rows = [...new Set(four.map(([, y]) => y))].filter((y) => !Number.isNaN(y));
    expect(rows).toHaveLength(2);
    expect(rows[1]! - rows[0]!).toBeGreaterThanOrEqual(200);
    expect(standaloneSvg([chart(300, 200)])).toContain('fill="#0a62ab"');
    const keyed = standaloneSvg([chart(100, 50)], [{ color: 'best', text: 'a key of many words beside it' }]);
    const width = Number(/width="(\d+)"/.exec(keyed)![1]);
    expect(width).toBeGreaterThan(180);
    expect(() => standaloneSvg([{ width: 1, svg: '<svg></svg>' }])).toThrow(/does not begin/);
    expect(() =>
      standaloneSvg([{ ...chart(9, 9), svg: chart(9, 9).svg.replace('best', 'nowhere') }]),
    ).toThrow(/no colour called nowhere/);
  });
});
