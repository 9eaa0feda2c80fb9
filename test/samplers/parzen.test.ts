import { describe, expect, it } from 'vitest';
import { CounterRandom } from '../../src/random/philox.js';
import { openArena } from '../../src/samplers/arena.js';
import { makeAxis, type NumericAxis, unitOf, valueAt, valueFromUniform } from '../../src/samplers/axis.js';
import { columnsOf } from '../../src/samplers/columns.js';
import { fitMixture } from '../../src/samplers/fit.js';
import { logMass, logUnitMass } from '../../src/samplers/normal.js';
import { drawPoint, logDensity, type Mixture } from '../../src/samplers/parzen.js';
import { sampleRandom } from '../../src/samplers/random.js';
import type { Observation } from '../../src/samplers/types.js';
import { parseSpace } from '../../src/space/parse.js';
import type { Parameters } from '../../src/space/types.js';
import { gridValue } from '../../src/space/values.js';

/** A mixture over the space that `count` random trials give, or the given ones. */
function mixtureOf(parameters: unknown, trials: number | Parameters[]): Mixture {
  const space = parseSpace({ parameters }, 'test');
  const sets =
    typeof trials === 'number'
      ? Array.from({ length: trials }, (_, trial) =>
          sampleRandom({ space, observations: [], trial, seed: 4 }),
        )
      : trials;
  const observations = sets.map((one, trial): Observation => ({
    trial,
    parameters: one,
    state: 'complete',
    values: [],
  }));
  const arena = openArena();
  const { tree, columns } = columnsOf(space, observations, arena);
  const members = sets.map((_, i) => i);
  const weights = Float64Array.from(members, (i) => 1 + (i % 3));
  return fitMixture(tree, columns, members, weights, 0.05, arena);
}

const density = (mixture: Mixture, ...point: number[]): number =>
  Math.exp(logDensity(mixture, Float64Array.from(point), new Float64Array(mixture.count)));

/** Kolmogorov–Smirnov distance of draws from the distribution function of a density on [0, 1], given on a fine grid. */
function distance(draws: number[], pdf: (u: number) => number): number {
  const cells = 4000;
  const cumulative = [0];
  for (let i = 0; i < cells; i++) cumulative.push(cumulative[i]! + pdf((i + 0.5) / cells) / cells);
  draws.sort((a, b) => a - b);
  return Math.max(
    ...draws.map((u, i) => Math.abs(cumulative[Math.round(u * cells)]! - (i + 0.5) / draws.length)),
  );
}

/** The distance that 1000 true draws exceed once in 10⁴. */
const largest = 2.23 / Math.sqrt(1000);

