import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBasis } from '../../src/basis/index.js';
import { laplacianExpectation, latticeMomentumSquared } from '../../src/basis/labels.js';
import { componentVariances, computeStatistics } from '../../src/basis/statistics.js';
import { basisNames } from '../../src/basis/types.js';
import type { BasisName, DataStatistics, FieldShape } from '../../src/basis/types.js';
import { blockAverage } from '../../src/basis/wavelet.js';
import { CounterRandom } from '../../src/random/philox.js';
import { RgsweepError } from '../../src/errors.js';

const shapes: FieldShape[] = [
  { height: 6, width: 6, channels: 1 },
  { height: 8, width: 8, channels: 1 },
  { height: 4, width: 8, channels: 3 },
  { height: 1, width: 16, channels: 2 },
];

function noise(count: number, shape: FieldShape, seed = 1): Float32Array {
  const values = new Float32Array(count * shape.height * shape.width * shape.channels);
  new CounterRandom(seed, 'test fields').fillNormal(values);
  return values;
}

/** Generic data: correlated, not homogeneous, with a mean. */
function genericStatistics(shape: FieldShape): DataStatistics {
  const dimension = shape.height * shape.width * shape.channels;
  const count = 2 * dimension;
  const values = noise(count, shape);
  for (let i = 0; i < values.length; i++)
    values[i] =
      (i % dimension === 0 ? values[i]! : 0.7 * values[i - 1]! + values[i]!) + (i % dimension) / dimension;
  return computeStatistics(values, count, shape);
}

const name = (shape: FieldShape): string => `${shape.height}×${shape.width}×${shape.channels}`;
const all = shapes.flatMap((shape) => basisNames.map((basis) => [basis, name(shape), shape] as const));

describe.each(all)('basis %s on %s', (basisName, _, shape) => {
  const basis = createBasis(basisName, shape, genericStatistics(shape));
  const n = basis.dimension;

  it('is orthonormal to 1e-10', () => {
    const u = basis.matrix();
    let worst = 0;
    for (let i = 0; i < n; i++)
      for (let j = i; j < n; j++) {
        let sum = 0;
        for (let x = 0; x < n; x++) sum += u[x * n + i]! * u[x * n + j]!;
        worst = Math.max(worst, Math.abs(sum - (i === j ? 1 : 0)));
      }
    expect(worst).toBeLessThan(1e-10);
  });

  it('encodes with the transposed matrix and decodes exactly, whatever the fields', () => {
    const u = basis.matrix();
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2 * n, maxLength: 2 * n }),
        (numbers) => {
          const fields = Float64Array.from(numbers);
          const components = basis.encode(fields, 2);
          const back = basis.decode(components, 2);
          const size = Math.max(1, ...fields.map(Math.abs));
          for (let i = 0; i < 2 * n; i++)
            expect(Math.abs(back[i]! - fields[i]!)).toBeLessThan(1e-12 * n * size);
          for (let i = 0; i < n; i++) {
            let sum = 0;
            for (let x = 0; x < n; x++) sum += u[x * n + i]! * fields[n + x]!;
            expect(Math.abs(components[n + i]! - sum)).toBeLessThan(1e-12 * n * size);
          }
        },
      ),
      { numRuns: 5 },
    );
  });

  it('labels components with the effective momentum and consecutive shells', () => {
    const u = basis.matrix();
    const column = new Float64Array(n);
    for (const component of basis.components) {
      for (let x = 0; x < n; x++) column[x] = u[x * n + component.index]!;
      expect(component.momentum ** 2).toBeCloseTo(laplacianExpectation(column, shape), 9);
    }
    const seen = new Set(basis.components.map((component) => component.shell));
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: seen.size }, (_, i) => i));
  });
});

