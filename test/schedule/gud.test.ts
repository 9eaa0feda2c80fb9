import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { momentumOrbit } from '../../src/basis/labels.js';
import { statisticsOfSpectrum } from '../../src/basis/statistics.js';
import type { DataStatistics, FieldShape } from '../../src/basis/types.js';
import { presets } from '../../src/schedule/presets.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { freeField } from './freeField.js';

interface Row {
  t: number;
  gamma: number | number[];
  beta: number | number[];
  alpha: number | number[];
  sigma: number | number[];
}
// Computed with the GUD authors' public code (mathisgerdes/unified-diffusion, schedules.py), double precision.
const reference = JSON.parse(
  readFileSync(new URL('../reference/gud-schedules.json', import.meta.url), 'utf8'),
) as {
  labels_khat: number[];
  variances_phi4_G: number[];
  cases: Record<string, Row[]>;
};

const shape: FieldShape = { height: 6, width: 6, channels: 1 };
/** φ⁴'s spectrum; (0,3) has nearly the variance of (1,2), which the reference lists for k̂ = 2. */
const spectrum: Record<string, number> = { '0,3': 0.10900960660590214 };
const orbits = ['0,0', '0,1', '1,1', '0,2', '1,2', '1,3', '2,2', '2,3', '3,3'];
orbits.forEach((orbit, i) => (spectrum[orbit] = reference.variances_phi4_G[i]!));
const phi4 = statisticsOfSpectrum(shape, (n, m) => spectrum[momentumOrbit(n, m, shape)]!);
const places = orbits.map((orbit) => {
  const [n, m] = orbit.split(',').map(Number) as [number, number];
  return n * 6 + m;
});

function compare(
  name: string,
  parameters: Parameters,
  statistics: DataStatistics,
  components: readonly number[],
  options: { tolerance: number; skipKinks?: boolean } = { tolerance: 1e-6 },
): void {
  const process = createProcess(parameters, statistics);
  const gamma = new Float64Array(process.dimension);
  const derivative = new Float64Array(process.dimension);
  const rows = reference.cases[name]!;
  expect(rows.length).toBeGreaterThan(5);
  const near = (value: number, expected: number, what: string): void => {
    const size = Math.max(1, Math.abs(expected));
    expect(Math.abs(value - expected), `${name}: ${what}`).toBeLessThan(options.tolerance * size);
  };
  for (const row of rows) {
    process.gamma(row.t, gamma);
    process.gammaDerivative(row.t, derivative);
    components.forEach((i, place) => {
      const at = (values: number | number[]): number =>
        typeof values === 'number' ? values : values[place]!;
      const where = `t = ${row.t}, component ${place}`;
      near(gamma[i]!, at(row.gamma), `γ at ${where}`);
      near(Math.sqrt(1 / (1 + Math.exp(gamma[i]!))), at(row.alpha), `α at ${where}`);
      near(Math.sqrt(1 / (1 + Math.exp(-gamma[i]!))), at(row.sigma), `σ at ${where}`);
      const kink = Math.min(Math.abs(gamma[i]! + 13), Math.abs(gamma[i]! - 5)) < 1e-5;
      if (options.skipKinks && kink) return;
      near(derivative[i]! / (1 + Math.exp(-gamma[i]!)), at(row.beta), `β at ${where}`);
    });
  }
}

describe('GUD’s schedules', () => {
  const field = freeField();
  const all = [0, 17, 35];

  it('linear γ', () => {
    for (const i of all) compare('linear -13.3 5', presets['linear-gamma']!, field, [i]);
  });

  it('variance preserving, linear β', () => {
    for (const i of all) compare('vp 0.1 20', presets['vp-linear-beta']!, field, [i]);
  });

  it('cosine', () => {
    for (const i of all) compare('cosine 0.008', presets['vp-cosine']!, field, [i]);
  });

  it('soft conditioning in |k̂|', () => {
    const basis = createProcess(presets['gud-soft']!, phi4).basis;
    places.forEach((i, place) =>
      expect(basis.components[i]!.momentum).toBeCloseTo(reference.labels_khat[place]!, 9),
    );
    compare('soft labels=khat gamma -7 3 softness 0.5', presets['gud-soft']!, phi4, places);
    // As the authors have it: principal components, white noise of the whitened components.
    const pca = createProcess(presets['gud-soft']!, phi4);
    const whitened = { ...presets['gud-soft']!, basis: 'whitened-pca', colour: 'white' };
    const inPca = createProcess(whitened, phi4);
    const a = new Float64Array(36);
    const b = new Float64Array(36);
    pca.gamma(0.37, a);
    inPca.gamma(0.37, b);
    const sort = (values: Float64Array): number[] => [...values].sort((x, y) => x - y);
    sort(a).forEach((value, i) => expect(sort(b)[i]).toBeCloseTo(value, 6));
  });

  it('variance-adjusted, softness 1 and 1/2', () => {
    const half = presets['gud-variance-adjusted']!;
    compare('variance adjusted gamma -7 3 softness 0.5', half, phi4, places);
    compare('variance adjusted gamma -7 3 softness 1', { ...half, cutoffWidth: 1 }, phi4, places);
  });

  it('sequential rows', () => {
    const rows = statisticsOfSpectrum({ height: 3, width: 2, channels: 1 }, () => 1);
    // Softness s: a window of range · (s − 1). The reference went through single precision: 2.3e-6 in γ at t = 0.9.
    const parameters = { ...presets['gud-rows']!, cutoffWidth: 2, gammaLow: -13, gammaHigh: 5 };
    compare('row 3x2 gamma -13 5 softness 2', parameters, rows, [0, 1, 2, 3, 4, 5], {
      tolerance: 5e-6,
      skipKinks: true,
    });
  });
});

