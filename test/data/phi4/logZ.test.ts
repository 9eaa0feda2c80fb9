import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exactSize1, exactSize2, freeFieldLogZ, knownLogZ } from '../../../src/data/phi4/logZ.js';

const couplings = { mass2: -4, coupling: 6.975 };
const reference = JSON.parse(
  readFileSync(new URL('../../reference/phi4-6x6.json', import.meta.url), 'utf8'),
) as { logZ: [number, number]; exact_quadrature: Record<'L1' | 'L2', Record<string, number>> };

describe('exact lattices', () => {
  it('agree with an independent quadrature on one site', () => {
    const exact = exactSize1(couplings);
    const { logZ, phi2, phi4 } = reference.exact_quadrature.L1;
    expect(exact.logZ).toBeCloseTo(logZ!, 9);
    expect(exact.phi2).toBeCloseTo(phi2!, 9);
    expect(exact.phi4).toBeCloseTo(phi4!, 9);
  });

  it('agree with an independent quadrature on 2 × 2 sites', () => {
    const exact = exactSize2(couplings);
    const { logZ, phi2, phi4, nn, diag, M2 } = reference.exact_quadrature.L2;
    expect(Math.abs(exact.logZ - logZ!)).toBeLessThan(1e-7);
    expect(Math.abs(exact.phi2 - phi2!)).toBeLessThan(1e-8);
    expect(Math.abs(exact.phi4 - phi4!)).toBeLessThan(1e-8);
    expect(Math.abs(exact.nearest - nn!)).toBeLessThan(1e-8);
    expect(Math.abs(exact.diagonal - diag!)).toBeLessThan(1e-8);
    expect(Math.abs(exact.M2 - M2!)).toBeLessThan(1e-8);
  });

  it('do not change with a finer grid', () => {
    expect(exactSize2(couplings, 81).logZ).toBeCloseTo(exactSize2(couplings, 121).logZ, 11);
    expect(exactSize1(couplings, 401).logZ).toBeCloseTo(exactSize1(couplings, 2001).logZ, 11);
  });

  it('agree with the free field in closed form', () => {
    expect(exactSize1({ mass2: 0.8, coupling: 0 }).logZ).toBeCloseTo(freeFieldLogZ(1, 0.8), 10);
    expect(exactSize2({ mass2: 2, coupling: 0 }).logZ).toBeCloseTo(freeFieldLogZ(2, 2), 10);
    expect(exactSize2({ mass2: 2, coupling: 0 }).phi2).toBeCloseTo((1 / 4 + 2 / 12 + 1 / 20) / 4, 10);
  });
});

describe('knownLogZ', () => {
  it('knows the lattices of the sweeps, the exact ones, and nothing else', () => {
    const known = knownLogZ({ name: 'phi4', size: 6, ...couplings })!;
    expect(Math.abs(known.value - reference.logZ[0])).toBeLessThan(1e-4);
    expect(known.error).toBeCloseTo(reference.logZ[1], 4);
    expect(knownLogZ({ name: 'phi4', size: 1, ...couplings })!.value).toBeCloseTo(0.83295, 5);
    expect(knownLogZ({ name: 'phi4', size: 2, ...couplings })!.value).toBeCloseTo(1.17318, 5);
    expect(knownLogZ({ name: 'phi4', size: 8, mass2: 1, coupling: 0 })!.value).toBe(freeFieldLogZ(8, 1));
    for (const [size, coupling] of [
      [6, 5.276],
      [8, 6.008],
    ] as const) {
      const found = knownLogZ({ name: 'phi4', size, mass2: -4, coupling })!;
      expect(found.error).toBeGreaterThan(0);
      expect(found.error).toBeLessThan(0.005);
      expect(found.source).toContain(`--coupling ${coupling}`);
    }
    expect(knownLogZ({ name: 'phi4', size: 6, mass2: -3, coupling: 5.276 })).toBeUndefined();
    expect(knownLogZ({ name: 'phi4', size: 8, ...couplings })).toBeUndefined();
  });
});
