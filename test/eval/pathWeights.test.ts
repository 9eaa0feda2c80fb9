import { describe, expect, it } from 'vitest';
import { createLattice, phi4Action } from '../../src/data/phi4/action.js';
import { freeFieldLogZ } from '../../src/data/phi4/logZ.js';
import { evaluateDensity } from '../../src/eval/density.js';
import { evaluationsNeeded, pathEss, pathWeights } from '../../src/eval/pathWeights.js';
import { effectiveSampleSize } from '../../src/eval/statistics.js';
import { generateFields } from '../../src/sample/generate.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { exactGaussianModel } from '../sample/gaussianModel.js';
import { freeField } from '../schedule/freeField.js';

const mass2 = 0.5;
const size = 6;
const lattice = createLattice(size);
const actions = (fields: Float64Array) =>
  Float64Array.from({ length: fields.length / 36 }, (_, n) =>
    phi4Action(fields, 36 * n, lattice, { mass2, coupling: 0 }),
  );
const exact = freeFieldLogZ(size, mass2);
const ends = { gammaLow: -12, gammaHigh: 8 };
const schedules: Record<string, Parameters> = {
  standard: { ...ends, basis: 'fourier', colour: 'white', kernel: 'uniform' },
  'component-wise': {
    ...ends,
    basis: 'fourier',
    colour: 'matched',
    kernel: 'sigmoid',
    ordering: 'momentum',
    cutoffWidth: 0.5,
  },
};

describe.each(Object.entries(schedules))('path weights of the free field, %s', (_, parameters) => {
  const process = createProcess(parameters, freeField(mass2));
  const perfect = exactGaussianModel(process, process.dataVariance);

  it('are all the same, and Z, where the score is exact, in any number of steps', async () => {
    for (const steps of [1, 4, 16]) {
      const weights = await pathWeights({ process, model: perfect, actions, count: 500, steps, seed: 3 });
      const { ess, logMeanWeight } = effectiveSampleSize(weights);
      expect(ess).toBeGreaterThan(0.98);
      expect(Math.abs(logMeanWeight - exact)).toBeLessThan(0.05);
    }
  });

  it('have the mean Z with a wrong score too, and say how wrong it is', async () => {
    const wrong = exactGaussianModel(
      process,
      process.dataVariance.map((value, i) => value * (1 + 0.15 * Math.sin(3 * i))),
    );
    const weights = await pathWeights({ process, model: wrong, actions, count: 4000, steps: 32, seed: 5 });
    const { ess, logMeanWeight } = effectiveSampleSize(weights);
    expect(ess).toBeLessThan(0.97);
    expect(ess).toBeGreaterThan(0.2);
    expect(Math.abs(logMeanWeight - exact)).toBeLessThan(4 * Math.sqrt((1 / ess - 1) / 4000));
  });
});

it('ESS is asked for with more calls only while it is too small', async () => {
  const process = createProcess(schedules['standard']!, freeField(mass2));
  const model = exactGaussianModel(process, process.dataVariance);
  const found = await pathEss({ process, model, actions, count: 64, seed: 1 }, 0.8);
  expect(found.map(({ evaluations }) => evaluations)).toEqual([8, 16, 32, 64]);
  const more = await pathEss({ process, model, actions, count: 64, seed: 1 }, 1.1);
  expect(more.map(({ evaluations }) => evaluations)).toEqual([8, 16, 32, 64, 128, 256]);
});

it('evaluations needed lie between two numbers by their logarithms', () => {
  const found = [
    { evaluations: 8, ess: 0.2 },
    { evaluations: 16, ess: 0.6 },
    { evaluations: 32, ess: 0.9 },
  ];
  expect(evaluationsNeeded(found, 0.75)).toBeCloseTo(Math.sqrt(16 * 32), 9);
  expect(evaluationsNeeded(found, 0.1)).toBe(8);
  expect(evaluationsNeeded(found, 0.95)).toBeUndefined();
});

it('are among the figures of a final evaluation', async () => {
  const process = createProcess(schedules['component-wise']!, freeField(mass2));
  const model = exactGaussianModel(process, process.dataVariance);
  const { fields } = await generateFields({
    process,
    model,
    method: 'ancestral',
    count: 300,
    steps: 8,
    seed: 2,
  });
  const { metrics } = await evaluateDensity({
    process,
    model,
    configurations: Float32Array.from(fields),
    actions: (rows) => actions(Float64Array.from(rows)),
    logZ: exact,
    samples: 256,
    level: 'final',
    seed: 4,
  });
  expect(Math.abs(metrics.kl!)).toBeLessThan(0.01);
  expect(metrics).toMatchObject({ evaluationsForEss80: 8 });
  for (const calls of [8, 16, 32, 64]) expect(metrics[`pathEss${calls}`]).toBeGreaterThan(0.98);
});
