import { describe, expect, it } from 'vitest';
import { bands, rankingBands, type RankedPoint } from '../../src/report/charts/surface.js';

const smooth = { cells: 20, smooth: true };
const all = (density: number, part: (u: number, v: number) => number): RankedPoint[] =>
  Array.from({ length: density ** 2 }, (_, n) => {
    const [u, v] = [((n % density) + 0.5) / density, (Math.floor(n / density) + 0.5) / density];
    return { u, v, part: part(u, v) };
  });
const at = (cells: ReturnType<typeof rankingBands>, u: number, v: number) =>
  cells.find((cell) => cell.u[0] <= u && u < cell.u[1] && cell.v[0] <= v && v < cell.v[1])?.band;

describe('contours of a ranking', () => {
  it('follow a known surface, in bands whose cells cover the square once', () => {
    const cells = rankingBands(
      all(20, (u) => u),
      smooth,
      smooth,
    );
    expect(at(cells, 0.01, 0.5)).toBeGreaterThan(at(cells, 0.5, 0.5)!);
    expect(at(cells, 0.5, 0.5)).toBe((bands - 1) / 2);
    expect(at(cells, 0.99, 0.5)).toBeLessThan(at(cells, 0.5, 0.5)!);
    const area = cells.reduce((sum, { u, v }) => sum + (u[1] - u[0]) * (v[1] - v[0]), 0);
    expect(area).toBeCloseTo(1, 10);
    // Equal neighbours are one.
    expect(cells.length).toBeLessThanOrEqual(20 * bands);
  });

  it('are those of the mean where all points are at one place, and nowhere else', () => {
    const cells = rankingBands(
      [0, 1].map((part) => ({ u: 0.1, v: 0.1, part })),
      smooth,
      smooth,
    );
    expect(at(cells, 0.1, 0.1)).toBe(Math.floor(bands / 2));
    expect(at(cells, 0.9, 0.9)).toBeUndefined();
  });

  it('do not mix choices', () => {
    const choices = { cells: 2, smooth: false };
    const cells = rankingBands(
      all(10, (u) => (u < 0.5 ? 0 : 1)),
      choices,
      smooth,
    );
    expect(at(cells, 0.49, 0.5)).toBe(bands - 1);
    expect(at(cells, 0.51, 0.5)).toBe(0);
  });
});