describe('fourier', () => {
  it('keeps (0,3) and (1,2) of 6×6 apart though their k̂² are equal', () => {
    const basis = createBasis('fourier', { height: 6, width: 6, channels: 1 });
    const shells = new Map<number, number[]>();
    for (const { shell, index } of basis.components) shells.set(shell, [...(shells.get(shell) ?? []), index]);
    expect([...shells.values()].map((members) => members.length).sort((a, b) => a - b)).toEqual([
      1, 1, 2, 4, 4, 4, 4, 4, 4, 8,
    ]);
    const at = (n: number, m: number) => basis.components[n * 6 + m]!;
    expect(at(0, 3).momentum).toBeCloseTo(at(1, 2).momentum, 12);
    expect(at(0, 3).shell).not.toBe(at(1, 2).shell);
    expect(at(5, 2).shell).toBe(at(4, 1).shell);
  });

  it('does not mix the axes of a lattice that is not square', () => {
    const basis = createBasis('fourier', { height: 4, width: 8, channels: 1 });
    const at = (n: number, m: number) => basis.components[n * 8 + m]!;
    expect(at(1, 0).momentum).toBeCloseTo(at(0, 2).momentum, 12);
    expect(at(1, 0).shell).not.toBe(at(0, 2).shell);
    expect(at(1, 0).shell).toBe(at(3, 0).shell);
  });

  it('colours white noise into a free field with the right propagator', () => {
    const shape: FieldShape = { height: 6, width: 6, channels: 1 };
    const basis = createBasis('fourier', shape);
    const count = 20000;
    const components = new Float64Array(count * 36);
    new CounterRandom(5, 'free field').fillNormal(components);
    const g = basis.components.map(({ momentum }) => 0.5 / (momentum ** 2 + 0.5));
    for (let i = 0; i < components.length; i++) components[i]! *= Math.sqrt(g[i % 36]!);
    const fields = basis.decode(components, count);
    // ⟨φ(x)φ(y)⟩ = (1/V) Σ G(k) cos k(x − y), by hand, from sites and not from components.
    for (const [dx, dy] of [
      [0, 0],
      [0, 1],
      [1, 1],
      [2, 3],
    ] as const) {
      let expected = 0;
      for (let n = 0; n < 6; n++)
        for (let m = 0; m < 6; m++)
          expected +=
            ((0.5 / (latticeMomentumSquared(n, m, shape) + 0.5)) *
              Math.cos((2 * Math.PI * (n * dx + m * dy)) / 6)) /
            36;
      const products = new Float64Array(count);
      for (let sample = 0; sample < count; sample++)
        for (let x = 0; x < 6; x++)
          for (let y = 0; y < 6; y++)
            products[sample]! +=
              (fields[sample * 36 + x * 6 + y]! *
                fields[sample * 36 + ((x + dx) % 6) * 6 + ((y + dy) % 6)]!) /
              36;
      const mean = products.reduce((sum, value) => sum + value, 0) / count;
      const error = Math.sqrt(products.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / count;
      expect(Math.abs(mean - expected)).toBeLessThan(4 * error);
    }
  });
});

describe('wavelets', () => {
  it('haar: the coarse part is the block average', () => {
    for (const [size, levels] of [
      [6, 1],
      [8, 3],
    ] as const) {
      const shape: FieldShape = { height: size, width: size, channels: 1 };
      const fields = Float64Array.from(noise(3, shape));
      const block = 2 ** levels;
      const averages = blockAverage(fields, 3, shape, block);
      for (const basisName of ['haar', 'block-spin'] as const) {
        const basis = createBasis(basisName, shape);
        const encoded = basis.encode(fields, 3);
        const coarse = basis.components.filter(({ level }) => level === 0);
        expect(coarse).toHaveLength((size / block) ** 2);
        for (let sample = 0; sample < 3; sample++)
          coarse.forEach(({ index, row, column }, i) => {
            expect([row, column]).toEqual([
              Math.floor(i / (size / block)) * block,
              (i % (size / block)) * block,
            ]);
            expect(encoded[sample * size * size + index]).toBeCloseTo(
              block * averages[sample * coarse.length + i]!,
              10,
            );
          });
      }
    }
  });

  it('daubechies4: details of a linear ramp vanish away from the seam, Haar’s do not', () => {
    const shape: FieldShape = { height: 16, width: 16, channels: 1 };
    const ramp = Float64Array.from({ length: 256 }, (_, i) => Math.floor(i / 16) + 0.5 * (i % 16));
    const details = (basisName: BasisName): number[] => {
      const basis = createBasis(basisName, shape);
      const encoded = basis.encode(ramp, 1);
      return basis.components
        .filter(({ level, row, column }) => level === 4 && row < 12 && column < 12)
        .map(({ index }) => Math.abs(encoded[index]!));
    };
    expect(Math.max(...details('daubechies4'))).toBeLessThan(1e-12);
    expect(Math.max(...details('haar'))).toBeGreaterThan(0.1);
  });

  it('momentum grows with the level', () => {
    const basis = createBasis('haar', { height: 8, width: 8, channels: 1 });
    const mean = [0, 1, 2, 3].map((level) => {
      const of = basis.components.filter((component) => component.level === level);
      return of.reduce((sum, { momentum }) => sum + momentum, 0) / of.length;
    });
    expect(mean[0]).toBe(0);
    for (let j = 1; j < 4; j++) expect(mean[j]).toBeGreaterThan(mean[j - 1]!);
  });

  it('an odd lattice has none, and says so', () => {
    expect(() => createBasis('haar', { height: 5, width: 6, channels: 1 })).toThrow(
      /haar needs even sides.*5×6/,
    );
  });
});

describe('bad input', () => {
  it('is one clear error', () => {
    const shape: FieldShape = { height: 6, width: 6, channels: 1 };
    expect(() => createBasis('laguerre' as BasisName, shape)).toThrow(/"laguerre".*pixel, fourier/);
    expect(() => createBasis('pca', shape)).toThrow(/statistics/);
    expect(() => createBasis('pixel', { height: 0, width: 6, channels: 1 })).toThrow(/height is 0/);
    expect(() => createBasis('fourier', shape).encode(new Float64Array(35), 1)).toThrow(RgsweepError);
    expect(() => createBasis('fourier', { height: 80, width: 80, channels: 1 }).matrix()).toThrow(
      /6400.*4096/,
    );
    const other = genericStatistics({ height: 4, width: 8, channels: 3 });
    expect(() => createBasis('pca', shape, other)).toThrow(/6×6×1.*4×8×3/);
    expect(() => componentVariances(other, createBasis('fourier', shape))).toThrow(/do not fit/);
  });
});
