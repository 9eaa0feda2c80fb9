import { describe, expect, it } from 'vitest';
import { createSampler } from '../../src/samplers/index.js';
import { hypervolume } from '../../src/samplers/pareto.js';
import { modelStep, rankTrials } from '../../src/samplers/split.js';
import type { Observation, SamplerName } from '../../src/samplers/types.js';
import { parseSpace } from '../../src/space/parse.js';
import type { Parameters, SearchSpace } from '../../src/space/types.js';

type Evaluation = Pick<Observation, 'values' | 'constraints'> & { state?: 'failed' };

function search(
  name: SamplerName,
  space: SearchSpace,
  trials: number,
  seed: number,
  evaluate: (parameters: Parameters) => Evaluation,
): Observation[] {
  const sampler = createSampler(name);
  const observations: Observation[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const parameters = sampler({ space, observations, trial, seed });
    observations.push({ trial, parameters, state: 'complete', ...evaluate(parameters) });
  }
  return observations;
}

const box = (count: number): SearchSpace =>
  parseSpace(
    {
      parameters: Object.fromEntries(
        [...Array(count).keys()].map((i) => [`x${i}`, { type: 'float', low: 0, high: 1 }]),
      ),
    },
    'test',
  );
const at = (parameters: Parameters, name: string): number => parameters[name] as number;
const one = (value: number): Evaluation => ({ values: [{ step: 1, objectives: [value] }] });
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const seeds = [1, 2, 3, 4, 5, 6];

describe('tpe', () => {
  it('finds a smooth minimum far better than random', () => {
    const value = (p: Parameters): number =>
      (at(p, 'x0') - 0.2) ** 2 + (at(p, 'x1') - 0.9) ** 2 + (at(p, 'x2') - 0.6) ** 2;
    const best = (name: SamplerName): number =>
      mean(
        seeds.map((seed) =>
          Math.log(
            Math.min(...search(name, box(3), 80, seed, (p) => one(value(p))).map((o) => value(o.parameters))),
          ),
        ),
      );
    expect(best('tpe')).toBeLessThan(best('random') - 1.5);
  });

  it('learns which branch of a tree is best, and what is best in it', () => {
    const space = parseSpace(
      {
        parameters: {
          kind: { type: 'categorical', choices: ['a', 'b', 'c', 'd'] },
          rate: { type: 'float', low: 1e-4, high: 1, log: true, when: { kind: ['c'] } },
          depth: { type: 'int', low: 1, high: 20, when: { kind: ['a', 'b'] } },
        },
      },
      'test',
    );
    const value = (p: Parameters): number =>
      p['kind'] === 'c'
        ? Math.abs(Math.log10(at(p, 'rate')) + 2.5)
        : p['kind'] === 'd'
          ? 2
          : 1 + at(p, 'depth') / 20;
    for (const seed of seeds) {
      const observations = search('tpe', space, 60, seed, (p) => one(value(p)));
      const late = observations.slice(40).map(({ parameters }) => parameters);
      expect(late.filter((p) => p['kind'] === 'c').length).toBeGreaterThan(10);
      expect(Math.min(...late.map(value))).toBeLessThan(0.1);
    }
  });

  it('avoids where trials fail', () => {
    const fails = (p: Parameters): boolean => at(p, 'x0') > 0.4;
    const late = seeds.flatMap((seed) =>
      search('tpe', box(2), 60, seed, (p) =>
        fails(p) ? { state: 'failed', values: [] } : one(Math.abs(at(p, 'x0') - 0.3) + at(p, 'x1')),
      ).slice(40),
    );
    expect(late.filter((o) => fails(o.parameters)).length / late.length).toBeLessThan(0.3);
    expect(
      Math.min(...late.filter((o) => o.state === 'complete').map((o) => at(o.parameters, 'x1'))),
    ).toBeLessThan(0.05);
  });

  it('spreads over a Pareto front of two objectives better than random', () => {
    const objectives = (p: Parameters): number[] => {
      const far = 1 + 3 * (at(p, 'x1') + at(p, 'x2') + at(p, 'x3'));
      return [at(p, 'x0'), far * (1 - Math.sqrt(at(p, 'x0') / far))];
    };
    const volume = (name: SamplerName): number =>
      mean(
        seeds.map((seed) =>
          hypervolume(
            search(name, box(4), 100, seed, (p) => ({
              values: [{ step: 1, objectives: objectives(p) }],
            })).map((o) => objectives(o.parameters)),
            [1.1, 4],
          ),
        ),
      );
    // The whole front's volume is 4.4 − ⅓ − … = 3.73 (1 − √f₁ from 0 to 1, then flat to 1.1).
    expect(volume('tpe')).toBeGreaterThan(volume('random') + 0.3);
  });

  it('goes where constraints hold, and to the best there', () => {
    const constraint = (p: Parameters): number => at(p, 'x0') + at(p, 'x1') - 0.5;
    const value = (p: Parameters): number => -at(p, 'x0') - 0.5 * at(p, 'x1');
    const observations = seeds.map((seed) =>
      search('tpe', box(3), 80, seed, (p) => ({ ...one(value(p)), constraints: [constraint(p)] })),
    );
    const best = observations.map((run) =>
      Math.min(...run.filter((o) => constraint(o.parameters) <= 0).map((o) => value(o.parameters))),
    );
    // The optimum is −0.5; random search reaches −0.41 on average.
    expect(mean(best)).toBeLessThan(-0.42);
    const late = observations.flatMap((run) => run.slice(40));
    // An eighth of the cube is feasible.
    expect(late.filter((o) => constraint(o.parameters) <= 0).length / late.length).toBeGreaterThan(0.4);
  });

  it('tries every value of a small space before it repeats one', () => {
    const space = parseSpace(
      {
        parameters: {
          a: { type: 'int', low: 1, high: 6 },
          b: { type: 'categorical', choices: ['x', 'y', 'z'] },
        },
      },
      'test',
    );
    const seen = search('tpe', space, 18, 1, (p) => one(at(p, 'a'))).map((o) => JSON.stringify(o.parameters));
    expect(new Set(seen.slice(10)).size).toBe(8);
    expect(seen.slice(10).some((key) => seen.slice(0, 10).includes(key))).toBe(false);
    expect(search('tpe', space, 40, 1, (p) => one(at(p, 'a')))).toHaveLength(40);
  });

  it('does not depend on when results came in, only on which there are', () => {
    const space = box(2);
    const done = search('random', space, 20, 3, (p) => one(at(p, 'x0')));
    const sampler = createSampler('tpe');
    // Results are kept by trial number: told in any order they are the same list.
    const rebuilt = [...done].reverse().sort((a, b) => a.trial - b.trial);
    expect(sampler({ space, observations: rebuilt, trial: 20, seed: 3 })).toEqual(
      sampler({ space, observations: done, trial: 20, seed: 3 }),
    );
    const better = done.map((o, i) => (i === 4 ? { ...o, ...one(-1) } : o));
    expect(sampler({ space, observations: better, trial: 20, seed: 3 })).not.toEqual(
      sampler({ space, observations: done, trial: 20, seed: 3 }),
    );
  });

  it('suggests the same on every engine: recorded suggestions', () => {
    const space = parseSpace(
      {
        parameters: {
          rate: { type: 'float', low: 1e-5, high: 1, log: true },
          kind: { type: 'categorical', choices: ['a', 'b', 'c'] },
          width: { type: 'int', low: 8, high: 512, log: true, when: { kind: ['a', 'b'] } },
        },
      },
      'test',
    );
    const value = (p: Parameters): number =>
      at(p, 'rate') * 3 + (p['kind'] === 'c' ? 1 : Math.abs(at(p, 'width') - 100) / 500);
    const last = search('tpe', space, 40, 11, (p) => one(value(p))).slice(-3);
    expect(last.map((o) => o.parameters)).toMatchInlineSnapshot(`
      [
        {
          "kind": "b",
          "rate": 0.00030890151281221,
          "width": 119,
        },
        {
          "kind": "a",
          "rate": 0.00022071616308777815,
          "width": 103,
        },
        {
          "kind": "b",
          "rate": 0.00021888703559918614,
          "width": 109,
        },
      ]
    `);
  });
});

