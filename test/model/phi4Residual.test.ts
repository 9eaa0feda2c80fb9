import { beforeAll, describe, expect, it } from 'vitest';
import type { ParameterArrays } from '../../src/model/arrays.js';
import { localKernel } from '../../src/model/localKernel.js';
import {
  createNoiseLevels,
  emptyNoiseLevels,
  marginalDeviation,
  timeAtAngle,
} from '../../src/model/noiseLevels.js';
import { initializePhi4 } from '../../src/model/phi4.js';
import { createPhi4Residual } from '../../src/model/phi4Residual.js';
import { translationCell } from '../../src/model/translations.js';
import { CounterRandom } from '../../src/random/philox.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { startBackend } from '../../src/train/backend.js';
import { freeField } from '../schedule/freeField.js';

const channels = 4;
const dimension = 36;
const square = (side: number) => ({ height: side, width: side });

function normals(length: number, stream: string): Float64Array {
  const random = new CounterRandom(21, stream);
  return Float64Array.from({ length }, () => random.normal());
}

function generalParameters(period: number): ParameterArrays {
  const kernel = new Float64Array(period ** 2 * dimension);
  for (let place = 0; place < period ** 2; place++) kernel[place * dimension] = 1;
  return Object.fromEntries(
    Object.entries(initializePhi4({ height: 6, width: 6, channels, cell: square(period) }, 3, kernel)).map(
      ([name, { shape, data }]) => {
        const noise = normals(data.length, name);
        return [name, { shape, data: data.map((value, n) => value + 0.1 * noise[n]!) }];
      },
    ),
  );
}

beforeAll(() => startBackend('wasm', 1));

describe('noise levels', () => {
  const process = createProcess({ colour: 'free-field', kernel: 'sigmoid', cutoffWidth: 0.5 }, freeField());
  const levelsAt = createNoiseLevels(process);

  it('are those of γ and of the data variances', () => {
    const levels = emptyNoiseLevels(dimension);
    const gamma = new Float64Array(dimension);
    for (const t of [0, 0.3, 0.77, 1]) {
      levelsAt(t, levels);
      process.gamma(t, gamma);
      let angle = 0;
      for (let i = 0; i < dimension; i++) {
        const signal = 1 / (1 + Math.exp(gamma[i]!));
        const variance = signal * process.dataVariance[i]! + (1 - signal);
        expect(levels.sine[i]).toBeCloseTo(Math.sqrt((1 - signal) / variance), 12);
        expect(levels.cosine[i]).toBeCloseTo(Math.sqrt((signal * process.dataVariance[i]!) / variance), 12);
        const deviation = marginalDeviation(levels.sine[i]!, levels.cosine[i]!, process.dataVariance[i]!);
        expect(deviation).toBeCloseTo(Math.sqrt(variance), 12);
        angle += Math.asin(levels.sine[i]!) / dimension;
      }
      expect(levels.meanAngle).toBeCloseTo(angle, 10);
    }
  });

  it('give the time of a mean angle', () => {
    const levels = emptyNoiseLevels(dimension);
    for (const t of [0.1, 0.5, 0.93]) {
      levelsAt(t, levels);
      expect(timeAtAngle(levelsAt, levels.meanAngle, levels)).toBeCloseTo(t, 9);
    }
    expect(timeAtAngle(levelsAt, -1, levels)).toBe(0);
    expect(timeAtAngle(levelsAt, 3, levels)).toBe(1);
  });
});

