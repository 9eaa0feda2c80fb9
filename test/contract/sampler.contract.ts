import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CounterRandom } from '../../src/random/philox.js';
import { createSampler } from '../../src/samplers/index.js';
import type { Observation, SamplerName } from '../../src/samplers/types.js';
import { createSearch } from '../../src/search/engine.js';
import { parseSpace } from '../../src/space/parse.js';
import type { Parameters, SearchSpace } from '../../src/space/types.js';
import { validateParameters } from '../../src/space/validate.js';

const space = (parameters: unknown): SearchSpace => parseSpace({ parameters }, 'contract');

const spaces: Record<string, SearchSpace> = {
  'one parameter': space({ x: { type: 'float', low: -2, high: 3 } }),
  'one value of every type': space({
    a: { type: 'float', low: 1, high: 1 },
    b: { type: 'int', low: 7, high: 7 },
    c: { type: 'categorical', choices: ['only'] },
    d: { type: 'float', low: 2, high: 2, log: true },
    e: 4,
  }),
  'only constants': space({ a: 1, b: 'x', c: true }),
  '100 parameters': space(
    Object.fromEntries([...Array(100).keys()].map((i) => [`p${i}`, { type: 'float', low: 0, high: i + 1 }])),
  ),
  'all categorical': space(
    Object.fromEntries(
      [...Array(4).keys()].map((i) => [`c${i}`, { type: 'categorical', choices: ['a', 1, true] }]),
    ),
  ),
  'every kind of number': space({
    a: { type: 'float', low: 1e-8, high: 1e8, log: true },
    b: { type: 'float', low: 0.1, high: 0.9, step: 0.2 },
    c: { type: 'int', low: -5, high: 100 },
    d: { type: 'int', low: 1, high: 100_000, log: true },
    e: { type: 'int', low: 0, high: 30, step: 5 },
    f: { type: 'float', low: 0.5, high: 64, step: 0.25, log: true },
    g: { type: 'float', low: -1e300, high: 1e300 },
  }),
  'conditions three levels deep': space({
    model: { type: 'categorical', choices: ['small', 'large'] },
    optimizer: { type: 'categorical', choices: ['adam', 'sgd'], when: { model: ['large'] } },
    layers: { type: 'int', low: 1, high: 3, when: { optimizer: ['sgd'] } },
    decay: { type: 'float', low: 0, high: 1, when: { layers: [2, 3] } },
    nesterov: { type: 'categorical', choices: [true, false], when: { optimizer: ['sgd'], model: ['large'] } },
    rate: { type: 'float', low: 1e-4, high: 1, log: true },
  }),
};

/** A made-up value of a parameter set: any deterministic function does. */
function valueOf(parameters: Parameters): number {
  let sum = 0;
  for (const [name, value] of Object.entries(parameters))
    sum += typeof value === 'number' ? Math.tanh(value - name.length) : String(value).length;
  return sum;
}

/** Runs a search with results that come late, failures and pruned trials; returns the suggestions. */
function run(name: SamplerName, where: SearchSpace, trials: number, seed: number): Parameters[] {
  const sampler = createSampler(name);
  const random = new CounterRandom(seed, 'contract');
  const observations: Observation[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const parameters = sampler({ space: where, observations, trial, seed });
    observations.push({ trial, parameters, state: 'running', values: [] });
    const done = Math.max(0, trial - random.integer(4));
    const known = observations[done]!;
    if (known.state !== 'running') continue;
    const fate = random.integer(10);
    const values = [{ step: 1, objectives: [valueOf(known.parameters)] }];
    if (fate === 0) observations[done] = { ...known, state: 'failed' };
    else if (fate === 1) observations[done] = { ...known, state: 'pruned', values };
    else
      observations[done] = {
        ...known,
        state: 'complete',
        values: [...values, { step: 3, objectives: [valueOf(known.parameters)] }],
      };
  }
  return observations.map((one) => one.parameters);
}

