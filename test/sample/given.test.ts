import { describe, expect, it } from 'vitest';
import type { DataStatistics } from '../../src/basis/types.js';
import { createNoiseLevels, emptyNoiseLevels } from '../../src/model/noiseLevels.js';
import type { ResidualModel } from '../../src/model/residual.js';
import { generateFields } from '../../src/sample/generate.js';
import { resample } from '../../src/sample/given.js';
import { marginalsAt } from '../../src/sample/marginals.js';
import { reverseSde } from '../../src/sample/reverseSde.js';
import { createProcess } from '../../src/schedule/process.js';
import type { DiffusionProcess } from '../../src/schedule/types.js';
import type { Parameters } from '../../src/space/types.js';
import { freeField } from '../schedule/freeField.js';
import { exactGaussianModel } from './gaussianModel.js';

const dimension = 36;
const statistics = freeField();

/** A⁻¹ of an n × n matrix by Gauss and Jordan's elimination with pivots. */
function inverse(matrix: number[][]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k; i < n; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[pivot]![k]!)) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    const top = rows[k]!.map((value) => value / rows[k]![k]!);
    rows.forEach((row, i) => (rows[i] = i === k ? top : row.map((value, j) => value - row[k]! * top[j]!)));
  }
  return rows.map((row) => row.slice(n));
}

/** Cov χ = S⁻¹ Uᵀ C U S⁻¹. */
function fullCovariance(process: DiffusionProcess, { covariance }: DataStatistics): number[][] {
  const u = process.basis.matrix();
  const half = Array.from({ length: dimension }, (_, i) =>
    Array.from({ length: dimension }, (_unused, y) => {
      let sum = 0;
      for (let x = 0; x < dimension; x++) sum += u[x * dimension + i]! * covariance[x * dimension + y]!;
      return sum;
    }),
  );
  return half.map((row, i) =>
    Array.from({ length: dimension }, (_, j) => {
      let sum = 0;
      for (let y = 0; y < dimension; y++) sum += row[y]! * u[y * dimension + j]!;
      return sum / (process.scale[i]! * process.scale[j]!);
    }),
  );
}

/** The exact score of Gaussian data with any covariance: ε̂ = σ (αΣα + σ²)⁻¹ χ. */
function correlatedModel(process: DiffusionProcess, covariance: number[][]): ResidualModel {
  let known: { t: number; map: number[][] } | undefined;
  const mapAt = (t: number): number[][] => {
    if (known?.t === t) return known.map;
    const { alpha, sigma, deviation } = marginalsAt(process, t);
    const precision = inverse(
      covariance.map((row, i) =>
        row.map((value, j) => alpha[i]! * value * alpha[j]! + (i === j ? sigma[i]! ** 2 : 0)),
      ),
    );
    // g = ε̂ − (σ/√v) u with χ = √v u.
    const map = precision.map((row, i) =>
      row.map((value, j) => sigma[i]! * value * deviation[j]! - (i === j ? sigma[i]! / deviation[i]! : 0)),
    );
    known = { t, map };
    return map;
  };
  return {
    dimension,
    residual: async (u, times) => {
      const map = mapAt(times[0]!);
      const out = new Float64Array(u.length);
      for (let row = 0; row < u.length; row += dimension)
        for (let i = 0; i < dimension; i++) {
          let sum = 0;
          const weights = map[i]!;
          for (let j = 0; j < dimension; j++) sum += weights[j]! * u[row + j]!;
          out[row + i] = sum;
        }
      return out;
    },
    residualAndDivergence: () => Promise.reject(new Error('not needed')),
  };
}

