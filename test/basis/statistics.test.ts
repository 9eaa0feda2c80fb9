import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '../../src/basis/eigen.js';
import { createBasis } from '../../src/basis/index.js';
import { latticeMomentumSquared } from '../../src/basis/labels.js';
import { withPrincipalComponents } from '../../src/basis/pca.js';
import {
  componentVariances,
  computeStatistics,
  decodeStatistics,
  encodeStatistics,
  statisticsOfSpectrum,
} from '../../src/basis/statistics.js';
import type { FieldShape } from '../../src/basis/types.js';
import { CounterRandom } from '../../src/random/philox.js';

const shape: FieldShape = { height: 6, width: 6, channels: 1 };

function samples(count: number, dimension: number, seed = 2): Float32Array {
  const values = new Float32Array(count * dimension);
  new CounterRandom(seed, 'statistics').fillNormal(values);
  for (let i = 1; i < values.length; i++) values[i]! += 0.5 * values[i - 1]!;
  return values;
}

describe('statistics', () => {
  it('agree with the definition, whatever the chunks', () => {
    const count = 300;
    const small: FieldShape = { height: 2, width: 3, channels: 2 };
    const values = samples(count, 12);
    const { mean, covariance } = computeStatistics(values, count, small);
    for (let i = 0; i < 12; i++) {
      let first = 0;
      for (let s = 0; s < count; s++) first += values[s * 12 + i]! / count;
      expect(mean[i]).toBeCloseTo(first, 12);
      for (let j = 0; j < 12; j++) {
        let second = 0;
        for (let s = 0; s < count; s++)
          second += (values[s * 12 + i]! - mean[i]!) * (values[s * 12 + j]! - mean[j]!);
        expect(covariance[i * 12 + j]).toBeCloseTo(second / count, 12);
      }
    }
  });

  it('lattice: equal to the average over all translations, reflections and rotations of the samples', () => {
    const small: FieldShape = { height: 4, width: 4, channels: 2 };
    const count = 5;
    const values = samples(count, 32);
    const { mean, covariance } = computeStatistics(values, count, small, { symmetry: 'lattice' });
    expect(mean.every((value) => value === 0)).toBe(true);
    const expected = new Float64Array(32 * 32);
    const images: ((x: number, y: number) => [number, number])[] = [];
    for (let a = 0; a < 4; a++)
      for (let b = 0; b < 4; b++)
        for (const swap of [false, true])
          for (const p of [1, -1])
            for (const q of [1, -1])
              images.push((x, y) => {
                const [u, v] = swap ? [y, x] : [x, y];
                return [(p * u + a + 8) % 4, (q * v + b + 8) % 4];
              });
    for (const image of images)
      for (let s = 0; s < count; s++) {
        const field = Array.from({ length: 32 }, (_, i) => {
          const [x, y] = image(Math.floor(i / 8), Math.floor(i / 2) % 4);
          return values[s * 32 + (x * 4 + y) * 2 + (i % 2)]!;
        });
        for (let i = 0; i < 32; i++)
          for (let j = 0; j < 32; j++)
            expected[i * 32 + j]! += (field[i]! * field[j]!) / (count * images.length);
      }
    for (let i = 0; i < expected.length; i++) expect(covariance[i]).toBeCloseTo(expected[i]!, 10);
  });

  it('survive being stored, principal components included', () => {
    const statistics = withPrincipalComponents(computeStatistics(samples(50, 36), 50, shape));
    const back = decodeStatistics(encodeStatistics(statistics));
    expect(back).toEqual(statistics);
    expect(() => decodeStatistics(new Uint8Array(4))).toThrow();
  });

  it('refuse what is no data', () => {
    const values = samples(2, 36);
    values[40] = NaN;
    expect(() => computeStatistics(values, 2, shape)).toThrow(/sample 1 holds NaN at position 4/);
    expect(() => computeStatistics(values, 3, shape)).toThrow(/72 values given/);
  });

  it('variances in any basis have the same sum, and Fourier recovers the spectrum', () => {
    const spectrum = (n: number, m: number): number => 0.5 / (latticeMomentumSquared(n, m, shape) + 0.3);
    const statistics = statisticsOfSpectrum(shape, spectrum);
    const total = Array.from({ length: 36 }, (_, i) => spectrum(Math.floor(i / 6), i % 6)).reduce(
      (a, b) => a + b,
    );
    for (const name of ['pixel', 'fourier', 'pca', 'haar', 'daubechies4', 'block-spin'] as const) {
      const variances = componentVariances(statistics, createBasis(name, shape, statistics));
      expect(variances.reduce((a, b) => a + b)).toBeCloseTo(total, 10);
    }
    const fourier = componentVariances(statistics, createBasis('fourier', shape));
    for (let i = 0; i < 36; i++) expect(fourier[i]).toBeCloseTo(spectrum(Math.floor(i / 6), i % 6), 11);
  });

  it('principal components of a lattice theory are its modes, with the effective momentum', () => {
    // G(k) of φ⁴ on 6×6, m² = −4, coupling 6.975: 8 million independent HMC measurements.
    const g = new Map([
      ['0,0', 1.062251695163378],
      ['0,1', 0.3322893750461092],
      ['0,2', 0.1403223943032766],
      ['0,3', 0.10900960660590214],
      ['1,1', 0.1972523350856858],
      ['1,2', 0.10906654489105966],
      ['1,3', 0.08912205644449574],
      ['2,2', 0.0754324292680478],
      ['2,3', 0.06534817106158668],
      ['3,3', 0.05766810326671815],
    ]);
    const orbit = (n: number, m: number): string =>
      [Math.min(n, 6 - n), Math.min(m, 6 - m)].sort((a, b) => a - b).join(',');
    const statistics = statisticsOfSpectrum(shape, (n, m) => g.get(orbit(n, m))!);
    const basis = createBasis('pca', shape, statistics);
    const variances = componentVariances(statistics, basis);
    const expected = Array.from({ length: 36 }, (_, i) => g.get(orbit(Math.floor(i / 6), i % 6))!).sort(
      (a, b) => b - a,
    );
    for (let i = 0; i < 36; i++) expect(variances[i]).toBeCloseTo(expected[i]!, 10);
    expect(new Set(basis.components.map(({ shell }) => shell)).size).toBe(10);
    for (const { index, momentum } of basis.components) {
      const [key] = [...g].find(([, value]) => Math.abs(value - variances[index]!) < 1e-9)!;
      const [n, m] = key.split(',').map(Number) as [number, number];
      expect(momentum ** 2).toBeCloseTo(latticeMomentumSquared(n, m, shape), 8);
    }
  });
});

