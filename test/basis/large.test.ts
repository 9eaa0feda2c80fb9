import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBasis } from '../../src/basis/index.js';
import { transpose } from '../../src/basis/linear.js';
import { computeStatistics } from '../../src/basis/statistics.js';
import type { Basis, BasisName, FieldShape } from '../../src/basis/types.js';
import { CounterRandom } from '../../src/random/philox.js';

function noise(count: number, shape: FieldShape, seed = 1): Float32Array {
  const values = new Float32Array(count * shape.height * shape.width * shape.channels);
  new CounterRandom(seed, 'test fields').fillNormal(values);
  return values;
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst;
}

describe('32×32×3', () => {
  const shape: FieldShape = { height: 32, width: 32, channels: 3 };
  const n = 3072;

  /** ⟨U x, y⟩ = ⟨x, Uᵀy⟩, whatever x and y, and both round trips. */
  const isTransposedAndInverse = (basis: Basis): void => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: -3, max: 3 }), (seed, power) => {
        const size = 10 ** power;
        const values = Float64Array.from(noise(4, shape, seed), (value) => size * value);
        const [encoded, decoded] = [basis.encode(values, 4), basis.decode(values, 4)];
        expect(largestDifference(basis.decode(encoded, 4), values) / size).toBeLessThan(1e-11);
        expect(largestDifference(basis.encode(decoded, 4), values) / size).toBeLessThan(1e-11);
        const product = (a: Float64Array, rowA: number, b: Float64Array, rowB: number): number => {
          let sum = 0;
          for (let i = 0; i < n; i++) sum += a[rowA * n + i]! * b[rowB * n + i]!;
          return sum / n / size ** 2;
        };
        for (let a = 0; a < 4; a++)
          for (let b = 0; b < 4; b++)
            expect(product(encoded, a, values, b)).toBeCloseTo(product(values, a, decoded, b), 11);
      }),
      { numRuns: 3 },
    );
  };

  it.each(['fourier', 'haar', 'daubechies4', 'block-spin', 'pixel'] as BasisName[])(
    '%s is orthonormal to 1e-10 in all 3,072 components, and comes back exactly',
    (basisName) => {
      const basis = createBasis(basisName, shape);
      isTransposedAndInverse(basis);
      // UᵀU = 1, every entry: all unit vectors there and back.
      const rows = 256;
      for (let start = 0; start < n; start += rows) {
        const units = new Float64Array(rows * n);
        for (let i = 0; i < rows; i++) units[i * n + start + i] = 1;
        const products = basis.encode(basis.decode(units, rows), rows);
        expect(largestDifference(products, units)).toBeLessThan(1e-10);
      }
    },
  );

  // Solving for the components of 3,072 dimensions takes minutes: `npm run bench -- schedules-speed --pca` does, and fails above
  // 1e-10. Here are products with vectors of that size which are known to be orthonormal, and which no entry of is zero.
  it('pca: comes back exactly with vectors that a data set has brought', () => {
    const [fourier, haar] = [createBasis('fourier', shape), createBasis('haar', shape)];
    const units = new Float64Array(n * n);
    for (let i = 0; i < n; i++) units[i * (n + 1)] = 1;
    const vectors = fourier.decode(haar.encode(units, n), n);
    const principal = { variances: Float64Array.from({ length: n }, (_, i) => 1 / (i + 1)), vectors };
    const covariance = new Float64Array(n * n);
    const mean = new Float64Array(n);
    isTransposedAndInverse(createBasis('pca', shape, { shape, count: 0, mean, covariance, principal }));
  });
});

describe('pca of data as large as is solved in a second', () => {
  it.each([
    ['more images than dimensions', 600],
    ['fewer', 60],
  ])('12×12×3, %s: orthonormal to 1e-10, comes back exactly, and diagonalizes the covariance', (_, count) => {
    const shape: FieldShape = { height: 12, width: 12, channels: 3 };
    const n = 432;
    // Neighbours are correlated, as in images.
    const values = noise(count, shape);
    for (let i = 0; i < values.length; i++)
      if (i % n >= 3) values[i] = 0.9 * values[i - 3]! + 0.4 * values[i]!;
    const statistics = computeStatistics(values, count, shape);
    const basis = createBasis('pca', shape, statistics);
    const units = new Float64Array(n * n);
    for (let i = 0; i < n; i++) units[i * (n + 1)] = 1;
    const products = basis.encode(basis.decode(units, n), n);
    const fields = Float64Array.from(values.subarray(0, 8 * n));
    const back = basis.decode(basis.encode(fields, 8), 8);
    // UᵀCU.
    const half = transpose(basis.encode(statistics.covariance, n), n);
    const diagonal = basis.encode(half, n);
    const variances = diagonal.map((value, at) => (at % (n + 1) === 0 ? value : 0));
    expect(largestDifference(products, units)).toBeLessThan(1e-10);
    expect(largestDifference(diagonal, variances) / variances[0]!).toBeLessThan(1e-10);
    expect(largestDifference(back, fields)).toBeLessThan(1e-11);
  });
});