describe('published forms of the others', () => {
  const wide: FieldShape = { height: 16, width: 16, channels: 1 };
  const data = statisticsOfSpectrum(wide, () => 1);
  const at = (parameters: Parameters, t: number): { gamma: Float64Array; k2: number[] } => {
    const process = createProcess(parameters, data);
    const gamma = new Float64Array(256);
    process.gamma(t, gamma);
    return { gamma, k2: process.basis.components.map(({ momentum }) => momentum ** 2) };
  };

  it('heat dissipation: the mean decays as exp(−k²τ), τ = σ_B²/2, at fixed noise', () => {
    const parameters = { ...presets['heat-dissipation']!, blurWidth: 3 };
    for (const t of [0, 0.2, 0.7, 1]) {
      const { gamma, k2 } = at(parameters, t);
      for (let i = 0; i < 256; i++) {
        const tau = (3 * t) ** 2 / 2;
        const mean = Math.exp(-k2[i]! * tau);
        const sigma0 = Math.exp(-9.2 / 2);
        expect(gamma[i]).toBeCloseTo(Math.min(30, Math.log(sigma0 ** 2 / mean ** 2)), 9);
      }
    }
  });

  it('blurring: α = a d, a² = 1 − σ², log-SNR −2 log tan, d = (1 − d_min) e^(−k²τ) + d_min', () => {
    const parameters = { ...presets['blurring']!, blurWidth: 3 };
    for (const t of [0, 0.1, 0.5, 0.9, 1]) {
      const { gamma, k2 } = at(parameters, t);
      const limitMax = Math.atan(Math.exp(-0.5 * 10));
      const limitMin = Math.atan(Math.exp(0.5 * 10)) - limitMax;
      const logSnr = -2 * Math.log(Math.tan(limitMin * t + limitMax));
      const a = Math.sqrt(1 / (1 + Math.exp(-logSnr)));
      const sigma = Math.sqrt(1 / (1 + Math.exp(logSnr)));
      const tau = (3 * Math.sin((Math.PI / 2) * t) ** 2) ** 2 / 2;
      for (let i = 0; i < 256; i++) {
        const d = 0.999 * Math.exp(-k2[i]! * tau) + 0.001;
        expect(gamma[i]).toBeCloseTo(Math.min(30, Math.log(sigma ** 2 / (a * d) ** 2)), 8);
      }
    }
  });

  it("Polchinski's cutoff: α² = exp(−(k̂² + m²)/Λ²) with one Λ(t)", () => {
    const { gamma, k2 } = at(presets['polchinski-heat']!, 0.6);
    // Λ² from one component must serve all.
    const exponent = (i: number): number => Math.log1p(Math.exp(gamma[i]!));
    for (let i = 1; i < 256; i++)
      if (gamma[i]! < 30) expect(exponent(i) / exponent(0)).toBeCloseTo((k2[i]! + 0.25) / 0.25, 8);
  });

  it('hard conditioning: the windows of the wavelet levels are disjoint, fine levels first', () => {
    const process = createProcess(presets['wavelet-hard']!, data);
    const gamma = new Float64Array(256);
    for (let j = 0; j < 100; j++) {
      const t = (j + 0.41) / 100;
      process.gamma(t, gamma);
      const moving = new Set(
        process.basis.components
          .filter(({ index }) => gamma[index]! > -8 && gamma[index]! < 4)
          .map(({ level }) => level),
      );
      // Five levels, 4 the finest.
      expect([...moving]).toEqual([4 - Math.floor(t * 5)]);
    }
  });
});
