import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { momentumOrbit } from '../../src/basis/labels.js';
import { computeStatistics, statisticsOfSpectrum } from '../../src/basis/statistics.js';
import { basisNames } from '../../src/basis/types.js';
import type { FieldShape } from '../../src/basis/types.js';
import { CounterRandom } from '../../src/random/philox.js';
import { logNoise, noisePathKey, scheduleKey } from '../../src/schedule/canonical.js';
import { hierarchy } from '../../src/schedule/hierarchy.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { freeField } from './freeField.js';

const statistics = freeField();
const key = (parameters: Parameters, data = statistics): string =>
  scheduleKey(createProcess(parameters, data));
const ends = { gammaLow: -8, gammaHigh: 4 };

/** The end points of white noise that give n(0) and n(1) of `parameters`, when its noise is white. */
function whiteEnds(parameters: Parameters): { gammaLow: number; gammaHigh: number } {
  const white = createProcess({ basis: 'fourier', colour: 'white' }, statistics);
  const other = createProcess(parameters, statistics);
  const noise = new Float64Array(36);
  logNoise(other, 0, noise);
  const gammaLow = noise[0]! - 2 * Math.log(white.scale[0]!);
  logNoise(other, 1, noise);
  return { gammaLow, gammaHigh: noise[0]! - 2 * Math.log(white.scale[0]!) };
}

describe('equal paths have one key', () => {
  it('white noise with one γ(t) is the same in every basis', () => {
    const keys = basisNames
      .filter((name) => name !== 'whitened-pca')
      .map((basis) => key({ basis, colour: 'white', kernel: 'uniform' }));
    expect(new Set(keys).size).toBe(1);
    expect(key({ basis: 'whitened-pca', colour: 'white' })).not.toBe(keys[0]);
  });

  it('matched noise is the same in Fourier and PCA, and white in whitened PCA; in pixels it is white', () => {
    const matched = { colour: 'matched', kernel: 'sigmoid', ordering: 'log-variance', cutoffWidth: 0.7 };
    const fourier = key({ basis: 'fourier', ...matched });
    expect(key({ basis: 'pca', ...matched })).toBe(fourier);
    expect(key({ basis: 'whitened-pca', ...matched, colour: 'white' })).toBe(fourier);
    expect(key({ basis: 'haar', ...matched })).not.toBe(fourier);
    expect(key({ basis: 'pixel', ...matched })).toBe(
      key({ basis: 'pixel', colour: 'white', kernel: 'uniform' }),
    );
  });

  it('matched noise with ℓ = −log Var and width 1 walks the white path, differing in the prior alone', () => {
    const parameters = {
      basis: 'fourier',
      colour: 'matched',
      kernel: 'sigmoid',
      ordering: 'log-variance',
      cutoffWidth: 1,
      ...ends,
    };
    const componentWise = createProcess(parameters, statistics);
    const white = createProcess({ basis: 'pixel', colour: 'white', ...whiteEnds(parameters) }, statistics);
    const a = new Float64Array(36);
    const b = new Float64Array(36);
    for (const t of [0, 0.2, 0.5, 1]) {
      logNoise(componentWise, t, a);
      logNoise(white, t, b);
      for (let i = 0; i < 36; i++) expect(a[i]).toBeCloseTo(b[i]!, 10);
    }
    expect(noisePathKey(componentWise)).toBe(noisePathKey(white));
    // Generation starts from s² + n(1)², which differs (s matched or white): one path, two schedules.
    expect(scheduleKey(componentWise)).not.toBe(scheduleKey(white));
  });

  it('the colour’s overall size is free: (s, γ) and (cs, γ − 2 log c) with the same prior are one', () => {
    const process = createProcess({ colour: 'matched', kernel: 'erf' }, statistics);
    expect(scheduleKey(process)).toBe(key({ colour: 'matched', kernel: 'erf' }));
    const free = { colour: 'free-field', colourMass2: 0.25 };
    expect(key({ ...free, kernel: 'erf' })).toBe(key({ colour: 'matched', kernel: 'erf' }));
    expect(key({ colour: 'power-law', colourExponent: 2, colourMass2: 0.25, kernel: 'erf' })).toBe(
      key({ colour: 'matched', kernel: 'erf' }),
    );
    expect(key({ colour: 'interpolated', colourRatio: 1 })).toBe(key({ colour: 'matched' }));
    expect(key({ colour: 'interpolated', colourRatio: 0 })).toBe(key({ colour: 'white' }));
    expect(key({ basis: 'pixel', colour: 'free-field' })).toBe(key({ basis: 'pixel', colour: 'white' }));
  });

  it('trajectories and widths that say the same are the same', () => {
    const base = key({ kernel: 'sigmoid' });
    expect(key({ kernel: 'sigmoid', trajectory: 'power', trajectoryPower: 1 })).toBe(base);
    expect(
      key({
        kernel: 'sigmoid',
        trajectory: 'spline',
        trajectoryKnot1: 3,
        trajectoryKnot2: 3,
        trajectoryKnot3: 3,
        trajectoryKnot4: 3,
      }),
    ).toBe(base);
    expect(key({ kernel: 'sigmoid', trajectory: 'exponential', trajectoryRate: 1e-12 })).toBe(base);
    // Not used: no difference.
    expect(key({ kernel: 'sigmoid', colourMass2: 3 })).toBe(base);
  });

  it('ten estimates of one spectrum, differing by rounding, give one key', () => {
    const shape: FieldShape = { height: 6, width: 6, channels: 1 };
    const keys = Array.from({ length: 10 }, (_, j) =>
      key(
        { colour: 'matched', kernel: 'sigmoid', basis: j % 2 ? 'pca' : 'fourier' },
        statisticsOfSpectrum(
          shape,
          (n, m) => (0.1 + momentumOrbit(n, m, shape).length + n * (6 - n) + m * (6 - m)) * (1 + j * 1e-15),
        ),
      ),
    );
    expect(new Set(keys).size).toBe(1);
  });
});

