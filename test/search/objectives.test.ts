import { describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { createSampler } from '../../src/samplers/index.js';
import { hypervolume } from '../../src/samplers/pareto.js';
import type { SamplerName } from '../../src/samplers/types.js';
import { createSearch } from '../../src/search/engine.js';
import { createProtocol } from '../../src/search/protocol.js';
import { parseSpace } from '../../src/space/parse.js';

const list = [
  { name: 'x', type: 'float', low: 0, high: 1 },
  { name: 'y', type: 'float', low: 0, high: 1 },
];
const space = parseSpace({ parameters: list }, 'test');
const at = (params: Record<string, unknown>, name: string) => params[name] as number;

interface Told {
  id: number;
  params: Record<string, number>;
  value?: number;
  values?: number[];
  constraints?: number[];
}

/** A search over the lines; returns what `best` answers. */
function overLines(
  sampler: SamplerName,
  seed: number,
  trials: number,
  evaluate: (params: Record<string, unknown>) => object,
): Told[] {
  const answer = createProtocol();
  answer(JSON.stringify({ op: 'space', space: list, seed, sampler }));
  for (let i = 0; i < trials; i++) {
    const { id, params } = JSON.parse(answer('{"op":"ask"}')!) as Told;
    answer(JSON.stringify({ op: 'tell', id, ...evaluate(params) }));
  }
  return JSON.parse(answer('{"op":"best"}')!) as Told[];
}

describe('several objectives by ask and tell', () => {
  // Front: y = 0, f₂ = (1 − x)²; it dominates 2/3 of the unit square below (1, 1).
  const evaluate = (p: Record<string, unknown>) => ({
    values: [at(p, 'x') + at(p, 'y'), (1 - at(p, 'x')) ** 2 + at(p, 'y')],
  });

  it('keeps the front, and finds more of it than random search', () => {
    const seeds = [1, 2, 3, 4];
    const volume = (sampler: SamplerName) =>
      seeds.reduce((sum, seed) => {
        const front = overLines(sampler, seed, 80, evaluate).map(({ values }) => values!);
        for (const a of front)
          for (const b of front) if (a !== b) expect(a[0]! <= b[0]! && a[1]! <= b[1]!).toBe(false);
        expect([...front].sort((a, b) => a[0]! - b[0]!)).toEqual(front);
        return sum + hypervolume(front, [1, 1]) / seeds.length;
      }, 0);
    const [tpe, random] = [volume('tpe'), volume('random')];
    expect(tpe).toBeGreaterThan(random + 0.03);
    expect(tpe).toBeLessThan(2 / 3);
  });

  it('are promoted by non-domination between training budgets', () => {
    const search = createSearch({
      space,
      sampler: createSampler('random'),
      fidelity: { min: 1, max: 3, eta: 3 },
      trials: 3,
    });
    const asked = [0, 1, 2].map(() => search.ask()!);
    // Trial 1 dominates the others.
    [
      [2, 2],
      [1, 1],
      [1, 3],
    ].forEach((value, i) => search.tell({ id: asked[i]!.id, step: 1, value }));
    expect(search.ask()).toMatchObject({ id: 1, from: 1, to: 3 });
    search.tell({ id: 1, step: 3, value: [0.5, 0.5] });
    expect(search.best()).toMatchObject([{ trial: 1 }]);
  });

  it('refuses another number of objectives, and what is no number, by the id', () => {
    const search = createSearch({ space, sampler: createSampler('random') });
    for (let i = 0; i < 3; i++) search.ask();
    search.tell({ id: 0, value: [1, 2], constraints: [0] });
    for (const [report, message] of [
      [{ id: 1, value: 1 }, 'value of id 1: 1 numbers, where the first report had 2'],
      [{ id: 1, value: [1, NaN] }, 'value of id 1 is [1,null]'],
      [{ id: 1, value: [] }, 'value of id 1 is []'],
      [{ id: 1, value: [1, 2], constraints: [1, 2] }, 'constraints of id 1: 2 numbers'],
    ] as const)
      expect(() => search.tell(report)).toThrow(message);
    // A refused report has changed nothing.
    search.tell({ id: 1, value: [3, 4] });
    search.tell({ id: 2, value: null });
    expect(search.observations.map(({ state }) => state)).toEqual(['complete', 'complete', 'failed']);
  });
});

describe('constraints by ask and tell', () => {
  it('are learnt: the search ends at the best that satisfies them', () => {
    // The least of x + y with x ≥ 0.6 and y ≥ 0.3 is 0.9; without the constraints it is 0.
    const evaluate = (p: Record<string, unknown>) => ({
      value: at(p, 'x') + at(p, 'y'),
      constraints: [0.6 - at(p, 'x'), 0.3 - at(p, 'y')],
    });
    for (const seed of [1, 2, 3]) {
      const [best, ...others] = overLines('tpe', seed, 60, evaluate);
      expect(others).toEqual([]);
      for (const one of best!.constraints!) expect(one).toBeLessThanOrEqual(0);
      expect(best!.value).toBeGreaterThanOrEqual(0.9);
      expect(best!.value).toBeLessThan(1.02);
    }
  });

  it('leave no best where none satisfies them', () => {
    expect(overLines('tpe', 1, 12, (p) => ({ value: at(p, 'x'), constraints: [1] }))).toEqual([]);
  });
});

describe('trials of earlier searches by the package API', () => {
  it('say where to look and are no trials of this search', () => {
    const prior = Array.from({ length: 40 }, (_, trial) => {
      const parameters = { x: ((trial * 0.618) % 1) + 0, y: (trial * 0.7548) % 1 };
      const value = Math.hypot(parameters.x - 0.3, parameters.y - 0.8);
      const values = [{ step: 1, objectives: [value] }];
      return { trial, parameters, state: 'complete' as const, values, prior: 'first' };
    });
    const search = createSearch({ space, sampler: createSampler('tpe'), trials: 6, prior });
    const distances: number[] = [];
    for (let next = search.ask(); next; next = search.ask()) {
      distances.push(Math.hypot(at(next.params, 'x') - 0.3, at(next.params, 'y') - 0.8));
      search.tell({ id: next.id, value: distances.at(-1)! });
    }
    expect(distances).toHaveLength(6);
    expect(search.observations).toHaveLength(6);
    // Every second one is a point of the Sobol' sequence.
    for (const i of [0, 2, 4]) expect(distances[i]).toBeLessThan(0.35);
    const unnamed = [{ ...prior[0]!, prior: undefined }].map(({ prior: _prior, ...one }) => one);
    expect(() => createSearch({ space, sampler: createSampler('tpe'), prior: unnamed })).toThrow(
      RgsweepError,
    );
  });
});
