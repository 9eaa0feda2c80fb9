import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exp, log, log1p, logAddExp, logSumExp } from '../../src/samplers/elementary.js';
import {
  erfcx,
  logMass,
  logNormalCdf,
  logTruncatedDensity,
  truncatedQuantile,
} from '../../src/samplers/normal.js';

interface Reference {
  logNormalCdf: [number, number][];
  erfcx: [number, number][];
  logMass: [number, number, number][];
  quantile: [number, number, number, number][];
  logPdf: [number, number, number, number][];
}
const reference = JSON.parse(
  readFileSync(new URL('../reference/normal.json', import.meta.url), 'utf8'),
) as Reference;

function relative(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.max(1e-300, Math.abs(expected));
}

describe('exp and log', () => {
  it('agree with the engine’s to two units in the last place over the whole range', () => {
    for (let i = 0; i < 20_000; i++) {
      const x = -744 + i * 0.0726;
      if (x > -708) expect(relative(exp(x), Math.exp(x))).toBeLessThan(5e-16);
      const y = Math.exp(x / 2) * (1 + (i % 97) / 97);
      expect(Math.abs(log(y) - Math.log(y))).toBeLessThanOrEqual(
        4.5e-16 * Math.max(Math.abs(Math.log(y)), 1e-3),
      );
      const small = (i / 10_000 - 1) * 0.9;
      expect(Math.abs(log1p(small) - Math.log1p(small))).toBeLessThanOrEqual(
        1e-15 * Math.abs(Math.log1p(small)),
      );
    }
  });

  it('keep the ends: zero, subnormals, overflow', () => {
    expect(exp(-746)).toBe(0);
    expect(exp(710)).toBe(Infinity);
    expect(exp(709.78)).toBeGreaterThan(1.7e308);
    expect(relative(exp(-740), Math.exp(-740))).toBeLessThan(1e-2);
    expect(exp(0)).toBe(1);
    expect(log(0)).toBe(-Infinity);
    expect(log(-1)).toBeNaN();
    expect(log(5e-324)).toBeCloseTo(-744.4400719213812, 12);
    expect(log(1)).toBe(0);
  });

  it('sum in log space without overflow', () => {
    expect(logSumExp(Float64Array.of(1000, 1000))).toBeCloseTo(1000 + Math.LN2, 12);
    expect(logSumExp(new Float64Array(0))).toBe(-Infinity);
    expect(logAddExp(-Infinity, -3)).toBe(-3);
    expect(logAddExp(-800, -801)).toBeCloseTo(-800 + Math.log1p(Math.exp(-1)), 12);
  });
});

describe('the normal distribution against SciPy and mpmath', () => {
  it('log Φ to 40σ on both sides', () => {
    // SciPy's own error is 7e-15 at x = 8 and 1e-13 at 37 (mpmath); below 0 both are right to the last bits.
    for (const [x, expected] of reference.logNormalCdf)
      expect(relative(logNormalCdf(x), expected), `log Φ(${x})`).toBeLessThan(x > 3 ? 3e-13 : 2e-15);
  });

  it('scaled complementary error function', () => {
    for (const [x, expected] of reference.erfcx)
      expect(relative(erfcx(x), expected), `${x}`).toBeLessThan(1e-15);
  });

  it('log mass of an interval: wide, narrow, in the tail, across 0', () => {
    for (const [a, b, expected] of reference.logMass)
      expect(Math.abs(logMass(a, b) - expected), `[${a}, ${b}]`).toBeLessThan(
        2e-14 * Math.max(1, Math.abs(expected)),
      );
    expect(logMass(1, 1)).toBe(-Infinity);
  });

  it('quantiles of the truncated normal out to 45σ', () => {
    for (const [a, b, u, expected] of reference.quantile)
      expect(Math.abs(truncatedQuantile(u, a, b) - expected), `${u} of [${a}, ${b}]`).toBeLessThan(
        2e-13 * Math.max(1, Math.abs(expected)),
      );
  });

  it('log density of the truncated normal', () => {
    for (const [a, b, x, expected] of reference.logPdf)
      // Densities 40σ out are differences of two numbers near 800.
      expect(Math.abs(logTruncatedDensity(x, a, b) - expected), `${x} in [${a}, ${b}]`).toBeLessThan(1e-11);
    expect(logTruncatedDensity(2, -1, 1)).toBe(-Infinity);
  });

  it('a quantile is the inverse of the mass on narrow far intervals', () => {
    for (const [a, b] of [
      [39, 39.0001],
      [3, 3.0005],
      [0, 1e-6],
      [-5.00001, -5],
    ] as const)
      for (const u of [0.05, 0.5, 0.95]) {
        const x = truncatedQuantile(u, a, b);
        expect(Math.exp(logMass(a, x) - logMass(a, b))).toBeCloseTo(u, 6);
      }
  });
});
