import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { variationalBound } from '../../src/eval/bound.js';
import { convergedSteps, flowNll, flowSamples } from '../../src/eval/likelihood.js';
import { blockedMean } from '../../src/eval/statistics.js';
import { fillNormals } from '../../src/random/normals.js';
import { presets } from '../../src/schedule/presets.js';
import { createProcess } from '../../src/schedule/process.js';
import type { DiffusionProcess } from '../../src/schedule/types.js';
import type { Parameters } from '../../src/space/types.js';
import { freeField } from '../schedule/freeField.js';
import { exactGaussianModel } from './gaussianModel.js';

// Free field on 6×6 solved exactly, double precision, by an independent program; definitions inside the file.
const reference = JSON.parse(
  readFileSync(new URL('../reference/gaussian-closed-form.json', import.meta.url), 'utf8'),
) as Record<string, { VLB: number; ODE_NLL: number }>;
const ends = { gammaLow: -9, gammaHigh: 5 };
const schedules = {
  white_scalar: { colour: 'white', kernel: 'uniform', ...ends },
  matched_scalar: { colour: 'matched', kernel: 'uniform', ...ends },
  'matched_rg_w0.2': {
    colour: 'matched',
    kernel: 'sigmoid',
    ordering: 'momentum',
    cutoffWidth: 0.2,
    ...ends,
  },
};

/**
 * The process with assumed variances that are wrong by up to a factor 2.7 either way: the model's residual makes up for
 * it, so that the integrators have everything to do and still must find the closed form.
 */
function misled(process: DiffusionProcess): DiffusionProcess {
  return {
    ...process,
    dataVariance: process.dataVariance.map((value, i) => value * Math.exp(Math.sin(3 * i))),
  };
}

/** One field whose components are one standard deviation each: for a quadratic −log q its value is the mean over the data. */
function typicalField(process: DiffusionProcess): Float64Array {
  const components = process.dataVariance.map(
    (variance, i) => process.scale[i]! * Math.sqrt(variance) * (-1) ** i,
  );
  return process.basis.decode(components, 1);
}

describe('with the exact score of Gaussian data', () => {
  for (const [name, parameters] of Object.entries(schedules)) {
    const process = createProcess(parameters, freeField());
    const model = exactGaussianModel(misled(process), process.dataVariance);

    it(`${name}: the flow's likelihood equals the closed form to 1e-6`, async () => {
      const { nll, functionEvaluations } = await flowNll(misled(process), model, typicalField(process), 128);
      expect(functionEvaluations).toBe(512);
      expect(Math.abs(nll[0]! - reference[name]!.ODE_NLL)).toBeLessThan(1e-6);
    });

    it(`${name}: the flow converges with the fourth order`, async () => {
      const error = async (steps: number) => {
        const { nll } = await flowNll(misled(process), model, typicalField(process), steps);
        return Math.abs(nll[0]! - reference[name]!.ODE_NLL);
      };
      const order = Math.log2((await error(16)) / (await error(32)));
      expect(order).toBeGreaterThan(3.5);
      expect(order).toBeLessThan(5.5);
    });

    it(`${name}: the bound equals the closed form, exactly without and within errors with a residual`, async () => {
      const field = typicalField(process);
      const exact = exactGaussianModel(process, process.dataVariance);
      const bound = await variationalBound(process, exact, field, 2, 1);
      expect(Math.abs(bound[0]! - reference[name]!.VLB)).toBeLessThan(1e-6);

      const copies = 2000;
      const many = Float64Array.from({ length: copies * 36 }, (_, n) => field[n % 36]!);
      const { value, error } = blockedMean(await variationalBound(misled(process), model, many, 4, 1));
      expect(error).toBeLessThan(0.3);
      expect(Math.abs(value - reference[name]!.VLB)).toBeLessThan(4 * error);
    });

    it(`${name}: samples have the data's variances, and the likelihood of going back`, async () => {
      const count = 2000;
      const { fields, logDensity } = await flowSamples(misled(process), model, count, 32, 5);
      const back = await flowNll(misled(process), model, fields.slice(0, 36 * 20), 32);
      back.nll.forEach((value, n) => expect(value).toBeCloseTo(-logDensity[n]!, 4));
      const components = process.basis.encode(fields, count);
      for (let i = 0; i < 36; i++) {
        let sum = 0;
        for (let n = 0; n < count; n++) sum += components[n * 36 + i]! ** 2;
        const ratio = sum / count / (process.scale[i]! ** 2 * process.dataVariance[i]!);
        // The prior mismatch of these schedules is below 2 %; five standard errors of a variance.
        expect(Math.abs(ratio - 1)).toBeLessThan(0.02 + 5 * Math.sqrt(2 / count));
      }
    });
  }
});

