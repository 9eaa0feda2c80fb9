import { describe, expect, it } from 'vitest';
import { decideNext, rungsOf } from '../../src/pruners/asha.js';
import type { PrunerTrial } from '../../src/pruners/types.js';

function trial(number: number, values: number[], more: Partial<PrunerTrial> = {}): PrunerTrial {
  return { trial: number, values, state: 'paused', ...more };
}
const options = { reduction: 3, rungCount: 3, newTrialsLeft: 10 };

describe('decideNext', () => {
  it('starts new trials until a rung has η results, then promotes the best', () => {
    expect(decideNext([], options)).toEqual({ kind: 'new', firstRung: 0 });
    expect(decideNext([trial(0, [1]), trial(1, [2])], options)).toEqual({ kind: 'new', firstRung: 0 });
    expect(decideNext([trial(0, [1]), trial(1, [2]), trial(2, [0.5])], options)).toEqual({
      kind: 'promote',
      trial: 2,
      rung: 1,
    });
  });

  it('counts a trial that was promoted, or is on its way, in the top of its rung', () => {
    const promoted = [trial(0, [1]), trial(1, [2]), trial(2, [0.5, 0.4])];
    expect(decideNext(promoted, options)).toEqual({ kind: 'new', firstRung: 0 });
    const onItsWay = [trial(0, [1]), trial(1, [2]), trial(2, [0.5], { state: 'running' })];
    expect(decideNext(onItsWay, options)).toEqual({ kind: 'new', firstRung: 0 });
  });

  it('serves the highest rung first', () => {
    const trials = [
      ...[0, 1, 2].map((number) => trial(number, [number / 10, number])),
      ...[3, 4, 5, 6, 7, 8].map((number) => trial(number, [number / 10 - 0.29])),
    ];
    expect(decideNext(trials, options)).toEqual({ kind: 'promote', trial: 0, rung: 2 });
  });

  it('breaks ties by trial number and ranks NaN last', () => {
    const ties = [trial(5, [1]), trial(3, [1]), trial(4, [1])];
    expect(decideNext(ties, options)).toEqual({ kind: 'promote', trial: 3, rung: 1 });
    const broken = [trial(0, [NaN]), trial(1, [9]), trial(2, [NaN])];
    expect(decideNext(broken, options)).toEqual({ kind: 'promote', trial: 1, rung: 1 });
  });

  it('leaves failed trials out of the ranking and keeps ended ones in it', () => {
    const failed = [trial(0, [0], { state: 'failed' }), trial(1, [1]), trial(2, [2])];
    expect(decideNext(failed, options)).toEqual({ kind: 'new', firstRung: 0 });
    const ended = [trial(0, [0], { state: 'pruned' }), trial(1, [1]), trial(2, [2])];
    expect(decideNext(ended, options)).toEqual({ kind: 'new', firstRung: 0 });
    const six = [...ended, trial(3, [3]), trial(4, [4]), trial(5, [5])];
    expect(decideNext(six, options)).toEqual({ kind: 'promote', trial: 1, rung: 1 });
  });

  it('has nothing to do when the trials are spent and none can be promoted', () => {
    expect(decideNext([trial(0, [1])], { ...options, newTrialsLeft: 0 })).toBeUndefined();
    const one = { reduction: 3, rungCount: 1, newTrialsLeft: 0 };
    expect(decideNext([trial(0, [1]), trial(1, [1]), trial(2, [1])], one)).toBeUndefined();
    expect(decideNext([trial(0, [1])], { ...one, newTrialsLeft: 1 })).toEqual({ kind: 'new', firstRung: 0 });
  });

  it('promotes exactly ⌊n/η⌋ of every rung when run to the end, one worker', () => {
    const rungCount = 4;
    const trials: (PrunerTrial & { values: number[] })[] = [];
    const total = 100;
    for (;;) {
      const next = decideNext(trials, { reduction: 3, rungCount, newTrialsLeft: total - trials.length });
      if (!next) break;
      if (next.kind === 'new') {
        const number = trials.length;
        trials.push({ ...trial(number, []), values: [((number * 37) % 101) / 101] });
      } else trials[next.trial]!.values.push(trials[next.trial]!.values[0]!);
    }
    const reached = [0, 1, 2, 3].map((rung) => trials.filter((one) => one.values.length > rung).length);
    // Early promotions were made on fewer results, so a rung may hold more than its final share, never fewer.
    expect(reached[0]).toBe(total);
    for (let rung = 1; rung < rungCount; rung++)
      expect(reached[rung]!).toBeGreaterThanOrEqual(Math.floor(reached[rung - 1]! / 3));
    const best = [...trials].sort((a, b) => a.values[0]! - b.values[0]!)[0]!;
    expect(best.values).toHaveLength(rungCount);
  });

  it('decides among 10,000 trials fast enough to be called for every free slot', () => {
    const many = Array.from({ length: 10_000 }, (_, number) =>
      trial(number, [((number * 7919) % 10007) / 10007]),
    );
    const start = process.cpuUsage();
    for (let call = 0; call < 100; call++) decideNext(many, { ...options, rungCount: 6 });
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 100).toBeLessThan(20_000);
  });
});

describe('rungsOf', () => {
  it('multiplies integers, so no rung is lost to a logarithm', () => {
    expect(rungsOf(1, 243, 3)).toEqual([1, 3, 9, 27, 81, 243]);
    expect(rungsOf(1000, 9000, 3)).toEqual([1000, 3000, 9000]);
    expect(rungsOf(5, 5, 2)).toEqual([5]);
    expect(rungsOf(1, 100, 3)).toEqual([1, 3, 9, 27, 81, 100]);
  });

  it('refuses what is no integer or out of order', () => {
    expect(() => rungsOf(0, 9, 3)).toThrow('min is 0');
    expect(() => rungsOf(4, 3, 3)).toThrow('max is 3');
    expect(() => rungsOf(1, 9, 1)).toThrow('reduction is 1');
    expect(() => rungsOf(1, 9.5, 3)).toThrow('max is 9.5');
  });
});