describe('the Parzen mixture', () => {
  it.each([
    ['float', { type: 'float', low: -3, high: 5 }],
    ['log float', { type: 'float', low: 1e-5, high: 1e2, log: true }],
  ])('integrates to 1 and matches its draws on a %s axis', (_name, parameter) => {
    const mixture = mixtureOf({ x: parameter }, 12);
    let total = 0;
    for (let i = 0; i < 4000; i++) total += density(mixture, (i + 0.5) / 4000) / 4000;
    expect(total).toBeCloseTo(1, 6);
    const random = new CounterRandom(1, 'test');
    const draws = Array.from({ length: 1000 }, () => drawPoint(mixture, random, new Float64Array(1))[0]!);
    expect(distance(draws, (u) => density(mixture, u))).toBeLessThan(largest);
  });

  it.each([
    ['int', { type: 'int', low: -2, high: 9 }],
    ['log int', { type: 'int', low: 1, high: 300, log: true }],
    ['stepped float', { type: 'float', low: 0, high: 1, step: 0.05 }],
    ['stepped log float', { type: 'float', low: 0.5, high: 32, step: 0.5, log: true }],
  ] as const)('sums to 1 over the values of a %s axis and matches its draws', (_name, parameter) => {
    const mixture = mixtureOf({ x: parameter }, 12);
    const axis = mixture.tree.searched[0]!.axis as NumericAxis;
    const values = Array.from({ length: axis.count }, (_, i) => gridValue(axis.parameter, i));
    const masses = values.map((value) => density(mixture, unitOf(axis, value)));
    expect(masses.reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(1, 9);
    const random = new CounterRandom(2, 'test');
    const counts = new Map(values.map((value) => [value, 0]));
    for (let i = 0; i < 4000; i++) {
      const value = valueAt(axis, drawPoint(mixture, random, new Float64Array(1))[0]!);
      counts.set(value, counts.get(value)! + 1);
    }
    let cumulative = 0;
    let drawn = 0;
    let worst = 0;
    values.forEach((value, i) => {
      cumulative += masses[i]!;
      drawn += counts.get(value)! / 4000;
      worst = Math.max(worst, Math.abs(cumulative - drawn));
    });
    expect(worst).toBeLessThan(2.23 / Math.sqrt(4000));
  });

  it('sums to 1 over a tree of conditions and matches its draws', () => {
    const tree = {
      kind: { type: 'categorical', choices: ['a', 'b', 'c'] },
      n: { type: 'int', low: 1, high: 4, when: { kind: ['a', 'b'] } },
      deep: { type: 'categorical', choices: [true, false], when: { n: [2, 4] } },
      deeper: { type: 'int', low: 0, high: 2, when: { deep: [true] } },
    };
    const mixture = mixtureOf(tree, 9);
    const points: number[][] = [[2, NaN, NaN, NaN]];
    const axis = mixture.tree.searched[1]!.axis as NumericAxis;
    const last = mixture.tree.searched[3]!.axis as NumericAxis;
    for (const kind of [0, 1])
      for (const n of [1, 2, 3, 4])
        for (const deep of n % 2 === 0 ? [0, 1] : [NaN])
          for (const deeper of deep === 0 ? [0, 1, 2] : [NaN])
            points.push([kind, unitOf(axis, n), deep, Number.isNaN(deeper) ? NaN : unitOf(last, deeper)]);
    const masses = points.map((point) => density(mixture, ...point));
    expect(masses.reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(1, 9);
    const random = new CounterRandom(3, 'test');
    const counts = new Map(points.map((point) => [point.join(), 0]));
    for (let i = 0; i < 20_000; i++) {
      const key = [...drawPoint(mixture, random, new Float64Array(4))].join();
      counts.set(key, counts.get(key)! + 1);
    }
    // Pearson's χ² with 20 degrees of freedom exceeds 52 once in 10⁴.
    let chiSquare = 0;
    points.forEach((point, i) => {
      const expected = masses[i]! * 20_000;
      chiSquare += (counts.get(point.join())! - expected) ** 2 / expected;
    });
    expect(points).toHaveLength(21);
    expect(chiSquare).toBeLessThan(52);
  });

  it('treats what a trial did not have as unknown: uniform', () => {
    const tree = {
      kind: { type: 'categorical', choices: ['a', 'b'] },
      x: { type: 'float', low: 0, high: 1, when: { kind: ['a'] } },
    };
    const mixture = mixtureOf(tree, [{ kind: 'b' }, { kind: 'b' }]);
    // Two kernels know nothing of x, the third is the prior's wide normal: little structure is left.
    const [middle, edge] = [density(mixture, 0, 0.5), density(mixture, 0, 0)];
    expect(middle / edge).toBeGreaterThan(1);
    expect(middle / edge).toBeLessThan(1.35);
  });

  it('keeps candidates far from every kernel apart in log space', () => {
    const mixture = mixtureOf({ x: { type: 'float', low: 0, high: 1 } }, [{ x: 0 }]);
    const narrow = fitMixture(
      mixture.tree,
      [Float64Array.of(0)],
      [0],
      Float64Array.of(1e300),
      0.001,
      openArena(),
    );
    const scratch = new Float64Array(2);
    expect(logDensity(narrow, Float64Array.of(0.9), scratch)).toBeGreaterThan(-Infinity);
  });

  it('has the right normalization by table: the mass in the interval to 2e-12', () => {
    for (let i = 0; i <= 40; i++)
      for (const sigma of [1, 0.5, 0.11, 0.03, 0.001])
        expect(
          Math.abs(logUnitMass(i / 40, sigma) - logMass(-i / 40 / sigma, (1 - i / 40) / sigma)),
        ).toBeLessThan(2e-12);
  });
});

describe('axes', () => {
  it('map values to the unit interval and back', () => {
    for (const parameter of [
      { name: 'a', type: 'float', low: -3, high: 8 },
      { name: 'a', type: 'float', low: 1e-9, high: 1e9, log: true },
      { name: 'a', type: 'int', low: -3, high: 12, step: 3 },
      { name: 'a', type: 'int', low: 1, high: 4096, log: true },
    ] as const) {
      const axis = makeAxis(parameter) as NumericAxis;
      const random = new CounterRandom(7, 'axes');
      for (let i = 0; i < 200; i++) {
        const value = valueFromUniform(axis, random.uniform()) as number;
        expect(Math.abs(valueAt(axis, unitOf(axis, value)) / value - 1) || 0).toBeLessThan(1e-13);
        expect(value).toBeGreaterThanOrEqual(parameter.low);
        expect(value).toBeLessThanOrEqual(parameter.high);
      }
    }
  });

  it('give a random draw of steps and of logarithmic integers the right shares', () => {
    const axis = makeAxis({ name: 'a', type: 'int', low: 1, high: 4, log: true });
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 10_000; i++) counts[(valueFromUniform(axis, (i + 0.5) / 10_000) as number) - 1]!++;
    counts.forEach((count, i) => {
      const share = Math.log((i + 1.5) / (i + 0.5)) / Math.log(4.5 / 0.5);
      expect(Math.abs(count / 10_000 - share)).toBeLessThan(2e-4);
    });
  });
});
