import { describe, expect, it } from 'vitest';
import type { BasisName, DataStatistics } from '../../src/basis/types.js';
import { CounterRandom } from '../../src/random/philox.js';
import { kernels, orderings, trajectories } from '../../src/schedule/parameters.js';
import { presets } from '../../src/schedule/presets.js';
import { createProcess } from '../../src/schedule/process.js';
import type { DiffusionProcess } from '../../src/schedule/types.js';
import type { Parameters } from '../../src/space/types.js';
import { freeField } from './freeField.js';

const statistics = freeField();
const plain = trajectories.filter((trajectory) => !trajectory.startsWith('vp-'));

/** Every kernel × trajectory × ordering that exists on 6×6, in a basis that has the ordering. */
const combinations = kernels.flatMap((kernel) =>
  (kernel === 'uniform' ? trajectories : plain).flatMap((trajectory) =>
    orderings
      .filter(
        (ordering) => ordering === 'momentum' || !['uniform', 'dissipation', 'blurring'].includes(kernel),
      )
      .map((ordering) => {
        const basis: BasisName =
          ordering === 'level'
            ? 'haar'
            : ['row', 'column', 'raster'].includes(ordering)
              ? 'pixel'
              : 'fourier';
        return { kernel, trajectory, ordering, basis };
      }),
  ),
);
type FiveArrays = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
const usesWidth = (kernel: string): boolean => ['sigmoid', 'erf', 'hard-step'].includes(kernel);
const knots = { trajectoryKnot1: 1, trajectoryKnot2: -1, trajectoryKnot3: 0.5 };

function pathOf(parameters: Parameters, data: DataStatistics = statistics) {
  const process = createProcess(parameters, data);
  const n = process.dimension;
  const gamma = (t: number): Float64Array => {
    const out = new Float64Array(n);
    process.gamma(t, out);
    return out;
  };
  const derivative = (t: number): Float64Array => {
    const out = new Float64Array(n);
    process.gammaDerivative(t, out);
    return out;
  };
  return { process, n, gamma, derivative };
}

describe.each(combinations)(
  '$kernel × $trajectory × $ordering',
  ({ kernel, trajectory, ordering, basis }) => {
    const of = (width: number, reversed = false): Parameters => ({
      basis,
      colour: 'matched',
      kernel,
      trajectory,
      ordering,
      reversed,
      cutoffWidth: width,
      ...(trajectory === 'spline' ? knots : {}),
      ...(trajectory.startsWith('vp-') ? { gammaLow: -12, gammaHigh: 9 } : {}),
    });

    it('finite, monotone, end points met, β = σ²γ′, for widths from 1e-3 to 1e3', () => {
      for (const width of usesWidth(kernel) ? [1e-3, 0.3, 1, 1e3] : [1])
        for (const reversed of ordering === 'momentum' && !usesWidth(kernel) ? [false] : [false, true]) {
          const where = `width ${width}, reversed ${reversed}`;
          const { gamma, derivative, n } = pathOf(of(width, reversed));
          let before = gamma(0);
          let [largest, fall, lowest, finite] = [0, 0, 0, true];
          for (let j = 0; j <= 50; j++) {
            const now = gamma(j / 50);
            const slope = derivative(j / 50);
            for (let i = 0; i < n; i++) {
              largest = Math.max(largest, Math.abs(now[i]!));
              fall = Math.max(fall, before[i]! - now[i]!);
              lowest = Math.min(lowest, slope[i]!);
              finite &&= Number.isFinite(slope[i]!) && Number.isFinite(now[i]!);
            }
            before = now;
          }
          expect(finite, where).toBe(true);
          expect(largest, where).toBeLessThanOrEqual(kernel === 'hard-step' ? 8 : 30);
          expect(fall, where).toBeLessThan(1e-11);
          expect(lowest, where).toBeGreaterThanOrEqual(0);

          const [low, high] = trajectory.startsWith('vp-') ? [-12, 9] : [-8, 4];
          const cosineStart = 2 * Math.log(Math.tan((0.008 / 1.008) * (Math.PI / 2)));
          expect(Math.max(...gamma(0)), where).toBeCloseTo(trajectory === 'vp-cosine' ? cosineStart : low, 8);
          // The zero mode of heat dissipation without a mass is never noised.
          expect(Math.min(...gamma(1)), where).toBeCloseTo(kernel === 'dissipation' ? low : high, 8);

          // γ′ against finite differences of fourth order, off the kinks of cut and ramped paths.
          const h = 1e-6;
          let worst = 0;
          for (const t of [0.0371, 0.2113, 0.4987, 0.7331, 0.9629]) {
            const [low2, low1, at, up1, up2] = [-2, -1, 0, 1, 2].map((k) => gamma(t + k * h)) as FiveArrays;
            const slope = derivative(t);
            for (let i = 0; i < n; i++) {
              const ramp =
                kernel === 'hard-step' && (width < 0.1 || at[i]! - low < 0.1 || high - at[i]! < 0.1);
              if (Math.abs(at[i]!) > 29.9 || ramp) continue;
              const difference = (8 * (up1[i]! - low1[i]!) - (up2[i]! - low2[i]!)) / (12 * h);
              const allowed = 1e-6 * Math.max(1, Math.abs(difference)) + 1e-7 * Math.abs(at[i]!);
              worst = Math.max(worst, Math.abs(slope[i]! - difference) / allowed);
            }
          }
          expect(worst, where).toBeLessThan(1);
        }
    });
  },
);