for (const [gaussianScore, translationPeriod] of [
  [true, 1],
  [false, 1],
  [true, 2],
] as const)
  describe(`the network's residual, ${gaussianScore ? 'with' : 'without'} the Gaussian score, period ${translationPeriod}`, () => {
    const process = createProcess(
      { colour: 'matched', kernel: 'sigmoid', cutoffWidth: 0.5, varianceAdjusted: false },
      freeField(),
    );
    const rows = 6;
    const u = normals(rows * dimension, 'u');
    const t = 0.45;

    it('is the same for one time and for a time each', async () => {
      const model = createPhi4Residual(process, generalParameters(translationPeriod), {
        channels,
        gaussianScore,
        translationPeriod,
      });
      const one = await model.residualAndDivergence(u, t, new Float64Array(dimension));
      const each = await model.residual(u, new Float64Array(rows).fill(t));
      expect(Math.hypot(...each)).toBeGreaterThan(1);
      each.forEach((value, n) => expect(one.residual[n]).toBeCloseTo(value, 4));
      model.dispose();
    });

    it('has the divergence of finite differences', async () => {
      const model = createPhi4Residual(process, generalParameters(translationPeriod), {
        channels,
        gaussianScore,
        translationPeriod,
      });
      const weights = normals(dimension, 'weights');
      const { divergence } = await model.residualAndDivergence(u, t, weights);
      const h = 0.02;
      const expected = new Float64Array(rows);
      for (let i = 0; i < dimension; i++)
        for (const [step, factor] of [
          [h, 8],
          [-h, -8],
          [2 * h, -1],
          [-2 * h, 1],
        ] as const) {
          const moved = u.map((value, n) => (n % dimension === i ? value + step : value));
          const { residual } = await model.residualAndDivergence(moved, t, weights);
          for (let n = 0; n < rows; n++)
            expected[n]! += (weights[i]! * factor * residual[n * dimension + i]!) / (12 * h);
        }
      divergence.forEach((value, n) =>
        expect(Math.abs(value - expected[n]!)).toBeLessThan(2e-3 * Math.hypot(...expected)),
      );
      model.dispose();
    });
  });

describe('the local kernel', () => {
  it('convolved with itself is the data covariance (whitened input) or that of the noise (χ)', () => {
    const statistics = freeField();
    const process = createProcess({ colour: 'free-field', colourMass2: 2 }, statistics);
    const squared = (kernel: Float64Array) =>
      kernel.map((_, x) => {
        let sum = 0;
        for (let d = 0; d < dimension; d++) {
          const row = (Math.floor(x / 6) - Math.floor(d / 6) + 6) % 6;
          sum += kernel[d]! * kernel[row * 6 + (((x % 6) - (d % 6) + 6) % 6)]!;
        }
        return sum;
      });
    const data = squared(localKernel(process, true, square(1)));
    const noise = squared(localKernel(process, false, square(1)));
    const matrix = process.basis.matrix();
    for (let x = 0; x < dimension; x++) {
      expect(data[x]).toBeCloseTo(statistics.covariance[x]!, 10);
      let covariance = 0;
      for (let i = 0; i < dimension; i++)
        covariance += matrix[i]! * process.scale[i]! ** 2 * matrix[x * dimension + i]!;
      expect(noise[x]).toBeCloseTo(covariance, 10);
    }
  });
});

describe('the cell by which the network commutes with translations', () => {
  const cellOf = (parameters: Parameters, least?: number) =>
    translationCell(createProcess(parameters, freeField()), least);

  it.each<[Parameters, number]>([
    [{ basis: 'fourier', colour: 'free-field', kernel: 'sigmoid', cutoffWidth: 0.3 }, 1],
    [{ basis: 'pca', colour: 'matched', kernel: 'sigmoid', ordering: 'log-variance' }, 1],
    [{ basis: 'pixel', colour: 'white', kernel: 'uniform' }, 1],
    // One level of wavelets fits into 6 × 6: blocks of 2 × 2.
    [{ basis: 'haar', colour: 'matched', kernel: 'sigmoid', ordering: 'level' }, 2],
    [{ basis: 'pixel', kernel: 'sigmoid', ordering: 'raster' }, 6],
  ])('%j: %i', (parameters, side) => {
    expect(cellOf(parameters)).toEqual({ height: side, width: side });
  });

  it('is not below what is asked for, and refuses what does not divide the lattice', () => {
    expect(cellOf({ basis: 'fourier' }, 2)).toEqual({ height: 2, width: 2 });
    expect(cellOf({ basis: 'haar', kernel: 'sigmoid', ordering: 'level' }, 3)).toEqual({
      height: 6,
      width: 6,
    });
    expect(() => cellOf({ basis: 'fourier' }, 4)).toThrow(/translationPeriod is 4; .* 6 and 6/);
  });
});
