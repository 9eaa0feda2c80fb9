import { describe, expect, it } from 'vitest';
import { createBasis } from '../../src/basis/index.js';
import { componentVariances, statisticsOfSpectrum } from '../../src/basis/statistics.js';
import { basisNames } from '../../src/basis/types.js';
import { noisePathKey } from '../../src/schedule/canonical.js';
import { gaussianBound } from '../../src/schedule/gaussian.js';
import { createDiagonalProcess, tabulatedDynamics } from '../../src/schedule/general.js';
import { createProcess } from '../../src/schedule/process.js';
import type { DiffusionProcess } from '../../src/schedule/types.js';
import type { Parameters } from '../../src/space/types.js';
import { freeField } from './freeField.js';

const statistics = freeField();
const basis = createBasis('fourier', statistics.shape);
const variances = componentVariances(statistics, basis);
const initialNoise = variances.map((variance) => Math.sqrt(variance) * Math.exp(-4));
const common = { basis, mean: statistics.mean, variances, initialNoise };

describe('any A(t), B(t)', () => {
  it('agrees with moments integrated by hand: A = −k² (heat), constant B', () => {
    const k2 = basis.components.map(({ momentum }) => momentum ** 2 + 0.1);
    const process = createDiagonalProcess({
      ...common,
      dynamics: {
        drift: (_, out) => k2.forEach((value, i) => (out[i] = -value)),
        diffusion: (_, out) => out.fill(1.5),
      },
    });
    const gamma = new Float64Array(36);
    const slope = new Float64Array(36);
    for (const t of [0, 0.01, 0.313, 0.77, 1]) {
      process.gamma(t, gamma);
      process.gammaDerivative(t, slope);
      for (let i = 0; i < 36; i++) {
        // α̂ = e^(−k²t), n² = n₀² + B² (e^(2k²t) − 1)/(2k²)
        const n2 = initialNoise[i]! ** 2 + (2.25 * Math.expm1(2 * k2[i]! * t)) / (2 * k2[i]!);
        expect(gamma[i]).toBeCloseTo(Math.log(n2 / variances[i]!), 8);
        expect(slope[i]! / ((2.25 * Math.exp(2 * k2[i]! * t)) / n2)).toBeCloseTo(1, 6);
      }
    }
    expect(process.uniform).toBe(false);
    expect(process.family).toBe('other');
  });

  it('gives a schedule back from its own A = −β/2, B = s√β', () => {
    const known = createProcess(
      { colour: 'matched', kernel: 'sigmoid', cutoffWidth: 0.7, trajectory: 'cosine' },
      statistics,
    );
    const gamma = new Float64Array(36);
    const slope = new Float64Array(36);
    const beta = (t: number, out: Float64Array): void => {
      known.gamma(t, gamma);
      known.gammaDerivative(t, slope);
      for (let i = 0; i < 36; i++) out[i] = slope[i]! / (1 + Math.exp(-gamma[i]!));
    };
    known.gamma(0, gamma);
    const alpha0 = gamma.map((value) => Math.sqrt(1 / (1 + Math.exp(value))));
    // One component at a time: α(0) is a number of the whole process.
    for (const i of [0, 1, 21]) {
      known.gamma(0, gamma);
      const process = createDiagonalProcess({
        ...common,
        scale: known.scale,
        initialNoise: known.scale.map((s, j) => s * Math.exp(gamma[j]! / 2)),
        initialSignal: alpha0[i]!,
        dynamics: {
          drift: (t, out) => {
            beta(t, out);
            for (let j = 0; j < 36; j++) out[j]! *= -0.5;
          },
          diffusion: (t, out) => {
            beta(t, out);
            for (let j = 0; j < 36; j++) out[j] = known.scale[j]! * Math.sqrt(out[j]!);
          },
        },
      });
      const back = new Float64Array(36);
      for (const t of [0, 0.1, 0.5, 0.9, 1]) {
        process.gamma(t, back);
        known.gamma(t, gamma);
        expect(back[i]).toBeCloseTo(gamma[i]!, 6);
      }
    }
  });

  it('converges with order 4 and more', () => {
    const of = (intervals: number): number => {
      const process = createDiagonalProcess({
        ...common,
        intervals,
        dynamics: {
          drift: (t, out) => out.fill(-3 * Math.cos(3 * t)),
          diffusion: (t, out) => out.fill(1 + Math.sin(5 * t) / 2),
        },
      });
      const gamma = new Float64Array(36);
      process.gamma(1, gamma);
      return gamma[5]!;
    };
    const exact = of(4096);
    const errors = [16, 32, 64].map((intervals) => Math.abs(of(intervals) - exact));
    expect(errors[0]! / errors[1]!).toBeGreaterThan(12);
    expect(errors[1]! / errors[2]!).toBeGreaterThan(12);
  });

  it('tables are read linearly, and wrong ones are refused', () => {
    const dynamics = tabulatedDynamics([0, 0.5, 1], [0, -1, -1], [1, 1, [2, 4]], 2);
    const out = new Float64Array(2);
    dynamics.drift(0.25, out);
    expect([...out]).toEqual([-0.5, -0.5]);
    dynamics.diffusion(0.75, out);
    expect([...out]).toEqual([1.5, 2.5]);
    expect(() => tabulatedDynamics([0, 0.9], [0, 0], [1, 1], 2)).toThrow(/times.*from 0 to 1/);
    expect(() => tabulatedDynamics([0, 1], [0], [1, 1], 2)).toThrow(/drift has 1 rows for 2 times/);
    expect(() => tabulatedDynamics([0, 1], [0, 0], [1, [1, 2, 3]], 2)).toThrow(/diffusion\[1\]/);
    expect(() => createDiagonalProcess({ ...common, initialNoise: new Float64Array(36), dynamics })).toThrow(
      /initialNoise/,
    );
    const wild = {
      drift: (_: number, o: Float64Array) => o.fill(-1e6),
      diffusion: (_: number, o: Float64Array) => o.fill(1),
    };
    expect(() => createDiagonalProcess({ ...common, dynamics: wild })).toThrow(/do not give finite moments/);
  });
});

