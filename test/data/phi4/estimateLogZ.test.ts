import { describe, expect, it } from 'vitest';
import {
  combineRoutes,
  estimateLogZ,
  gaussLegendre,
  hartreeMass,
  integrateLogZ,
  type MeasureMoments,
} from '../../../src/data/phi4/estimateLogZ.js';
import { exactSize1, exactSize2, freeFieldLogZ, knownLogZ } from '../../../src/data/phi4/logZ.js';
import type { Phi4Task } from '../../../src/train/protocol.js';

const couplings = { mass2: -4, coupling: 6.975 };
const task = (change: Partial<Phi4Task> = {}): Phi4Task => ({
  name: 'phi4',
  size: 6,
  ...couplings,
  ...change,
});

describe('gaussLegendre', () => {
  it.each([1, 2, 5, 10, 16])('integrates polynomials below degree 2 · %i exactly', (n) => {
    const points = gaussLegendre(n);
    for (let power = 0; power < 2 * n; power++) {
      const sum = points.reduce((total, { node, weight }) => total + weight * node ** power, 0);
      expect(sum).toBeCloseTo(1 / (power + 1), 13);
    }
    const beyond = points.reduce((total, { node, weight }) => total + weight * node ** (2 * n), 0);
    if (n < 6) expect(Math.abs(beyond - 1 / (2 * n + 1))).toBeGreaterThan(1e-9);
  });
});

describe('hartreeMass', () => {
  it('is the mass itself for the free field and solves M² = m² + 6gG', () => {
    expect(hartreeMass(task({ mass2: 0.7, coupling: 0 }))).toBeCloseTo(0.7, 10);
    const mass = hartreeMass(task({ size: 1 }));
    expect(mass).toBeCloseTo(-4 + (6 * 6.975) / (2 * mass), 9);
  });
});

describe('integrateLogZ', () => {
  // With exact moments in place of Monte Carlo only the quadrature is left.
  const exact: Record<1 | 2, MeasureMoments> = {
    1: async (at) => {
      const { phi2, phi4 } = exactSize1(at);
      return { phi2: [phi2], phi4: [phi4] };
    },
    2: async (at) => {
      const { phi2, phi4 } = exactSize2(at, 61);
      return { phi2: [4 * phi2], phi4: [4 * phi4] };
    },
  };

  it.each([
    [1, -4, 6.975],
    [1, -1, 0.5],
    [2, -4, 6.975],
    [2, -4, 5.276],
  ] as const)(
    'has a quadrature error below 2e-4 on both routes: size %i, m² = %d, g = %d',
    async (size, mass2, coupling) => {
      const { routes } = await integrateLogZ(task({ size, mass2, coupling }), exact[size]);
      const { value } = knownLogZ(task({ size, mass2, coupling }))!;
      expect(Math.abs(routes.straight.value - value)).toBeLessThan(2e-4);
      expect(Math.abs(routes.corner.value - value)).toBeLessThan(2e-4);
    },
  );

  it('weights the routes by their precision', async () => {
    // Runs that differ only on the corner's first leg make that route the noisy one.
    const noisy: MeasureMoments = async (at, label) => {
      const { phi2, phi4 } = exactSize1(at);
      const shift = label.startsWith('corner/coupling') ? 0.2 : 0.001;
      return { phi2: [phi2, phi2], phi4: [phi4 - shift, phi4 + shift] };
    };
    const { value, error, routes } = await integrateLogZ(task({ size: 1 }), noisy);
    expect(routes.corner.error).toBeGreaterThan(50 * routes.straight.error);
    expect(error).toBeLessThanOrEqual(routes.straight.error);
    expect(value).toBeCloseTo(routes.straight.value, 5);
  });
});

describe('combineRoutes', () => {
  it('weights by inverse variances and finds the routes that are furthest apart', () => {
    const { value, error, deviation } = combineRoutes({
      a: { value: 1, error: 0.1 },
      b: { value: 2, error: 0.2 },
      c: { value: 1.1, error: 0.1 },
    });
    expect(value).toBeCloseTo((100 * 1 + 25 * 2 + 100 * 1.1) / 225, 12);
    expect(error).toBeCloseTo(1 / 15, 12);
    expect(deviation).toBeCloseTo(1 / Math.hypot(0.1, 0.2), 12);
  });

  it('believes a route without an error, and says how far the others are from it', () => {
    const exact = { value: 3, error: 0 };
    expect(combineRoutes({ exact, rough: { value: 3.2, error: 0.1 } })).toMatchObject({
      value: 3,
      error: 0,
      deviation: expect.closeTo(2, 9) as number,
    });
    expect(combineRoutes({ exact, same: exact }).deviation).toBe(0);
  });
});

describe('estimateLogZ', () => {
  it('agrees with the reference on 6 × 6 sites, and its routes with each other', async () => {
    const estimate = await estimateLogZ({ task: task(), trajectories: 2000, nodes: 8, seed: 4 });
    const known = knownLogZ(task())!;
    expect(estimate.deviation).toBeLessThan(4);
    expect(Math.abs(estimate.value - known.value)).toBeLessThan(4 * Math.hypot(estimate.error, known.error));
    expect(estimate.error).toBeLessThan(0.02);
    for (const { value, error } of Object.values(estimate.routes)) {
      expect(Math.abs(value - known.value)).toBeLessThan(4 * Math.hypot(error, known.error));
      expect(error).toBeLessThan(0.1);
    }
  });

  it.each([
    [6, 5.276],
    [8, 6.008],
  ])('finds the value that is kept for size %i at coupling %d', async (size, coupling) => {
    const at = task({ size, coupling });
    const { value, error } = await estimateLogZ({ task: at, trajectories: 640, nodes: 8, seed: 77 });
    const known = knownLogZ(at)!;
    expect(Math.abs(value - known.value)).toBeLessThan(4 * Math.hypot(error, known.error));
    expect(error).toBeLessThan(0.06);
  });

  it('is exact for the free field, where there is no way to go', async () => {
    const estimate = await estimateLogZ({
      task: task({ size: 3, mass2: 1, coupling: 0 }),
      trajectories: 64,
      nodes: 2,
    });
    expect(estimate.value).toBeCloseTo(freeFieldLogZ(3, 1), 6);
    expect(estimate.error).toBeLessThan(1e-6);
  });

  it('gives the same numbers for the same seed, and stops when told to', async () => {
    const run = (seed: number) => estimateLogZ({ task: task({ size: 2 }), trajectories: 64, nodes: 2, seed });
    expect(await run(1)).toEqual(await run(1));
    expect((await run(2)).value).not.toBe((await run(1)).value);
    const stop = new AbortController();
    const stopped = estimateLogZ({ task: task(), signal: stop.signal, onProgress: () => stop.abort() });
    await expect(stopped).rejects.toMatchObject({ kind: 'cancelled' });
  });
});
