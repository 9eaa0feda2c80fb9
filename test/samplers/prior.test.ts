import { describe, expect, it } from 'vitest';
import { createSampler } from '../../src/samplers/index.js';
import { samplerNames, type Observation } from '../../src/samplers/types.js';
import { parseSpace } from '../../src/space/parse.js';
import type { Parameters } from '../../src/space/types.js';

const space = parseSpace(
  {
    parameters: Object.fromEntries(['x', 'y', 'z'].map((name) => [name, { type: 'float', low: 0, high: 1 }])),
  },
  'test',
);
const value = (p: Parameters): number =>
  Math.hypot(Number(p['x']) - 0.2, Number(p['y']) - 0.9, Number(p['z']) - 0.6);

function observe(trial: number, parameters: Parameters, result: number, prior?: string): Observation {
  return {
    trial,
    parameters,
    state: 'complete',
    values: [{ step: 1, objectives: [result] }],
    ...(prior === undefined ? {} : { prior }),
  };
}

/** Random trials of an earlier search, whose results are `told`. */
function earlier(
  count: number,
  seed: number,
  told: (value: number) => number,
  name = 'earlier',
): Observation[] {
  const random = createSampler('random');
  return Array.from({ length: count }, (_, trial) => {
    const parameters = random({ space, observations: [], trial, seed: 100 + seed });
    return observe(trial, parameters, told(value(parameters)), name);
  });
}

/** Results of a new search by tpe. */
function search(trials: number, seed: number, prior: readonly Observation[]): number[] {
  const tpe = createSampler('tpe');
  const own: Observation[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const parameters = tpe({ space, observations: [...own, ...prior], trial, seed });
    own.push(observe(trial, parameters, value(parameters)));
  }
  return own.map((one) => one.values[0]!.objectives[0]!);
}

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
const meanBest = (trials: number, priorOf: (seed: number) => Observation[]): number =>
  seeds.reduce((sum, seed) => sum + Math.min(...search(trials, seed, priorOf(seed))), 0) / seeds.length;

describe('prior observations', () => {
  it('of the same function make the first trials better, whatever the scale of their values', () => {
    const without = meanBest(8, () => []);
    expect(meanBest(8, (seed) => earlier(60, seed, (v) => v))).toBeLessThan(0.8 * without);
    const other = search(
      12,
      1,
      earlier(60, 1, (v) => 5 + 100 * v),
    );
    expect(other).toEqual(
      search(
        12,
        1,
        earlier(60, 1, (v) => v),
      ),
    );
  });

  it('that mislead are found out: the search ends far ahead of a random one all the same', () => {
    const misled = meanBest(60, (seed) => earlier(60, seed, (v) => -v));
    const random = seeds.map((seed) =>
      Math.min(...earlier(60, seed, (v) => v).map((one) => value(one.parameters))),
    );
    expect(misled).toBeLessThan((0.3 * random.reduce((sum, best) => sum + best, 0)) / seeds.length);
  });

  it('of several searches are each ranked by themselves', () => {
    const good = earlier(30, 1, (v) => v, 'one');
    // All of the other search's values are lower than any of the first one's.
    const both = [...good, ...earlier(30, 2, (v) => v - 1000, 'two')];
    const shifted = [...good, ...earlier(30, 2, (v) => v, 'two')];
    expect(search(10, 3, both)).toEqual(search(10, 3, shifted));
  });

  it.each(samplerNames)('are no trials of this search, and may lack parameters: %s', (name) => {
    const sampler = createSampler(name);
    const prior = earlier(20, 1, (v) => v).map((one) => ({
      ...one,
      parameters: { x: one.parameters['x']! },
    }));
    const own: Observation[] = [];
    for (let trial = 0; trial < 12; trial++) {
      const input = { space, trial, seed: 5 };
      const parameters = sampler({ ...input, observations: [...own, ...prior] });
      expect(Object.keys(parameters)).toEqual(['x', 'y', 'z']);
      if (name !== 'tpe') expect(parameters).toEqual(sampler({ ...input, observations: own }));
      // Where priors stand among the observations does not matter.
      expect(sampler({ ...input, observations: [...prior, ...own] })).toEqual(parameters);
      own.push(observe(trial, parameters, value(parameters)));
    }
  });

  it('do not keep the grid from trying what was tried elsewhere', () => {
    const small = parseSpace(
      { parameters: { c: { type: 'categorical', choices: ['a', 'b', 'c'] } } },
      'test',
    );
    const prior = [observe(0, { c: 'a' }, 1, 'earlier'), observe(1, { c: 'b' }, 2, 'earlier')];
    for (const name of ['grid', 'tpe'] as const) {
      const own: Observation[] = [];
      for (let trial = 0; trial < 3; trial++) {
        const input = { space: small, observations: [...own, ...prior], trial, seed: 1 };
        own.push(observe(trial, createSampler(name)(input), trial));
      }
      expect(new Set(own.map(({ parameters }) => parameters['c'])).size).toBe(name === 'grid' ? 3 : 2 + 1);
    }
  });
});
