import { expect, it } from 'vitest';
import { logitErf, logitErfDerivative, logitErfInverse } from '../../src/schedule/logitErf.js';

// erfc to 16 digits: Abramowitz and Stegun, table 7.1 and 7.3; DLMF §7.2.
const erfc: [number, number][] = [
  [0.5, 0.4795001221869535],
  [1, 0.15729920705028513],
  [2, 0.004677734981047266],
  [3, 2.209049699858544e-5],
  [4, 1.541725790028002e-8],
  [5, 1.5374597944280349e-12],
];

it.each(erfc)('at u = %f it is log((2 − erfc u)/erfc u), odd', (u, value) => {
  expect(logitErf(u)).toBeCloseTo(Math.log((2 - value) / value), 11);
  expect(logitErf(-u)).toBe(-logitErf(u));
  const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-u * u) * (1 / value + 1 / (2 - value));
  expect(logitErfDerivative(u)).toBeCloseTo(slope, 9);
  expect(logitErfInverse(logitErf(u))).toBeCloseTo(u, 11);
});

it('is smooth where the table’s parts meet and goes on beyond it', () => {
  for (let u = -6; u < 6; u += 1 / 64) {
    const difference = (logitErf(u + 1e-5) - logitErf(u - 1e-5)) / 2e-5;
    // The last table node joins an asymptotic tail, where |γ| is beyond every cut.
    if (Math.abs(Math.abs(u) - 5.5) > 0.01) expect(logitErfDerivative(u) / difference).toBeCloseTo(1, 2);
    if (Math.abs(u) < 5.4) expect(logitErfDerivative(u)).toBeCloseTo(difference, 6);
  }
  expect(logitErf(0)).toBe(0);
  expect(logitErf(1e3)).toBeGreaterThan(1e5);
});