/** ½∫Σγ′Σ^χ/(Σ^χ + e^γ) dt and the probability flow of a field with χ² = Σ^χ, by quadrature. */
function integrated(process: DiffusionProcess): { diffusion: number; flowNll: number } {
  const n = process.dimension;
  const gamma = new Float64Array(n);
  const slope = new Float64Array(n);
  let diffusion = 0;
  let divergence = 0;
  const chi = new Float64Array(n);
  process.gamma(0, gamma);
  let logSignal = 0;
  for (let i = 0; i < n; i++) {
    const signal = 1 / (1 + Math.exp(gamma[i]!));
    chi[i] = Math.sqrt(signal * process.dataVariance[i]!);
    logSignal += 0.5 * Math.log(signal);
  }
  const steps = 2000;
  /** χ̇/χ = div per component with the exact score: −½γ′σ²(1 − 1/v). */
  const rate = (t: number, out: Float64Array): void => {
    process.gamma(t, gamma);
    process.gammaDerivative(t, slope);
    for (let i = 0; i < n; i++) {
      const noise = 1 / (1 + Math.exp(-gamma[i]!));
      const v = (1 - noise) * process.dataVariance[i]! + noise;
      out[i] = -0.5 * slope[i]! * noise * (1 - 1 / v);
    }
  };
  // Gauss and Legendre's three points: none on a step's edge, where ramps have their kinks.
  const nodes = [0.5 - Math.sqrt(0.15), 0.5, 0.5 + Math.sqrt(0.15)];
  const weights = [5 / 18, 8 / 18, 5 / 18];
  const change = new Float64Array(n);
  for (let step = 0; step < steps; step++)
    nodes.forEach((node, k) => {
      rate((step + node) / steps, change);
      for (let i = 0; i < n; i++) {
        const part = process.dataVariance[i]! / (process.dataVariance[i]! + Math.exp(gamma[i]!));
        diffusion += (weights[k]! * 0.5 * slope[i]! * part) / steps;
        chi[i]! *= Math.exp((weights[k]! * change[i]!) / steps);
        divergence += (weights[k]! * change[i]!) / steps;
      }
    });
  let flowNll = -divergence - logSignal;
  for (let i = 0; i < n; i++)
    flowNll += 0.5 * (Math.log(2 * Math.PI) + chi[i]! ** 2) + Math.log(process.scale[i]!);
  return { diffusion, flowNll };
}

