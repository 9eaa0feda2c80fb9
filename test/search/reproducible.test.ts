import { describe, expect, it } from 'vitest';
import { CounterRandom } from '../../src/random/philox.js';
import { createSampler } from '../../src/samplers/index.js';
import { createSearch } from '../../src/search/engine.js';
import { parseSpace } from '../../src/space/parse.js';
import type { Parameters } from '../../src/space/types.js';

const space = parseSpace(
  { parameters: { x: { type: 'float', low: 0, high: 1 }, y: { type: 'float', low: 0, high: 1 } } },
  'test',
);

/** Runs a search with evaluations of random length; returns its trials, its length and how many were ever open. */
function run(
  workers: number,
  timing: number,
  reproducible: boolean,
): { trials: Parameters[]; time: number; open: number } {
  const search = createSearch({
    space,
    sampler: createSampler('tpe'),
    seed: 2,
    trials: 60,
    ...(reproducible ? { reproducible: workers } : {}),
  });
  const random = new CounterRandom(timing, 'timing');
  const open: { at: number; id: number; value: number }[] = [];
  let now = 0;
  let most = 0;
  for (;;) {
    while (open.length < workers) {
      const next = search.ask();
      if (!next) break;
      const { x, y } = next.params as { x: number; y: number };
      open.push({ at: now + 0.5 + random.uniform(), id: next.id, value: (x - 0.3) ** 2 + (y - 0.6) ** 2 });
    }
    most = Math.max(most, open.length);
    if (open.length === 0) break;
    open.sort((a, b) => a.at - b.at);
    const done = open.shift()!;
    now = done.at;
    search.tell({ id: done.id, value: done.value });
  }
  return { trials: search.observations.map((one) => one.parameters), time: now, open: most };
}

describe('a reproducible search', () => {
  it('has the same trials whatever the timing, which without it differ', () => {
    for (const workers of [1, 3, 8]) {
      const runs = [1, 2, 3, 4].map((timing) => run(workers, timing, true));
      for (const { trials, open } of runs) {
        expect(trials).toHaveLength(60);
        expect(trials).toEqual(runs[0]!.trials);
        expect(open).toBe(workers);
      }
    }
    expect(run(8, 1, false).trials).not.toEqual(run(8, 2, false).trials);
  });

  it('costs some waiting, no more than running in step would', () => {
    const timings = [1, 2, 3, 4, 5, 6];
    const mean = (reproducible: boolean): number =>
      timings.reduce((sum, timing) => sum + run(8, timing, reproducible).time, 0) / timings.length;
    const ratio = mean(true) / mean(false);
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.5);
  });

  it('is refused with training budgets and without a number of workers', () => {
    const sampler = createSampler('tpe');
    expect(() =>
      createSearch({ space, sampler, reproducible: 2, fidelity: { min: 1, max: 9, eta: 3 } }),
    ).toThrow('reproducible cannot be had with fidelity');
    expect(() => createSearch({ space, sampler, reproducible: 0 })).toThrow('reproducible is 0');
  });
});