describe('symmetricEigen', () => {
  const check = (matrix: Float64Array, n: number): void => {
    const { values, vectors } = symmetricEigen(matrix, n);
    const size = Math.max(1e-300, ...Array.from(matrix, Math.abs)) * n;
    for (let i = 0; i < n; i++) {
      if (i > 0) expect(values[i]!).toBeLessThanOrEqual(values[i - 1]!);
      for (let x = 0; x < n; x++) {
        let sum = 0;
        for (let y = 0; y < n; y++) sum += matrix[x * n + y]! * vectors[i * n + y]!;
        expect(Math.abs(sum - values[i]! * vectors[i * n + x]!)).toBeLessThan(1e-13 * size);
      }
      for (let j = i; j < n; j++) {
        let sum = 0;
        for (let x = 0; x < n; x++) sum += vectors[i * n + x]! * vectors[j * n + x]!;
        expect(Math.abs(sum - (i === j ? 1 : 0))).toBeLessThan(1e-12);
      }
    }
  };

  it('solves random, diagonal, rank-one, zero and badly scaled matrices', () => {
    const n = 40;
    const random = new CounterRandom(4, 'eigen');
    const general = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = i; j < n; j++) general[i * n + j] = general[j * n + i] = random.normal();
    check(general, n);
    check(
      Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? i % 7 : 0)),
      n,
    );
    check(
      Float64Array.from({ length: n * n }, (_, i) => (1 + Math.floor(i / n)) * (1 + (i % n))),
      n,
    );
    check(new Float64Array(n * n), n);
    check(
      general.map((value, i) => value * 10 ** (-0.2 * (Math.floor(i / n) + (i % n)))),
      n,
    );
    check(Float64Array.from([3]), 1);
  });

  it('finds the known eigenvalues 2 − 2 cos(πk/(n+1)) of the open chain', () => {
    const n = 50;
    const chain = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      chain[i * n + i] = 2;
      if (i > 0) chain[i * n + i - 1] = chain[(i - 1) * n + i] = -1;
    }
    const { values } = symmetricEigen(chain, n);
    for (let k = 1; k <= n; k++)
      expect(values[n - k]).toBeCloseTo(2 - 2 * Math.cos((Math.PI * k) / (n + 1)), 12);
  });
});