describe('Gaussian data in closed form, every family', () => {
  const families: Parameters[] = [
    { colour: 'white', kernel: 'uniform' },
    { colour: 'matched', kernel: 'uniform', trajectory: 'cosine' },
    { colour: 'free-field', colourMass2: 1, kernel: 'uniform' },
    { colour: 'interpolated', kernel: 'sigmoid', cutoffWidth: 0.5, ordering: 'log-variance' },
    { colour: 'matched', kernel: 'erf', cutoffWidth: 3, trajectory: 'power', trajectoryPower: 3 },
    { colour: 'matched', kernel: 'heat', trajectory: 'exponential', trajectoryRate: 3 },
    { colour: 'white', kernel: 'blurring', blurWidth: 1.5 },
    { colour: 'matched', kernel: 'dissipation', blurWidth: 3 },
    {
      basis: 'pca',
      colour: 'white',
      kernel: 'sigmoid',
      ordering: 'log-variance',
      cutoffWidth: 2,
      reversed: true,
    },
  ];

  it.each(families)('%j: bound and probability flow', (parameters) => {
    const process = createProcess(parameters, statistics);
    const bound = gaussianBound(process);
    const numeric = integrated(process);
    expect(numeric.diffusion).toBeCloseTo(bound.diffusion, 6);
    expect(numeric.flowNll).toBeCloseTo(bound.flowNll, 6);
    expect(bound.vlb).toBeCloseTo(bound.entropy + bound.excess, 9);
    expect(bound.excess).toBeGreaterThan(0);
    expect(bound.vlb).toBeGreaterThanOrEqual(bound.flowNll - 1e-9);
    // The determinant of the covariance does not depend on how the noise is coloured.
    expect(bound.entropy).toBeCloseTo(15.639504064813003, 8);
  });

  it('hard windows: bound and probability flow', () => {
    // Variances e^0 … e^−9 by shell: ℓ = −log Var is 0 … 9, and the windows' edges fall on the steps' edges.
    const shells = [...new Set(basis.components.map(({ shell }) => shell))];
    const data = statisticsOfSpectrum(statistics.shape, (n, m) =>
      Math.exp(-basis.components[n * 6 + m]!.shell),
    );
    expect(shells).toHaveLength(10);
    const process = createProcess({ kernel: 'hard-step', ordering: 'log-variance', cutoffWidth: 1 }, data);
    const bound = gaussianBound(process);
    const numeric = integrated(process);
    expect(numeric.diffusion).toBeCloseTo(bound.diffusion, 6);
    expect(numeric.flowNll).toBeCloseTo(bound.flowNll, 6);
  });

  it('two colours differ by the prior mismatch alone', () => {
    const of = (colour: string) => gaussianBound(createProcess({ colour, gammaLow: -12 }, statistics));
    const [white, matched] = [of('white'), of('matched')];
    expect(white.flowNll - matched.flowNll).toBeCloseTo(white.priorMismatch - matched.priorMismatch, 9);
    expect(white.priorMismatch).toBeGreaterThan(1e-4);
    expect(matched.priorMismatch).toBeLessThan(1e-8);
  });

  it('equal paths written in different bases have equal bounds', () => {
    const parameters = { colour: 'matched', kernel: 'sigmoid', ordering: 'log-variance', cutoffWidth: 0.6 };
    const fourier = createProcess({ basis: 'fourier', ...parameters }, statistics);
    const pca = createProcess({ basis: 'pca', ...parameters }, statistics);
    expect(noisePathKey(fourier)).toBe(noisePathKey(pca));
    expect(gaussianBound(fourier).vlb).toBeCloseTo(gaussianBound(pca).vlb, 8);
    expect(basisNames).toContain('whitened-pca');
  });
});
