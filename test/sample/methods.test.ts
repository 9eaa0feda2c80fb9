import { describe, expect, it } from 'vitest';
import { exponentialFlow } from '../../src/sample/exponentialFlow.js';
import { generateFields, samplingMethods, type SamplingMethod } from '../../src/sample/generate.js';
import { marginalsAt } from '../../src/sample/marginals.js';
import { probabilityFlow } from '../../src/sample/probabilityFlow.js';
import { eulerStabilityBound, reverseSde, type StochasticMethod } from '../../src/sample/reverseSde.js';
import { createProcess } from '../../src/schedule/process.js';
import type { DiffusionProcess } from '../../src/schedule/types.js';
import { freeField } from '../schedule/freeField.js';
import { exactGaussianModel } from './gaussianModel.js';

// Gaussian data, exact score: χ_i(0) given χ_i(1) is known in closed form for the flow, √(v₀/v₁) χ_i(1), and for the
// reverse SDE, a normal with mean r (v₀/v₁) χ_i(1), r = α₁/α₀, and variance v₀ (1 − r² v₀/v₁).
const dimension = 36;
const schedules = {
  standard: { colour: 'white', kernel: 'uniform' },
  'component-wise': { colour: 'matched', kernel: 'sigmoid', ordering: 'momentum', cutoffWidth: 0.5 },
} as const;

/** Assumed variances wrong by up to a factor 2.7: the residual makes up for it, so the methods have all to do. */
function misled(process: DiffusionProcess): DiffusionProcess {
  return {
    ...process,
    dataVariance: process.dataVariance.map((value, i) => value * Math.exp(Math.sin(3 * i))),
  };
}

function exact(process: DiffusionProcess) {
  const [data, prior] = [marginalsAt(process, 0), marginalsAt(process, 1)];
  const rows = Array.from({ length: dimension }, (_, i) => {
    const ratio = prior.alpha[i]! / data.alpha[i]!;
    const [v0, v1] = [data.deviation[i]! ** 2, prior.deviation[i]! ** 2];
    return {
      flow: Math.sqrt(v0 / v1),
      mean: (ratio * v0) / v1,
      // From the prior N(0, 1), not from v₁.
      variance: v0 * (1 - (ratio ** 2 * v0) / v1) + ((ratio * v0) / v1) ** 2,
    };
  });
  return rows;
}

/** What a linear sampler does: the variance of each component that unit normals at the start and at every step give. */
async function sampledVariance(
  assumed: DiffusionProcess,
  truth: DiffusionProcess,
  method: StochasticMethod,
  steps: number,
) {
  const rows = steps + 1;
  const start = new Float64Array(rows * dimension).fill(0);
  start.fill(1, 0, dimension);
  const { chi, functionEvaluations, largestStep } = await reverseSde({
    process: assumed,
    model: exactGaussianModel(assumed, truth.dataVariance),
    start,
    steps,
    method,
    // Row n + 1 has the noise of step n alone.
    noise: (step, out) => out.fill(0).fill(1, (step + 1) * dimension, (step + 2) * dimension),
  });
  expect(functionEvaluations).toBe(steps);
  const variance = new Float64Array(dimension);
  for (let n = 0; n < chi.length; n++) variance[n % dimension]! += chi[n]! ** 2;
  return { variance, largestStep };
}

