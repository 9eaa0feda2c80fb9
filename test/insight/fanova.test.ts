import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import type { Point } from '../../src/insight/cells.js';
import { fanova } from '../../src/insight/fanova.js';
import { pedAnova } from '../../src/insight/pedAnova.js';
import { CounterRandom } from '../../src/random/philox.js';
import { sampleRandom } from '../../src/samplers/random.js';
import { parseSpace } from '../../src/space/parse.js';
import type { Parameters, SearchSpace } from '../../src/space/types.js';

const space = (parameters: unknown): SearchSpace => parseSpace({ parameters }, 'test');
const unit = { type: 'float', low: 0, high: 1 };

function draw(
  where: SearchSpace,
  count: number,
  seed: number,
  value: (parameters: Parameters) => number,
  noise = 0,
): Point[] {
  const random = new CounterRandom(seed, 'test/noise');
  return Array.from({ length: count }, (_, trial) => {
    const parameters = sampleRandom({ space: where, observations: [], trial, seed });
    return { parameters, value: value(parameters) + noise * random.normal() };
  });
}
const at = (parameters: Parameters, name: string): number => parameters[name] as number;
const shares = (found: { main: { name: string; value: number }[] }): Record<string, number> =>
  Object.fromEntries(found.main.map(({ name, value }) => [name, value]));

/** 4a + 3u² + c + n/2 over uniform a, u, c in {0, 1, 2}, n in {1, …, 4}: variances 16/12, 9(1/5 − 1/9), 2/3, (15/12)/4. */
const additive = space({
  a: unit,
  b: { type: 'float', low: 1e-3, high: 1e3, log: true },
  c: { type: 'categorical', choices: ['x', 'y', 'z'] },
  n: { type: 'int', low: 1, high: 4 },
  o: unit,
});
const additiveValue = (p: Parameters): number =>
  4 * at(p, 'a') +
  3 * ((Math.log10(at(p, 'b')) + 3) / 6) ** 2 +
  ['x', 'y', 'z'].indexOf(p['c'] as string) +
  at(p, 'n') / 2;
const variances: Record<string, number> = { a: 16 / 12, b: 9 * (1 / 5 - 1 / 9), c: 2 / 3, n: 15 / 48, o: 0 };
const total = Object.values(variances).reduce((sum, one) => sum + one, 0);

interface Reference {
  source: string;
  fanova: Record<string, number>;
  pedAnova: Record<string, number>;
  points: [number, number, string, number, number, number][];
}
const reference = JSON.parse(
  readFileSync(new URL('../reference/importance.json', import.meta.url), 'utf8'),
) as Reference;
const referencePoints = reference.points.map(([a, b, c, n, o, value]): Point => ({
  parameters: { a, b, c, n, o },
  value,
}));

describe('fANOVA', () => {
  it('finds the variance shares of an additive function: floats, logarithms, choices, integers', () => {
    const found = fanova(additive, draw(additive, 400, 1, additiveValue, 0.3));
    for (const { name, value, error } of found.main) {
      expect(Math.abs(value - variances[name]! / total), name).toBeLessThan(0.045);
      expect(error).toBeLessThan(0.06);
    }
    expect(found.variance / total).toBeGreaterThan(0.9);
    for (const { names, value } of found.pairs) expect(value, names.join()).toBeLessThan(0.01);
  });

  it('sees a pure interaction in the pair and in neither parameter alone', () => {
    const where = space({ x: unit, y: unit, z: unit });
    // (2x − 1)(2y − 1): both first-order shares are 0, the pair's is 1.
    const found = fanova(
      where,
      draw(where, 400, 2, (p) => (2 * at(p, 'x') - 1) * (2 * at(p, 'y') - 1)),
    );
    for (const { name, value } of found.main) expect(value, name).toBeLessThan(0.06);
    expect([...found.pairs[0]!.names].sort()).toEqual(['x', 'y']);
    expect(found.pairs[0]!.value).toBeGreaterThan(0.7);
  });

  it('splits the variance of a conditional space: the choice, and what each branch has', () => {
    const where = space({
      kind: { type: 'categorical', choices: ['a', 'b'] },
      x: { ...unit, when: { kind: ['a'] } },
      level: { type: 'int', low: 1, high: 3, when: { kind: ['b'] } },
      y: { ...unit, when: { level: [2, 3] } },
    });
    // E = 1 under a, and under b: 0, 0.5, 1 by level with a mean of 0.5, plus 3(y − ½) at levels 2 and 3.
    const value = (p: Parameters): number =>
      p['kind'] === 'a'
        ? 1 + 4 * (at(p, 'x') - 0.5)
        : (at(p, 'level') - 1) / 2 + (at(p, 'level') > 1 ? 3 * (at(p, 'y') - 0.5) : 0);
    const parts: Record<string, number> = {
      kind: 0.0625,
      x: 0.5 * (16 / 12),
      level: 0.5 / 6,
      y: (1 / 3) * (9 / 12),
    };
    const sum = Object.values(parts).reduce((a, b) => a + b, 0);
    const found = shares(fanova(where, draw(where, 800, 3, value)));
    for (const name of Object.keys(parts))
      expect(Math.abs(found[name]! - parts[name]! / sum), name).toBeLessThan(0.05);
  });

  it('has errors that say how far other trials would have been', () => {
    const runs = Array.from({ length: 5 }, (_, seed) =>
      fanova(additive, draw(additive, 100, 10 + seed, additiveValue, 0.3), {}).main.find(
        ({ name }) => name === 'a',
      ),
    );
    const values = runs.map((one) => one!.value);
    const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
    const deviation = Math.sqrt(
      values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (values.length - 1),
    );
    const stated = runs.reduce((sum, one) => sum + one!.error, 0) / runs.length;
    // Five runs know their deviation to a third.
    expect(stated / deviation).toBeGreaterThan(0.4);
    expect(stated / deviation).toBeLessThan(4);
  });

  it('has the partial dependence of each parameter where it is active', () => {
    const where = space({
      kind: { type: 'categorical', choices: ['a', 'b'] },
      x: { ...unit, when: { kind: ['a'] } },
    });
    const found = fanova(
      where,
      draw(where, 300, 4, (p) => (p['kind'] === 'a' ? 10 + 6 * at(p, 'x') : 0)),
    );
    const x = found.dependence.find(({ name }) => name === 'x')!;
    for (const { at: place, mean } of x.points) {
      const position = place as number;
      if (position > 0.06 && position < 0.94)
        expect(Math.abs(mean - (10 + 6 * position)), `${position}`).toBeLessThan(0.5);
    }
    const kind = found.dependence.find(({ name }) => name === 'kind')!;
    expect(kind.points.map((point) => point.at)).toEqual(['a', 'b']);
    expect(kind.points[0]!.mean).toBeCloseTo(13, 0);
    expect(kind.points[1]!.mean).toBeCloseTo(0, 0);
  });

  it('is nearer to the closed form than Optuna’s on the same trials', () => {
    const found = shares(fanova(additive, referencePoints));
    const distance = (of: Record<string, number>): number =>
      Object.keys(variances).reduce((sum, name) => sum + Math.abs(of[name]! - variances[name]! / total), 0);
    expect(distance(found)).toBeLessThan(0.15);
    expect(distance(found)).toBeLessThan(distance(reference.fanova) / 2);
  });

  it('answers the same for the same trials, and refuses too few by number', () => {
    const points = draw(additive, 40, 5, additiveValue);
    expect(fanova(additive, points)).toEqual(fanova(additive, structuredClone(points)));
    expect(() => fanova(additive, points.slice(0, 11))).toThrow(RgsweepError);
    expect(() => fanova(additive, points.slice(0, 11))).toThrow(
      '11 trials with a value: importance needs 12',
    );
    // A constant explains nothing, and nothing is divided by zero.
    const flat = fanova(
      additive,
      points.map((point) => ({ ...point, value: 2 })),
    );
    expect(flat.variance).toBe(0);
    expect(flat.main.every(({ value, error }) => value === 0 && error === 0)).toBe(true);
  });
});