describe('a path at another speed', () => {
  const cutoff = { colour: 'matched', kernel: 'sigmoid', ordering: 'momentum', cutoffWidth: 0.5, ...ends };
  const nllOf = async (process: DiffusionProcess, steps: number) => {
    const model = exactGaussianModel(misled(process), process.dataVariance);
    return (await flowNll(misled(process), model, typicalField(process), steps)).nll[0]!;
  };

  // Some stand still at an end (cosine, powers above 1), some begin at infinite speed (powers below 1).
  it.each<Parameters>([
    { trajectory: 'cosine' },
    { trajectory: 'power', trajectoryPower: 0.5 },
    { trajectory: 'power', trajectoryPower: 3 },
    { trajectory: 'exponential', trajectoryRate: 4 },
    { trajectory: 'spline', trajectoryKnot1: 1.5, trajectoryKnot2: -1.5, trajectoryKnot3: 1 },
  ])('has the same likelihood: $trajectory $trajectoryPower', async (speed) => {
    const nll = await nllOf(createProcess({ ...cutoff, ...speed }, freeField()), 64);
    expect(Math.abs(nll - (await nllOf(createProcess(cutoff, freeField()), 64)))).toBeLessThan(1e-6);
  });

  it.each(Object.keys(presets))('of the preset %s converges', async (name) => {
    const process = createProcess(presets[name]!, freeField());
    const change = Math.abs((await nllOf(process, 128)) - (await nllOf(process, 256)));
    expect(change).toBeLessThan(0.002);
  });
});

describe('a path with kinks', () => {
  const windows: Parameters[] = [
    { basis: 'pixel', colour: 'power-law', colourExponent: 2.9, ordering: 'basis-order', cutoffWidth: 0.96 },
    {
      basis: 'pca',
      colour: 'free-field',
      colourMass2: 0.5,
      ordering: 'log-variance',
      cutoffWidth: 6,
      reversed: true,
    },
    { basis: 'fourier', colour: 'matched', ordering: 'momentum', cutoffWidth: 0.3 },
  ];
  const cases = windows.map((window) => {
    const process = createProcess(
      { ...window, kernel: 'hard-step', gammaLow: -8, gammaHigh: 6 },
      freeField(),
    );
    return [process.basis.name, process, exactGaussianModel(misled(process), process.dataVariance)] as const;
  });

  /** Along the exact flow of Gaussian data each component is χ_i(1) = √(v_i(1)/v_i(0)) χ_i(0), v = α²Σ + σ². */
  function closedForm(process: DiffusionProcess, field: Float64Array): number {
    const chi = process.basis.encode(field, 1);
    const [first, last] = [new Float64Array(36), new Float64Array(36)];
    process.gamma(0, first);
    process.gamma(1, last);
    let nll = 0;
    for (let i = 0; i < 36; i++) {
      const signal = (gamma: number) => 1 / (1 + Math.exp(gamma));
      const [a0, a1] = [signal(first[i]!), signal(last[i]!)];
      const growth = (a1 * process.dataVariance[i]! + 1 - a1) / (a0 * process.dataVariance[i]! + 1 - a0);
      const end = (a0 * growth * chi[i]! ** 2) / process.scale[i]! ** 2;
      nll += 0.5 * (end + Math.log(2 * Math.PI) - Math.log(growth * a0)) + Math.log(process.scale[i]!);
    }
    return nll;
  }

  it.each(cases)('keeps the fourth order: hard windows, %s', async (_name, process, model) => {
    // At one standard deviation the errors of the field and of the divergence would cancel.
    const field = typicalField(process).map((value) => 2 * value);
    const exact = closedForm(process, field);
    const error = async (steps: number) =>
      Math.abs((await flowNll(misled(process), model, field, steps)).nll[0]! - exact);
    const [coarse, fine] = [await error(32), await error(64)];
    expect(fine).toBeLessThan(0.001);
    expect(Math.log2(coarse / fine)).toBeGreaterThan(3);
    // Stepping over the kinks, with the same number of calls, is worse by far.
    const { functionEvaluations } = await flowNll(misled(process), model, field, 64);
    const blind = { ...misled(process), kinks: [] };
    const over = (await flowNll(blind, model, field, functionEvaluations / 4)).nll[0]!;
    expect(Math.abs(over - exact)).toBeGreaterThan(10 * fine);
  });

  it.each(cases)('knows where they are: %s', (_name, process) => {
    const kinks = process.kinks!;
    expect(kinks.length).toBeGreaterThan(5);
    const slopes = (t: number) => {
      const out = new Float64Array(36);
      process.gammaDerivative(t, out);
      return out;
    };
    const changed = (a: number, b: number) => {
      const later = slopes(b);
      return slopes(a).some((slope, i) => Math.abs(slope - later[i]!) > 0.1 * Math.max(slope, later[i]!));
    };
    let before = 0;
    for (const kink of [...kinks, 1]) {
      expect(kink).toBeGreaterThanOrEqual(before);
      if (kink < 1) expect(changed(kink - 1e-9, kink + 1e-9)).toBe(true);
      if (kink - before > 1e-6) expect(changed(before + 1e-7, kink - 1e-7)).toBe(false);
      before = kink;
    }
  });

  it('is absent where γ is smooth', () => {
    for (const kernel of ['uniform', 'sigmoid', 'erf', 'heat'])
      expect(createProcess({ colour: 'matched', kernel, ...ends }, freeField()).kinks).toBeUndefined();
  });
});

