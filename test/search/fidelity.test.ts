import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSampler } from '../../src/samplers/index.js';
import { createSearch, type Search, type Segment } from '../../src/search/engine.js';
import { parseSpace } from '../../src/space/parse.js';

const space = parseSpace({ parameters: { x: { type: 'float', low: 0, high: 1 } } }, 'test');
const fidelity = { min: 1, max: 27, eta: 3 };

function search(): Search {
  return createSearch({ space, sampler: createSampler('random'), seed: 5, fidelity });
}
const ask = (one: Search, worker = 0): Segment => one.ask(worker) as Segment;

describe('a multi-fidelity search', () => {
  it('trains every step once, from where the trial stands, and promotes the best', () => {
    const one = search();
    const reached = new Map<number, number>();
    for (let i = 0; i < 400; i++) {
      const { id, params, from, to } = ask(one);
      expect(from).toBe(reached.get(id) ?? 0);
      expect([1, 3, 9, 27]).toContain(to);
      reached.set(id, to);
      one.tell({ id, step: to, value: Math.abs((params['x'] as number) - 0.5) + 1 / to });
    }
    const done = [...reached].filter(([, to]) => to === 27).map(([id]) => id);
    expect(done.length).toBeGreaterThan(5);
    const distance = (id: number): number =>
      Math.abs((one.observations[id]!.parameters['x'] as number) - 0.5);
    const best = [...reached.keys()].sort((a, b) => distance(a) - distance(b))[0]!;
    expect(done).toContain(best);
  });

  it('gives a lost segment out again before anything new, from the same step', () => {
    const one = search();
    const first = ask(one, 1);
    const second = ask(one, 2);
    one.fail(first.id, 1);
    expect(ask(one, 3)).toEqual(first);
    // The same report again, and one about what worker 3 now holds: nothing changes.
    one.fail(first.id, 1);
    expect(ask(one, 1).id).toBe(2);
    one.tell({ id: second.id, step: 1, value: 1 });
    one.fail(second.id, 2);
    expect(ask(one, 2).id).toBe(3);
  });

  it('lets the first report of a segment stand: repeats, and the result of a worker thought lost', () => {
    const one = search();
    const { id } = ask(one, 1);
    one.fail(id, 1);
    one.tell({ id, step: 1, value: 0.25 });
    expect(ask(one, 2).id).toBe(1);
    one.tell({ id, step: 1, value: 99 });
    expect(one.observations[id]!.values).toEqual([{ step: 1, objectives: [0.25] }]);
  });

  it('counts a trial without a value in no rung and never gives it out again', () => {
    const one = search();
    const failed = ask(one);
    one.tell({ id: failed.id, step: 1, value: null });
    expect(one.observations[failed.id]!.state).toBe('failed');
    for (let i = 0; i < 60; i++) {
      const { id, to } = ask(one);
      expect(id).not.toBe(failed.id);
      one.tell({ id, step: to, value: id });
    }
  });

  it('refuses steps that are no rung or were not asked for', () => {
    const one = search();
    const { id } = ask(one);
    expect(() => one.tell({ id, step: 2, value: 1 })).toThrow('step of id 0 is 2, which is no rung');
    expect(() => one.tell({ id, step: 3, value: 1 })).toThrow('step 3 of id 0 was not asked for');
    one.tell({ id, step: 1, value: 1 });
    expect(() => one.tell({ id, step: 3, value: 1 })).toThrow('step 3 of id 0 was not asked for');
  });

  it('ends when its trials are spent', () => {
    const one = createSearch({
      space,
      sampler: createSampler('qmc'),
      trials: 4,
      fidelity: { min: 1, max: 2, eta: 2 },
    });
    const steps: number[] = [];
    for (let next = one.ask(); next; next = one.ask()) {
      const { id, to } = next as Segment;
      steps.push(to);
      one.tell({ id, step: to, value: id });
    }
    expect(steps.filter((to) => to === 1)).toHaveLength(4);
    expect(steps.filter((to) => to === 2)).toHaveLength(2);
  });

  it('holds its invariants under any order of results, losses and repeats', () => {
    const action = fc.record({
      kind: fc.constantFrom('ask', 'tell', 'tell', 'fail', 'repeat', 'null'),
      pick: fc.nat(99),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const one = search();
        const open: Segment[] = [];
        const told: Segment[] = [];
        for (const { kind, pick } of actions) {
          const at = open.length === 0 ? 0 : pick % open.length;
          if (kind === 'ask') {
            const segment = ask(one, pick);
            // What is open is never given to a second worker.
            expect(open.some((other) => other.id === segment.id)).toBe(false);
            expect(told.some((other) => other.id === segment.id && other.to === segment.to)).toBe(false);
            open.push(segment);
          } else if (kind === 'repeat' && told.length > 0) {
            const { id, to } = told[pick % told.length]!;
            one.tell({ id, step: to, value: -1 });
          } else if (open.length > 0) {
            const [segment] = open.splice(at, 1);
            if (kind === 'fail') one.fail(segment!.id);
            else {
              one.tell({ id: segment!.id, step: segment!.to, value: kind === 'null' ? null : pick });
              told.push(segment!);
            }
          }
        }
        for (const { state, values } of one.observations)
          if (state === 'complete') expect(values.map((value) => value.step)).toEqual([1, 3, 9, 27]);
      }),
      { numRuns: 200 },
    );
  });
});