describe.each(Object.entries(schedules))('%s', (_, parameters) => {
  const process = createProcess(parameters, freeField());
  const wrong = misled(process);
  const model = exactGaussianModel(wrong, process.dataVariance);
  const expected = exact(process);
  const ones = new Float64Array(dimension).fill(1);

  it.each([
    ['rk4', 4, 4],
    ['heun', 2, 2],
    ['exponential', 1, 1],
  ] as const)(
    '%s converges with order %i, with %i calls of the network a step',
    async (method, order, calls) => {
      const errorOf = async (steps: number): Promise<number> => {
        const { chi, functionEvaluations } =
          method === 'exponential'
            ? await exponentialFlow(wrong, model, ones, steps)
            : await probabilityFlow(wrong, model, ones, steps, 'data', { method: method });
        expect(functionEvaluations).toBe(calls * steps);
        return Math.max(...expected.map(({ flow }, i) => Math.abs(chi[i]! - flow) / flow));
      };
      const steps = method === 'rk4' ? 24 : 128;
      const [coarse, fine] = [await errorOf(steps), await errorOf(2 * steps)];
      expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.35);
      expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.8);
      expect(fine).toBeLessThan(0.05);
    },
  );

  it('ancestral is exact in three steps where the Gaussian score is', async () => {
    const { variance } = await sampledVariance(process, process, 'ancestral', 3);
    expected.forEach((row, i) => expect(variance[i]! / row.variance).toBeCloseTo(1, 9));
  });

  it.each(['ancestral', 'euler'] as const)('%s has weak order 1', async (method) => {
    const errorOf = async (steps: number): Promise<number> => {
      const { variance } = await sampledVariance(wrong, process, method, steps);
      return Math.max(...expected.map((row, i) => Math.abs(variance[i]! / row.variance - 1)));
    };
    const errors = [await errorOf(64), await errorOf(128), await errorOf(256)];
    expect(errors[2]!).toBeLessThan(0.1);
    for (const n of [1, 2]) {
      expect(errors[n - 1]! / errors[n]!).toBeGreaterThan(1.7);
      expect(errors[n - 1]! / errors[n]!).toBeLessThan(2.4);
    }
  });
});

describe('Euler’s stability bound', () => {
  // Hardly any data: all noise must go, and every step multiplies a component by about 1 − Δγ.
  const process = createProcess({ ...schedules.standard, gammaLow: -9, gammaHigh: 0.01 }, freeField());
  const bare = { ...process, dataVariance: new Float64Array(dimension).fill(1e-4) };
  const expected = exact(bare);

  it('the largest step of γ says on which side of it a number of steps is', async () => {
    const excess = async (steps: number) => {
      const { variance, largestStep } = await sampledVariance(bare, bare, 'euler', steps);
      return { largestStep, ratio: Math.max(...expected.map((row, i) => variance[i]! / row.variance)) };
    };
    const few = await excess(4);
    expect(few.largestStep).toBeGreaterThan(eulerStabilityBound);
    expect(few.ratio).toBeGreaterThan(10);
    const many = await excess(64);
    expect(many.largestStep).toBeLessThan(eulerStabilityBound);
    expect(many.ratio).toBeLessThan(1.5);
  });
});

describe('generateFields', () => {
  const process = createProcess(schedules['component-wise'], freeField());
  const model = exactGaussianModel(process, process.dataVariance);
  const draw = (method: SamplingMethod, seed: number, more = {}) =>
    generateFields({ process, model, method, count: 150, steps: 120, seed, ...more });

  it.each(samplingMethods)(
    '%s gives the data’s variances, the same fields for the same seed',
    async (method) => {
      const times: number[] = [];
      const { fields } = await draw(method, 3, { onStep: (t: number) => times.push(t) });
      expect(times).toHaveLength(121);
      expect([times[0], times.at(-1)]).toEqual([1, 0]);
      expect(fields).toEqual((await draw(method, 3)).fields);
      expect(fields).not.toEqual((await draw(method, 4)).fields);
      const components = process.basis.encode(fields, 150);
      let sum = 0;
      for (let n = 0; n < components.length; n++) {
        const i = n % dimension;
        sum += components[n]! ** 2 / (process.scale[i]! ** 2 * process.dataVariance[i]!) / components.length;
      }
      // 5,400 squares of standard normals; the prior mismatch and Euler's error stay below 2 %.
      expect(Math.abs(sum - 1)).toBeLessThan(0.02 + 4 * Math.sqrt(2 / 5400));
    },
  );

  it('refuses given components with a method that cannot take them', async () => {
    const given = { components: [0], chi: new Float64Array(dimension) };
    await expect(draw('heun', 1, { given })).rejects.toThrow(/given to the method heun/);
  });
});