describe('the number of steps', () => {
  const process = createProcess(schedules['matched_rg_w0.2'], freeField());
  const model = exactGaussianModel(misled(process), process.dataVariance);

  it('is the first whose doubling changes the likelihood by less than 0.002 nats', async () => {
    const field = typicalField(process);
    const { steps, change } = await convergedSteps(misled(process), model, field, 512);
    expect(change).toBeLessThan(0.002);
    const at = async (n: number) => (await flowNll(misled(process), model, field, n)).nll[0]!;
    expect(Math.abs((await at(2 * steps!)) - (await at(steps!)))).toBeCloseTo(change, 10);
    if (steps! > 8) expect(Math.abs((await at(steps!)) - (await at(steps! / 2)))).toBeGreaterThan(0.002);
    expect(Math.abs((await at(steps!)) - reference['matched_rg_w0.2']!.ODE_NLL)).toBeLessThan(0.003);
  });

  it('is not given when the flow does not converge', async () => {
    const wild = {
      ...model,
      residualAndDivergence: async (u: Float64Array, t: number, weights: Float64Array) => {
        const result = await model.residualAndDivergence(u, t, weights);
        return { ...result, divergence: result.divergence.map(() => 1e3 * Math.sin(1e5 * t)) };
      },
    };
    const result = await convergedSteps(misled(process), wild, typicalField(process), 32);
    expect(result.steps).toBeUndefined();
    expect(result.change).toBeGreaterThan(0.002);
  });
});

describe('normals', () => {
  it('are addressed by seed, stream and step, with the right moments', () => {
    const draw = (seed: number, stream: string, step: number, length = 6) => {
      const out = new Float32Array(length);
      fillNormals(out, seed, stream, step);
      return out;
    };
    expect(draw(1, 'a', 2)).toEqual(draw(1, 'a', 2));
    expect(draw(1, 'a', 2, 11).subarray(0, 6)).toEqual(draw(1, 'a', 2));
    for (const other of [draw(2, 'a', 2), draw(1, 'b', 2), draw(1, 'a', 3)])
      expect(other).not.toEqual(draw(1, 'a', 2));
    const many = draw(3, 'moments', 0, 200_000);
    const moment = (power: number) => many.reduce((sum, x) => sum + x ** power, 0) / many.length;
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(many.length));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / many.length));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / many.length));
  });
});