describe('limits', () => {
  const matched = { basis: 'fourier', colour: 'matched', ordering: 'momentum' };

  it.each(['sigmoid', 'erf', 'hard-step'])('%s: width → ∞ is one γ(t) for all', (kernel) => {
    const wide = pathOf({ ...matched, kernel, cutoffWidth: 1e6 });
    for (const t of [0, 0.3, 0.5, 0.9, 1]) {
      const gamma = wide.gamma(t);
      expect(Math.max(...gamma) - Math.min(...gamma)).toBeLessThan(1e-4);
    }
    if (kernel === 'erf') return;
    const standard = pathOf({ ...matched, kernel: 'uniform' });
    for (const t of [0, 0.3, 0.5, 0.9, 1])
      for (let i = 0; i < 36; i++) expect(wide.gamma(t)[i]).toBeCloseTo(standard.gamma(t)[i]!, 4);
  });

  it.each(['sigmoid', 'erf', 'hard-step'])('%s: width → 0 noises one shell after the other', (kernel) => {
    const { gamma, process } = pathOf({ ...matched, kernel, cutoffWidth: 1e-3 });
    // At most one value of ℓ at a time is neither data nor noise.
    for (let j = 0; j <= 1000; j++) {
      const now = gamma(j / 1000);
      const between = new Set<string>();
      process.basis.components.forEach(({ momentum }, i) => {
        if (now[i]! > -7.99 && now[i]! < 3.99) between.add(momentum.toFixed(6));
      });
      expect(between.size).toBeLessThanOrEqual(1);
    }
  });

  it('hard step with the spacing of ℓ as width: disjoint windows that fill the whole time', () => {
    const { gamma } = pathOf({ basis: 'pixel', kernel: 'hard-step', ordering: 'raster', cutoffWidth: 1 });
    for (let j = 0; j < 200; j++) {
      const now = gamma((j + 0.37) / 200);
      const between = Array.from(now, (value, i) => [value, i] as const).filter(
        ([value]) => value > -8 && value < 4,
      );
      expect(between).toHaveLength(1);
      // Reading order of generation: the last pixel is noised first.
      expect(between[0]![1]).toBe(35 - Math.floor(((j + 0.37) / 200) * 36));
    }
  });

  it('reversed is the mirror image: ℓ and ℓ_max + ℓ_min − ℓ exchange their γ', () => {
    const forward = pathOf({ basis: 'pixel', kernel: 'sigmoid', ordering: 'raster', cutoffWidth: 3 });
    const backward = pathOf({
      basis: 'pixel',
      kernel: 'sigmoid',
      ordering: 'raster',
      cutoffWidth: 3,
      reversed: true,
    });
    for (const t of [0, 0.4, 1])
      for (let i = 0; i < 36; i++) expect(backward.gamma(t)[i]).toBeCloseTo(forward.gamma(t)[35 - i]!, 10);
  });

  it('one meaning of ℓ: larger ℓ is noised earlier, for every kernel', () => {
    for (const kernel of ['sigmoid', 'erf', 'heat', 'hard-step']) {
      const { gamma } = pathOf({ ...matched, kernel, cutoffWidth: 0.3 });
      const now = gamma(0.5);
      expect(now[3 * 6 + 3]!).toBeGreaterThan(now[0]!);
      const turned = pathOf({ ...matched, kernel, cutoffWidth: 0.3, reversed: true }).gamma(0.5);
      expect(turned[3 * 6 + 3]!).toBeLessThan(turned[0]!);
    }
  });

  it('a spline with equal knots is linear; a rate of 0 is linear', () => {
    const linear: Parameters[] = [{ trajectory: 'spline' }, { trajectory: 'exponential', trajectoryRate: 0 }];
    for (const other of linear) {
      const a = pathOf({ kernel: 'uniform', ...other });
      for (const t of [0, 0.1, 0.33, 0.77, 1]) {
        expect(a.gamma(t)[0]).toBeCloseTo(-8 + 12 * t, 12);
        expect(a.derivative(t)[0]).toBeCloseTo(12, 10);
      }
    }
  });
});