describe('the model’s view of the trials', () => {
  const trial = (
    number: number,
    steps: [number, number][],
    more: Partial<Observation> = {},
  ): Observation => ({
    trial: number,
    parameters: {},
    state: 'running',
    values: steps.map(([step, value]) => ({ step, objectives: [value] })),
    ...more,
  });
  const all = (count: number): number => count;

  it('reads the highest rung with enough results', () => {
    const trials = [
      ...[0, 1, 2, 3].map((i) => trial(i, [[1, i]])),
      ...[4, 5].map((i) =>
        trial(i, [
          [1, i],
          [3, i],
        ]),
      ),
      trial(6, [
        [1, 0],
        [3, 0],
        [9, 0],
      ]),
    ];
    expect(modelStep(trials, 7)).toBe(1);
    expect(modelStep(trials, 4)).toBe(1);
    expect(modelStep(trials, 3)).toBe(3);
    expect(modelStep(trials, 1)).toBe(9);
    expect(modelStep(trials, 99)).toBe(1);
    expect(modelStep([], 1)).toBeUndefined();
    // At rung 3 a trial that waits below it is neither good nor bad.
    expect(rankTrials(trials, 3, all)).toEqual({ ranked: [6, 4, 5], unranked: [] });
  });

  it('orders results, then pruned, then infeasible trials; failed and running ones are bad without a rank', () => {
    const trials = [
      trial(0, [[9, 3]], { state: 'complete' }),
      trial(1, [[9, 1]], { state: 'complete', constraints: [0.5, -1] }),
      trial(2, [[1, 0.1]], { state: 'pruned' }),
      trial(3, [[3, 0.2]], { state: 'pruned' }),
      trial(4, [], { state: 'failed' }),
      trial(5, []),
      trial(6, [[9, 2]], { state: 'complete', constraints: [0, 0] }),
      trial(7, [[9, 1]], { state: 'complete', constraints: [0.1, 0.1] }),
      trial(8, [[9, NaN]], { state: 'complete' }),
      trial(9, [[9, 3]], { state: 'complete' }),
      trial(10, [[9, Infinity]], { state: 'complete' }),
    ];
    expect(rankTrials(trials, 9, all)).toEqual({ ranked: [6, 0, 9, 10, 3, 2, 7, 1], unranked: [4, 5, 8] });
  });
});
