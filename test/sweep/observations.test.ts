import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recentSweeps } from '../../activities/recentSweeps.js';
import { observationsOf, type SeenRows } from '../../src/sweep/observations.js';
import type { TrialRow } from '../../src/sweep/rows.js';
import type { TrialState } from '../../src/sweep/types.js';
import { specOf } from './play.js';

const states: TrialState[] = ['waiting', 'running', 'paused', 'complete', 'pruned', 'failed'];

/** A row as it may be at any time: a baseline, a twin of an earlier one, another seed, or a searched one. */
const rowAt = (trial: number) =>
  fc
    .record({
      state: fc.constantFrom(...states),
      values: fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 3 }),
      role: fc.constantFrom('searched', 'searched', 'searched', 'baseline', 'twin', 'seed'),
      of: fc.nat(Math.max(0, trial - 1)),
      jobs: fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
    })
    .map(({ state, values, role, of, jobs }): TrialRow => {
      const row: TrialRow = { trial, state, values, family: 'standard', jobs: jobs.sort((a, b) => a - b) };
      if (role === 'baseline') return { ...row, baseline: 'standard' };
      if (role === 'twin' && trial > 0) return { ...row, state: 'complete', values: [], equals: of };
      if (role === 'seed' && trial > 0) return { ...row, replicateOf: of };
      return row;
    });

describe('observations', () => {
  it('are the same with what was made of the rows before', () => {
    fc.assert(
      fc.property(
        fc.tuple(...Array.from({ length: 12 }, (_, trial) => rowAt(trial))),
        fc.array(
          fc.nat(11).chain((trial) => rowAt(trial)),
          { maxLength: 20 },
        ),
        fc.constantFrom(1, 2),
        fc.option(fc.nat(20), { nil: undefined }),
        (first, later, replicates, visible) => {
          const spec = specOf({ replicates });
          const seen: SeenRows = new WeakMap();
          const parameters = (trial: number) => (trial === 7 ? undefined : { number: trial });
          let rows: TrialRow[] = first;
          for (const changed of [undefined, ...later]) {
            if (changed) rows = rows.map((row) => (row.trial === changed.trial ? changed : row));
            const anew = observationsOf(spec, rows, parameters, visible);
            expect(observationsOf(spec, rows, parameters, visible, seen)).toEqual(anew);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('of settled trials are not made again', () => {
    const spec = specOf({});
    const seen: SeenRows = new WeakMap();
    const rows: TrialRow[] = [
      { trial: 0, state: 'complete', values: [3, 2, 1], family: 'standard' },
      { trial: 1, state: 'running', values: [4], family: 'standard' },
    ];
    const parameters = (trial: number) => ({ number: trial });
    const [settled, running] = observationsOf(spec, rows, parameters, undefined, seen);
    const again = observationsOf(spec, rows, parameters, undefined, seen);
    expect(again[0]).toBe(settled);
    expect(again[1]).not.toBe(running);
  });
});

describe('what a process remembers of sweeps', () => {
  it('is that of the sweeps it was last asked about', () => {
    let made = 0;
    const memory = recentSweeps(() => ({ number: made++ }), 2);
    expect(memory('a')).toBe(memory('a'));
    memory('b');
    memory('a');
    memory('c');
    expect(memory('a').number).toBe(0);
    expect(memory('b').number).toBe(3);
  });
});
