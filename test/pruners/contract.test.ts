import { describe, expect, it } from 'vitest';
import { bracketSizes, createPruner } from '../../src/pruners/index.js';
import { dominanceOrder } from '../../src/pruners/dominance.js';
import { prunerNames, type PrunerTrial } from '../../src/pruners/types.js';
import { CounterRandom } from '../../src/random/philox.js';
import { orderByDominance, paretoFront } from '../../src/samplers/pareto.js';
import { prunerContract } from '../contract/pruner.contract.js';

for (const name of prunerNames) prunerContract(name);

const waiting = (trial: number, ...values: number[]) => ({
  trial,
  values,
  state: 'paused' as PrunerTrial['state'],
});

describe('median', () => {
  const median = createPruner({ name: 'median', reduction: 3, rungCount: 2 });
  it('holds nothing back before its startup, then what is worse than the median', () => {
    const room = { newTrial: false, affords: () => true };
    expect(median([waiting(0, 9)], room)).toEqual({ kind: 'promote', trial: 0, rung: 1 });
    const five = [1, 2, 3, 4, 5].map((value, trial) => waiting(trial, value));
    const promoted: number[] = [];
    for (;;) {
      const decision = median(five, room);
      if (decision?.kind !== 'promote') break;
      promoted.push(decision.trial);
      five[decision.trial]!.state = 'running';
    }
    // The median of five is the third.
    expect(promoted).toEqual([0, 1, 2]);
  });
});

describe('hyperband', () => {
  it('has the brackets of Algorithm 1 of the paper for R = 81, η = 3', () => {
    // n = ⌈(s_max + 1) η^s / (s + 1)⌉ for s = 4 … 0: 5·81/5, ⌈5·27/4⌉, 5·9/3, ⌈5·3/2⌉, 5.
    expect(bracketSizes(5, 3)).toEqual([81, 34, 15, 8, 5]);
  });

  it('gives trials to brackets in proportion', () => {
    const hyperband = createPruner({ name: 'hyperband', reduction: 3, rungCount: 3 });
    const counts = [0, 0, 0];
    const trials: (ReturnType<typeof waiting> & { firstRung: number })[] = [];
    for (let trial = 0; trial < 170; trial++) {
      const decision = hyperband(trials, { newTrial: true, affords: () => true });
      if (decision?.kind !== 'new') throw new Error('no new trial');
      counts[decision.firstRung]!++;
      trials.push({ ...waiting(trial), state: 'running' as const, firstRung: decision.firstRung });
    }
    // 9 : 5 : 3
    expect(counts).toEqual([90, 50, 30]);
  });

  it('ranks within a bracket only', () => {
    const hyperband = createPruner({ name: 'hyperband', reduction: 2, rungCount: 2 });
    const room = { newTrial: false, affords: () => true };
    const late = [0, 1, 2].map((trial) => ({
      ...waiting(trial, trial),
      firstRung: 1,
      state: 'complete' as const,
    }));
    expect(hyperband([...late, { ...waiting(3, 100), firstRung: 0 }], room)).toBeUndefined();
    const early = [3, 4].map((trial) => ({ ...waiting(trial, 100 - trial), firstRung: 0 }));
    expect(hyperband([...late, ...early], room)).toEqual({ kind: 'promote', trial: 4, rung: 1 });
  });
});

describe('the order by non-domination', () => {
  it.each([2, 3, 4])('has the fronts that peeling finds, %s objectives', (dimension) => {
    const random = new CounterRandom(dimension, 'test/dominance');
    const vectors = Array.from({ length: 120 }, () =>
      Array.from({ length: dimension }, () => Math.floor(random.uniform() * 12)),
    );
    const order = dominanceOrder(vectors);
    expect([...order].sort((a, b) => a - b)).toEqual(vectors.map((_, index) => index));
    let rest = vectors.map((_, index) => index);
    let at = 0;
    while (rest.length > 0) {
      const front = paretoFront(rest.map((index) => vectors[index]!)).map((place) => rest[place]!);
      expect(new Set(order.slice(at, at + front.length))).toEqual(new Set(front));
      at += front.length;
      rest = rest.filter((index) => !front.includes(index));
    }
    expect(new Set(orderByDominance(vectors, 5).slice(0, 5)).size).toBe(5);
  });

  it('begins a front with its ends and puts what is no number last', () => {
    const order = dominanceOrder([
      [NaN, 0],
      [2, 2],
      [0, 4],
      [1.9, 2.1],
      [4, 0],
    ]);
    expect(new Set(order.slice(0, 2))).toEqual(new Set([2, 4]));
    expect(order[4]).toBe(0);
  });
});