describe('forward simulation', () => {
  /** Moments of χ(1) by Euler–Maruyama's exact moment recursion: mean factor and variance after `steps` steps. */
  function simulated(process: DiffusionProcess, from: number, to: number, steps: number) {
    const n = process.dimension;
    const gamma = new Float64Array(n);
    const derivative = new Float64Array(n);
    const factor = new Float64Array(n).fill(1);
    const variance = new Float64Array(n);
    for (let step = 0; step < steps; step++) {
      const t = from + ((to - from) * step) / steps;
      process.gamma(t, gamma);
      process.gammaDerivative(t, derivative);
      for (let i = 0; i < n; i++) {
        const change = (derivative[i]! / (1 + Math.exp(-gamma[i]!))) * ((to - from) / steps);
        factor[i]! *= 1 - change / 2;
        variance[i] = variance[i]! * (1 - change / 2) ** 2 + change;
      }
    }
    return { factor, variance };
  }

  it.each([
    { basis: 'fourier', colour: 'matched', kernel: 'sigmoid', cutoffWidth: 0.5 },
    { basis: 'haar', colour: 'white', kernel: 'erf', cutoffWidth: 1, trajectory: 'cosine' },
    { basis: 'fourier', kernel: 'heat', trajectory: 'exponential', trajectoryRate: 3 },
    { basis: 'fourier', kernel: 'blurring', blurWidth: 2 },
  ] as Parameters[])('the SDE reproduces α and σ with order 1 (%j)', (parameters) => {
    const { process, gamma } = pathOf(parameters);
    const [from, to] = [0.05, 0.95];
    const [start, stop] = [gamma(from), gamma(to)];
    const errors = [500, 1000, 2000, 4000].map((steps) => {
      const { factor, variance } = simulated(process, from, to, steps);
      let worst = 0;
      for (let i = 0; i < 36; i++) {
        const alpha0 = 1 / (1 + Math.exp(start[i]!));
        const alpha1 = 1 / (1 + Math.exp(stop[i]!));
        // χ(to) = (α₁/α₀) χ(from) + noise of variance 1 − α₁²/α₀².
        worst = Math.max(
          worst,
          Math.abs(factor[i]! - Math.sqrt(alpha1 / alpha0)),
          Math.abs(variance[i]! - (1 - alpha1 / alpha0)),
        );
      }
      return worst;
    });
    expect(errors[3]!).toBeLessThan(5e-3);
    for (let j = 1; j < 4; j++) expect(errors[j - 1]! / errors[j]!).toBeGreaterThan(1.8);
    for (let j = 1; j < 4; j++) expect(errors[j - 1]! / errors[j]!).toBeLessThan(2.4);
  });

  it('random walks of the SDE have these moments', () => {
    const { process, gamma } = pathOf({
      basis: 'fourier',
      colour: 'matched',
      kernel: 'sigmoid',
      cutoffWidth: 0.5,
    });
    const [from, to, steps, walkers] = [0.3, 0.8, 200, 4000];
    const random = new CounterRandom(9, 'walk');
    const component = 7;
    const g = new Float64Array(36);
    const d = new Float64Array(36);
    const chi = new Float64Array(walkers).fill(1.5);
    for (let step = 0; step < steps; step++) {
      const t = from + ((to - from) * step) / steps;
      process.gamma(t, g);
      process.gammaDerivative(t, d);
      const beta = d[component]! / (1 + Math.exp(-g[component]!));
      const dt = (to - from) / steps;
      for (let walker = 0; walker < walkers; walker++)
        chi[walker]! += -0.5 * beta * chi[walker]! * dt + Math.sqrt(beta * dt) * random.normal();
    }
    const ratio = (1 + Math.exp(gamma(from)[component]!)) / (1 + Math.exp(gamma(to)[component]!));
    const mean = chi.reduce((sum, value) => sum + value, 0) / walkers;
    const variance = chi.reduce((sum, value) => sum + (value - mean) ** 2, 0) / walkers;
    expect(Math.abs(mean - 1.5 * Math.sqrt(ratio))).toBeLessThan(4 / Math.sqrt(walkers) + 5e-3);
    expect(Math.abs(variance - (1 - ratio))).toBeLessThan(4 * Math.sqrt(2 / walkers) + 5e-3);
  });
});

describe('presets', () => {
  it.each(Object.keys(presets))('%s makes a process on 6×6', (name) => {
    const { gamma, n } = pathOf(presets[name]!);
    for (const t of [0, 0.5, 1]) expect(gamma(t).every((value) => Number.isFinite(value))).toBe(true);
    expect(n).toBe(36);
  });
});