/** What every sampler must hold to; run on each of them. */
export function samplerContract(name: SamplerName): void {
  const sampler = createSampler(name);

  describe(`sampler ${name}`, () => {
    describe.each(Object.entries(spaces))('in a space of %s', (_title, where) => {
      it('suggests only what belongs to the space, through failures and pruned and running trials', () => {
        for (const parameters of run(name, where, 40, 1))
          expect(validateParameters(where, parameters)).toEqual([]);
      });

      it('answers the same for the same input and leaves the input as it was', () => {
        expect(run(name, where, 25, 2)).toEqual(run(name, where, 25, 2));
        const parameters = run(name, where, 25, 2);
        const observations: Observation[] = parameters.map((one, trial) => ({
          trial,
          parameters: one,
          state: 'complete',
          values: [{ step: 1, objectives: [valueOf(one)] }],
        }));
        const before = structuredClone(observations);
        sampler({ space: where, observations, trial: 25, seed: 2 });
        expect(observations).toEqual(before);
        // A copy of everything gives the same answer: nothing hangs on the identity of the objects.
        expect(sampler({ space: structuredClone(where), observations: before, trial: 25, seed: 2 })).toEqual(
          sampler({ space: where, observations, trial: 25, seed: 2 }),
        );
      });

      it('goes on when no trial has a finite value yet', () => {
        for (const objectives of [[NaN], [Infinity], []]) {
          const observations = run('random', where, 30, 3).map((parameters, trial): Observation => ({
            trial,
            parameters,
            state: objectives.length === 0 ? 'failed' : 'complete',
            values: objectives.length === 0 ? [] : [{ step: 1, objectives }],
          }));
          const suggested = sampler({ space: where, observations, trial: 30, seed: 3 });
          expect(validateParameters(where, suggested)).toEqual([]);
        }
      });
    });

    it('is asked and told in any order: every id once, and the next trial depends on the results, not on when they came', () => {
      const where = spaces['conditions three levels deep']!;
      const play = (order: readonly number[]) => {
        const search = createSearch({ space: where, sampler, seed: 4 });
        const asked = order.map(() => search.ask()!);
        expect(asked.map(({ id }) => id)).toEqual(order.map((_, id) => id));
        for (const id of order) search.tell({ id, value: id % 5 === 0 ? null : valueOf(asked[id]!.params) });
        // The last asks come with some trials still open.
        const later = [search.ask()!, search.ask()!, search.ask()!];
        expect(later.map(({ id }) => id)).toEqual([order.length, order.length + 1, order.length + 2]);
        return [...asked, ...later].map(({ params }) => params);
      };
      const ids = Array.from({ length: 16 }, (_, id) => id);
      const shuffled = ids.map((id) => (id * 7 + 3) % 16);
      expect(play(shuffled)).toEqual(play(ids));
      expect(play([...ids].reverse())).toEqual(play(ids));
    });

    it('differs between trials and between seeds', () => {
      const where = spaces['one parameter']!;
      expect(new Set(run(name, where, 30, 5).map((one) => one['x'])).size).toBeGreaterThan(
        name === 'grid' ? 4 : 28,
      );
      if (name !== 'grid') expect(run(name, where, 30, 5)).not.toEqual(run(name, where, 30, 6));
    });

    it('takes trials of another space for what they share', () => {
      const other = run('random', spaces['every kind of number']!, 20, 1);
      const observations = other.map((parameters, trial): Observation => ({
        trial,
        parameters,
        state: 'complete',
        values: [{ step: 1, objectives: [trial] }],
      }));
      for (const where of Object.values(spaces))
        expect(
          validateParameters(where, sampler({ space: where, observations, trial: 20, seed: 1 })),
        ).toEqual([]);
    });

    it('suggests valid sets in any space that parses', () => {
      const number = fc.record({
        type: fc.constantFrom('float', 'int'),
        low: fc.integer({ min: 1, max: 50 }),
        span: fc.integer({ min: 0, max: 1000 }),
        log: fc.boolean(),
        step: fc.option(fc.constantFrom(1, 0.25), { nil: undefined }),
      });
      const parameter = fc.oneof(
        number.map(({ type, low, span, log, step }) => ({
          type,
          low,
          high: low + span,
          log,
          ...(step === undefined || type === 'int' ? {} : { step }),
        })),
        fc
          .uniqueArray(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.boolean()), { minLength: 1, maxLength: 4 })
          .map((choices) => ({
            type: 'categorical',
            choices,
          })),
      );
      fc.assert(
        fc.property(fc.array(parameter, { minLength: 1, maxLength: 6 }), fc.nat(), (list, seed) => {
          const declared: Record<string, unknown> = {};
          list.forEach((one, i) => {
            // Each parameter hangs on the one before it, where that is a categorical.
            const before = list[i - 1];
            const when =
              before && 'choices' in before ? { when: { [`p${i - 1}`]: [before.choices[0]] } } : {};
            declared[`p${i}`] = { ...one, ...when };
          });
          const where = space(declared);
          for (const parameters of run(name, where, 16, seed))
            expect(validateParameters(where, parameters)).toEqual([]);
        }),
        { numRuns: 25 },
      );
    });
  });
}