/** Mean and covariance of the other components given the first ones: Σ_hl Σ_ll⁻¹ c and the Schur complement. */
function conditional(covariance: number[][], given: number[], others: number[], values: Float64Array) {
  const inner = inverse(given.map((i) => given.map((j) => covariance[i]![j]!)));
  const gain = others.map((h) =>
    given.map((_, b) => given.reduce((sum, l, a) => sum + covariance[h]![l]! * inner[a]![b]!, 0)),
  );
  return {
    mean: gain.map((row) => row.reduce((sum, value, b) => sum + value * values[given[b]!]!, 0)),
    covariance: others.map((h, a) =>
      others.map(
        (k) => covariance[h]![k]! - gain[a]!.reduce((sum, g, b) => sum + g * covariance[given[b]!]![k]!, 0),
      ),
    ),
  };
}

function split(process: DiffusionProcess, isGiven: (i: number) => boolean) {
  const all = process.basis.components.map(({ index }) => index);
  return { given: all.filter(isGiven), others: all.filter((i) => !isGiven(i)) };
}

/**
 * Mean and covariance of χ(0) exactly, for a model that is linear: row 0 has no noise at all, every other row one unit
 * normal, at the start or at one step.
 */
async function moments(
  process: DiffusionProcess,
  model: ResidualModel,
  steps: number,
  given: { components: number[]; chi: Float64Array },
) {
  const count = 1 + (steps + 1) * dimension;
  const start = new Float64Array(count * dimension);
  for (let i = 0; i < dimension; i++) start[(1 + i) * dimension + i] = 1;
  const { chi, smallestEffectiveShare } = await reverseSde({
    process,
    model,
    start,
    steps,
    method: 'ancestral',
    noise: (step, out) => {
      out.fill(0);
      for (let i = 0; i < dimension; i++) out[(1 + (step + 1) * dimension + i) * dimension + i] = 1;
    },
    given: { ...given, seed: 2 },
  });
  const covariance = (i: number, j: number): number => {
    let sum = 0;
    for (let row = 1; row < count; row++)
      sum += (chi[row * dimension + i]! - chi[i]!) * (chi[row * dimension + j]! - chi[j]!);
    return sum;
  };
  return { mean: chi.slice(0, dimension), covariance, smallestEffectiveShare };
}