describe('different paths have different keys', () => {
  it('any parameter that plays a part changes the key', () => {
    const base: Parameters = {
      basis: 'haar',
      colour: 'interpolated',
      colourRatio: 0.3,
      kernel: 'sigmoid',
      ordering: 'momentum',
      cutoffWidth: 0.5,
      trajectory: 'spline',
      ...ends,
    };
    const changes: Parameters[] = [
      { basis: 'fourier' },
      { basis: 'daubechies4' },
      { colourRatio: 0.3001 },
      { colourFrom: 'free-field' },
      { kernel: 'erf' },
      { kernel: 'hard-step' },
      { ordering: 'log-variance' },
      { ordering: 'level' },
      { reversed: true },
      { varianceAdjusted: true },
      { cutoffWidth: 0.5001 },
      { gammaLow: -8.001 },
      { gammaHigh: 4.001 },
      { trajectoryKnot1: 0.001 },
      { trajectory: 'cosine' },
    ];
    const keys = [base, ...changes.map((change) => ({ ...base, ...change }))].map((parameters) =>
      key(parameters),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('small noise counts: only the last pixel of a raster changes', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 5, noNaN: true }), (width) => {
        const of = (w: number): string =>
          key({ basis: 'pixel', kernel: 'hard-step', ordering: 'raster', cutoffWidth: w });
        expect(of(width)).not.toBe(of(width * 1.001));
        expect(of(width)).toBe(of(width));
      }),
      { numRuns: 10 },
    );
  });
});

describe('hierarchy', () => {
  const of = (parameters: Parameters, data = statistics): number =>
    hierarchy(createProcess(parameters, data), data);

  it('is near 0 where all components go at once and near 1 where they go one after the other', () => {
    expect(of({ colour: 'matched', kernel: 'uniform' })).toBeLessThan(1e-9);
    expect(of({ colour: 'matched', kernel: 'hard-step', cutoffWidth: 1e-3 })).toBeGreaterThan(0.85);
    expect(of({ basis: 'pixel', kernel: 'hard-step', ordering: 'raster', cutoffWidth: 1 })).toBeGreaterThan(
      0.99,
    );
    const widths = [5, 1, 0.4, 0.15].map((cutoffWidth) =>
      of({ colour: 'matched', kernel: 'sigmoid', cutoffWidth }),
    );
    for (let j = 1; j < 4; j++) expect(widths[j]!).toBeGreaterThan(widths[j - 1]!);
  });

  it('belongs to the path: the same in every basis and parametrization', () => {
    const white = of({ basis: 'fourier', colour: 'white' });
    for (const basis of ['pixel', 'haar', 'pca'])
      expect(of({ basis, colour: 'white' })).toBeCloseTo(white, 10);
    const parameters = { colour: 'matched', kernel: 'sigmoid', ordering: 'log-variance', cutoffWidth: 1 };
    expect(of(parameters)).toBeCloseTo(of({ basis: 'pixel', colour: 'white', ...whiteEnds(parameters) }), 6);
    expect(of({ colour: 'matched', kernel: 'sigmoid', trajectory: 'cosine' })).toBeCloseTo(
      of({ colour: 'matched', kernel: 'sigmoid' }),
      2,
    );
  });
});

describe('colours', () => {
  it.each(['white', 'free-field', 'power-law', 'matched', 'interpolated'])(
    '%s keeps the total variance in every basis',
    (colour) => {
      const shape: FieldShape = { height: 4, width: 4, channels: 2 };
      const values = new Float32Array(100 * 32);
      new CounterRandom(1, 'colours').fillNormal(values);
      for (let i = 1; i < values.length; i++) values[i]! += 0.8 * values[i - 1]!;
      const data = computeStatistics(values, 100, shape);
      const total = Array.from({ length: 32 }, (_, i) => data.covariance[i * 33]!).reduce((a, b) => a + b);
      for (const basis of basisNames) {
        const { scale, dataVariance } = createProcess({ basis, colour, colourExponent: 3 }, data);
        expect(scale.reduce((sum, s) => sum + s * s, 0)).toBeCloseTo(total, 9);
        expect(dataVariance.every((value) => value > 0)).toBe(true);
        if (colour === 'matched') for (const value of dataVariance) expect(value).toBeCloseTo(1, 10);
      }
    },
  );

  it('free field in Fourier: s² ∝ 1/(k̂² + m²), reddest mode largest; power law by its exponent', () => {
    const { scale, basis } = createProcess({ colour: 'free-field', colourMass2: 0.5 }, statistics);
    const steep = createProcess(
      { colour: 'power-law', colourExponent: 4, colourMass2: 0.5 },
      statistics,
    ).scale;
    basis.components.forEach(({ momentum }, i) => {
      expect((scale[i]! / scale[0]!) ** 2).toBeCloseTo(0.5 / (momentum ** 2 + 0.5), 10);
      expect((steep[i]! / steep[0]!) ** 2).toBeCloseTo((0.5 / (momentum ** 2 + 0.5)) ** 2, 10);
    });
  });
});