describe('PED-ANOVA', () => {
  it('asks about the best only: closed form of a threshold', () => {
    const where = space({ x: unit, y: unit });
    // The best tenth is decided by x alone; beyond it y rules.
    const found = pedAnova(
      where,
      draw(where, 600, 6, (p) => (at(p, 'x') < 0.1 ? at(p, 'x') : 10 + 50 * at(p, 'y'))),
    );
    expect(found.good).toBe(60);
    expect(found.main[0]!.name).toBe('x');
    expect(found.main[0]!.value).toBeGreaterThan(0.98);
    expect(found.main[0]!.chance).toBe(0.005);
    // The variance shares say the opposite.
    const variance = shares(
      fanova(
        where,
        draw(where, 600, 6, (p) => (at(p, 'x') < 0.1 ? at(p, 'x') : 10 + 50 * at(p, 'y'))),
      ),
    );
    expect(variance['y']!).toBeGreaterThan(variance['x']!);
  });

  it('gives a parameter without influence nothing, and a chance that is not small', () => {
    const chances: number[] = [];
    for (let seed = 0; seed < 12; seed++) {
      const found = pedAnova(additive, draw(additive, 120, 30 + seed, additiveValue, 0.3));
      const idle = found.main.find(({ name }) => name === 'o')!;
      chances.push(idle.chance);
      expect(idle.value).toBeLessThan(0.2);
    }
    // Uniform where there is nothing: twelve draws have a mean of 0.5 ± 0.083.
    const mean = chances.reduce((sum, one) => sum + one, 0) / chances.length;
    expect(mean).toBeGreaterThan(0.25);
  });

  it('orders parameters as Optuna’s does on the same trials, shares within its noise', () => {
    const found = pedAnova(additive, referencePoints);
    expect(found.main[0]!.name).toBe('a');
    expect(found.main[found.main.length - 1]!.name).toBe('o');
    for (const { name, value, error } of found.main)
      expect(Math.abs(value - reference.pedAnova[name]!), name).toBeLessThan(Math.max(0.12, 2 * error));
  });

  it('counts a conditional parameter among the trials that have it', () => {
    const where = space({
      kind: { type: 'categorical', choices: ['a', 'b'] },
      x: { ...unit, when: { kind: ['a'] } },
      y: { ...unit, when: { kind: ['b'] } },
    });
    const found = pedAnova(
      where,
      draw(where, 400, 8, (p) => (p['kind'] === 'a' ? at(p, 'x') : 0.5 + at(p, 'y'))),
    );
    const share = shares(found);
    expect(share['x']!).toBeGreaterThan(0.6);
    expect(share['kind']!).toBeGreaterThan(0.05);
    // All of the best have kind a: y decides nothing among them.
    expect(share['y']!).toBe(0);
  });
});