describe('generation with given components, Gaussian data', () => {
  const values = Float64Array.from({ length: dimension }, (_, i) => 2 * Math.cos(2 * i));

  it('independent components: the others have their own variances, exactly, and no weight is spent', async () => {
    const parameters = { colour: 'white', kernel: 'sigmoid', ordering: 'momentum', cutoffWidth: 0.5 };
    const process = createProcess({ ...parameters, gammaLow: -22, gammaHigh: 22 }, statistics);
    const { given, others } = split(process, (i) => process.basis.components[i]!.momentum < 1.1);
    expect(given).toHaveLength(5);
    const model = exactGaussianModel(process, process.dataVariance);
    const { covariance, smallestEffectiveShare } = await moments(process, model, 4, {
      components: given,
      chi: values,
    });
    for (const i of others) expect(covariance(i, i) / process.dataVariance[i]!).toBeCloseTo(1, 6);
    expect(smallestEffectiveShare).toBeCloseTo(1, 9);
  });

  it('wavelets in disjoint windows: mean and covariance go to the Schur complement with order 1', async () => {
    const process = createProcess(
      {
        basis: 'haar',
        colour: 'white',
        kernel: 'hard-step',
        ordering: 'level',
        cutoffWidth: 1,
        gammaLow: -25,
        gammaHigh: 25,
      },
      statistics,
    );
    const { given, others } = split(process, (i) => process.basis.components[i]!.level === 0);
    const full = fullCovariance(process, statistics);
    const exact = conditional(full, given, others, values);
    const [few, many] = [24, 48];
    const model = correlatedModel(process, full);
    const [coarse, fine] = [
      await moments(process, model, few, { components: given, chi: values }),
      await moments(process, model, many, { components: given, chi: values }),
    ];
    let plain = 0;
    let extrapolated = 0;
    let correlation = 0;
    others.forEach((i, a) =>
      others.forEach((j, b) => {
        const size = Math.sqrt(full[i]![i]! * full[j]![j]!);
        const target = exact.covariance[a]![b]!;
        const [x, y] = [coarse.covariance(i, j), fine.covariance(i, j)];
        plain = Math.max(plain, Math.abs(y - target) / size);
        extrapolated = Math.max(extrapolated, Math.abs(2 * y - x - target) / size);
        correlation = Math.max(correlation, Math.abs(full[i]![j]! - target) / size);
      }),
    );
    // What is given matters here: without it the covariance would be off by far more.
    expect(correlation).toBeGreaterThan(0.05);
    expect(plain).toBeLessThan(0.01);
    expect(extrapolated).toBeLessThan(5e-4);
    others.forEach((i, a) => {
      const [x, y] = [coarse.mean[i]!, fine.mean[i]!];
      expect(Math.abs(2 * y - x - exact.mean[a]!) / Math.sqrt(full[i]![i]!)).toBeLessThan(0.01);
    });
  });

  it('all at once: rows weighted by how they foresaw the given components have the exact conditional', async () => {
    const parameters: Parameters = { basis: 'haar', colour: 'white', kernel: 'uniform' };
    const process = createProcess(parameters, statistics);
    const { given, others } = split(process, (i) => process.basis.components[i]!.level === 0);
    const full = fullCovariance(process, statistics);
    const small = values.map((value, i) => 0.5 * value * Math.sqrt(full[i]![i]!));
    const exact = conditional(full, given, others, small);
    const count = 3000;
    const result = await generateFields({
      process,
      model: correlatedModel(process, full),
      method: 'ancestral',
      count,
      steps: 48,
      seed: 8,
      given: { components: given, chi: small },
    });
    expect(result.functionEvaluations).toBe(48);
    const chi = process.basis
      .encode(result.fields, count)
      .map((value, n) => value / process.scale[n % dimension]!);
    for (const i of given)
      for (const row of [0, count - 1]) expect(chi[row * dimension + i]).toBeCloseTo(small[i]!, 10);
    let meanError = 0;
    let shift = 0;
    let variances = 0;
    others.forEach((i, a) => {
      let mean = 0;
      for (let n = 0; n < count; n++) mean += chi[n * dimension + i]! / count;
      const target = exact.covariance[a]![a]!;
      for (let n = 0; n < count; n++)
        variances += (chi[n * dimension + i]! - mean) ** 2 / (target * count * others.length);
      meanError = Math.max(meanError, Math.abs(mean - exact.mean[a]!) / Math.sqrt(target));
      shift = Math.max(shift, Math.abs(exact.mean[a]!) / Math.sqrt(target));
    });
    // Five standard errors of a mean, and what 48 steps cost.
    expect(shift).toBeGreaterThan(0.5);
    expect(meanError).toBeLessThan(5 / Math.sqrt(count) + 0.03);
    expect(Math.abs(variances - 1)).toBeLessThan(5 * Math.sqrt(2 / (27 * count)) + 0.01);
  });
});

describe('resampling', () => {
  it('keeps every row within one copy of its share, all of equal weight in order', () => {
    const rows = Float64Array.from({ length: 10 }, (_, i) => i);
    expect(resample(rows, new Float64Array(10).fill(-3), 1, 1, 0)).toEqual(rows);
    const weights = [0.05, 0.4, 0, 0.1, 0.2, 0.05, 0.05, 0.05, 0.05, 0.05];
    for (let step = 0; step < 20; step++) {
      const drawn = resample(rows, Float64Array.from(weights, Math.log), 1, 1, step);
      weights.forEach((weight, i) => {
        const copies = drawn.filter((value) => value === i).length;
        expect(Math.abs(copies - 10 * weight)).toBeLessThan(1);
      });
    }
  });
});

it('the levels that the model is told are those of the process', () => {
  const process = createProcess({ colour: 'matched', kernel: 'sigmoid' }, statistics);
  const levels = emptyNoiseLevels(dimension);
  createNoiseLevels(process)(0.4, levels);
  const { sigma, deviation } = marginalsAt(process, 0.4);
  levels.sine.forEach((sine, i) => expect(sigma[i]! / deviation[i]!).toBeCloseTo(sine, 12));
});
