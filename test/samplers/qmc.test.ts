import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gridSize } from '../../src/samplers/grid.js';
import { createSampler } from '../../src/samplers/index.js';
import { scrambledSobol, sobolDimensions, sobolInteger } from '../../src/samplers/sobol.js';
import type { Observation } from '../../src/samplers/types.js';
import { parseSpace } from '../../src/space/parse.js';

const reference = JSON.parse(readFileSync(new URL('../reference/sobol.json', import.meta.url), 'utf8')) as {
  points: [number, number, number][];
};

describe('Sobol points', () => {
  it('are SciPy’s, in 160 dimensions', () => {
    for (const [row, dimension, expected] of reference.points)
      expect(sobolInteger(row ^ (row >> 1), dimension), `${row}, ${dimension}`).toBe(expected);
  });

  it('stay a net when scrambled: each of 2^k points in its own 2^−k interval, in every dimension', () => {
    for (const dimension of [0, 1, 7, 63, sobolDimensions - 1]) {
      const bins = new Set(
        Array.from({ length: 256 }, (_, i) => Math.floor(256 * scrambledSobol(i, dimension, 11, 'test'))),
      );
      expect(bins.size).toBe(256);
    }
    // Two dimensions: 16 × 16 boxes hold one point each (t = 0 for the first two dimensions).
    const boxes = new Set(
      Array.from(
        { length: 256 },
        (_, i) =>
          16 * Math.floor(16 * scrambledSobol(i, 0, 5, 'test')) +
          Math.floor(16 * scrambledSobol(i, 1, 5, 'test')),
      ),
    );
    expect(boxes.size).toBe(256);
  });

  it('integrate a smooth function far better than random points', () => {
    const error = (seed: number, point: (i: number, d: number) => number): number => {
      let sum = 0;
      for (let i = 0; i < 1024; i++) {
        let product = 1;
        for (let d = 0; d < 4; d++) product *= 1 + (point(i, d) - 0.5);
        sum += product;
      }
      return (sum / 1024 - 1) * (seed > 0 ? 1 : -1);
    };
    let squares = 0;
    for (let seed = 1; seed <= 20; seed++)
      squares += error(seed, (i, d) => scrambledSobol(i, d, seed, 'test')) ** 2 / 20;
    // 1024 random points have a standard error of √((1 + 1/12)⁴ − 1)/32 = 0.019.
    expect(Math.sqrt(squares)).toBeLessThan(0.001);
  });

  it('are uniform one by one over seeds, also beyond the table', () => {
    for (const dimension of [3, sobolDimensions + 5]) {
      const values = Array.from({ length: 2000 }, (_, seed) => scrambledSobol(6, dimension, seed, 'test'));
      values.sort((a, b) => a - b);
      const distance = Math.max(...values.map((value, i) => Math.abs(value - (i + 0.5) / 2000)));
      expect(distance).toBeLessThan(1.95 / Math.sqrt(2000));
    }
  });
});

describe('grid', () => {
  const space = parseSpace(
    {
      parameters: {
        a: { type: 'categorical', choices: ['x', 'y', 'z'] },
        b: { type: 'int', low: 1, high: 4, when: { a: ['x'] } },
        c: { type: 'float', low: 0, high: 1, step: 0.25, when: { b: [2, 3] } },
        d: { type: 'float', low: 1, high: 16, log: true, when: { a: ['y'] } },
        e: true,
      },
    },
    'x.yaml',
  );
  const sampler = createSampler('grid');

  it('counts the combinations of active values only', () => {
    expect(gridSize(space)).toBe(2 + 2 * 5 + 5 + 1);
  });

  it('visits every one once, skips what was enqueued, then begins again', () => {
    const observations: Observation[] = [
      {
        trial: 0,
        parameters: { a: 'z', e: true },
        state: 'complete',
        values: [{ step: 1, objectives: [1] }],
      },
    ];
    for (let trial = 1; trial < 18; trial++) {
      const parameters = sampler({ space, observations, trial, seed: 3 });
      observations.push({ trial, parameters, state: 'running', values: [] });
    }
    expect(new Set(observations.map((one) => JSON.stringify(one.parameters))).size).toBe(18);
    const again = sampler({ space, observations, trial: 18, seed: 3 });
    expect(observations.map((one) => one.parameters)).toContainEqual(again);
  });

  it('numbers a grid too large to list', () => {
    const parameters = Object.fromEntries(
      [...Array(100).keys()].map((i) => [`p${i}`, { type: 'float', low: 0, high: 1 }]),
    );
    const large = parseSpace({ parameters }, 'x.yaml');
    expect(gridSize(large)).toBe(Infinity);
    const one = sampler({ space: large, observations: [], trial: 0, seed: 1 });
    expect(Object.keys(one)).toHaveLength(100);
  });
});
