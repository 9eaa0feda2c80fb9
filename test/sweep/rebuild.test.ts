import { describe, expect, it } from 'vitest';
import { rebuildMachine } from '../../src/sweep/rebuild.js';
import { chooseRetries, describeRetries, problemOfRetry } from '../../src/sweep/retry.js';
import { initialMachine, nextAction, reduce } from '../../src/sweep/state.js';
import type { SweepAmendment, TrialRecord } from '../../src/sweep/types.js';
import { fixtureSpec } from '../report/fixture.js';
import { recordOf, rungResults } from './records.js';

const spec = { ...fixtureSpec, baselines: [], budget: { trials: 4, concurrency: 2 } };

const record = (trial: number, change: Partial<TrialRecord> = {}, values: number[] = []) =>
  recordOf(trial, { rungs: rungResults(spec.pruner.rungs, values), ...change });
const stamp = (id: number) => ({ id: String(id), at: '2026-01-01T00:00:00.000Z' });

describe('rebuilding a sweep from its store', () => {
  it('applies every amendment, in order', () => {
    const amendments: SweepAmendment[] = [
      { ...stamp(1), kind: 'extend', trials: 3 },
      { ...stamp(2), kind: 'concurrency', concurrency: 7 },
      { ...stamp(3), kind: 'enqueue', parameters: { cutoffWidth: 1 } },
      { ...stamp(4), kind: 'extend', trials: 2 },
      { ...stamp(5), kind: 'concurrency', concurrency: 5 },
      { ...stamp(6), kind: 'enqueue', parameters: { cutoffWidth: 2 } },
    ];
    const machine = rebuildMachine(spec, 2, [], { amendments });
    expect(machine).toMatchObject({ trialBudget: 9, concurrency: 5, stopping: false, status: 'running' });
    expect(machine.enqueued).toEqual([{ cutoffWidth: 1 }, { cutoffWidth: 2 }]);
    expect(nextAction(machine, spec)).toMatchObject({
      kind: 'create',
      source: { from: 'enqueued', parameters: { cutoffWidth: 1 } },
    });
  });

  it('goes on with the enqueued sets that no trial was made of yet, even where making one failed', () => {
    const amendments = [1, 2, 3].map((cutoffWidth): SweepAmendment => ({
      ...stamp(cutoffWidth),
      kind: 'enqueue',
      parameters: { cutoffWidth },
    }));
    const invalid = record(1, { origin: 'enqueued', state: 'failed', invalid: true });
    const records = [record(0), invalid, record(2, { origin: 'enqueued' })];
    const machine = rebuildMachine(spec, 2, records, { amendments });
    expect(machine.enqueued).toEqual([{ cutoffWidth: 3 }]);
  });

  it('an enqueued set that comes while the sampler chooses is not lost', () => {
    let machine = initialMachine(spec, 2);
    const apply = (event: Parameters<typeof reduce>[1]) => (machine = reduce(machine, event, 2));
    expect(nextAction(machine, spec)).toMatchObject({ source: { from: 'sampler' } });
    apply({ type: 'enqueued', parameters: { cutoffWidth: 1 } });
    apply({ type: 'created', trial: 0, family: 'standard' });
    expect(machine.enqueued).toHaveLength(1);
    apply({ type: 'created', trial: 1, family: 'standard', enqueued: true });
    expect(machine.enqueued).toHaveLength(0);
  });

  it('finished, pruned, duplicate, running, tested and failed trials are each what they were', () => {
    const records = [
      record(0, { state: 'complete', test: { kl: 1 } }, [2, 1]),
      record(1, { state: 'pruned' }, [3]),
      record(2, { state: 'complete', equals: 0 }),
      record(3, { state: 'running' }),
      record(4, { state: 'running' }, [5]),
      record(5, { state: 'failed' }, [4]),
    ];
    const rows = rebuildMachine(spec, 2, records).trials;
    expect(rows.map((row) => row.state)).toEqual([
      'complete',
      'paused',
      'complete',
      'waiting',
      // Its next segment was open: it is what goes on first.
      'waiting',
      'failed',
    ]);
    expect(rows.map((row) => row.values)).toEqual([[2, 1], [3], [], [], [5], [4]]);
    expect(rows.map((row) => row.tested === true)).toEqual([true, false, false, false, false, false]);
    expect(rows.every((row) => row.segment === undefined)).toBe(true);
  });

  it('a trial whose record is gone keeps its number, and those after it are kept', () => {
    const rows = rebuildMachine(spec, 2, [
      record(0, { state: 'paused' }, [1]),
      record(3, { state: 'paused' }, [2]),
    ]).trials;
    expect(rows.map((row) => [row.trial, row.state])).toEqual([
      [0, 'paused'],
      [1, 'failed'],
      [2, 'failed'],
      [3, 'paused'],
    ]);
    expect(nextAction({ ...rebuildMachine(spec, 2, [record(3)]), concurrency: 2 }, spec)).toMatchObject({
      kind: 'segment',
      trial: 3,
    });
  });

  it('a maximized metric is compared the other way round', () => {
    const maximize = { ...spec, objective: { metric: 'kl', direction: 'maximize' } } as const;
    expect(rebuildMachine(maximize, 2, [record(0, {}, [2])]).trials[0]!.values).toEqual([-2]);
  });
});

describe('trying failed trials again', () => {
  const records = [
    record(0, { state: 'complete' }, [2, 1]),
    record(1, { state: 'failed' }, [3]),
    record(2, { state: 'failed', invalid: true }),
    record(3, { state: 'failed' }),
  ];
  const machine = rebuildMachine(spec, 2, records);

  it('takes all failed trials or the named ones, from where they were or from zero', () => {
    const states = (retry: Parameters<typeof chooseRetries>[1]) =>
      rebuildMachine(spec, 2, records, { retry }).trials.map((row) => `${row.state} ${row.values.length}`);
    expect(states({ trials: 'all' })).toEqual(['complete 2', 'waiting 1', 'failed 0', 'waiting 0']);
    expect(states({ trials: [1] })).toEqual(['complete 2', 'waiting 1', 'failed 0', 'failed 0']);
    expect(states({ trials: [1], fromScratch: true })[1]).toBe('waiting 0');
  });

  it('refuses trials that there are not, by their numbers', () => {
    expect(problemOfRetry(machine, { trials: 'all' })).toBeUndefined();
    expect(problemOfRetry(machine, { trials: [1, 3] })).toBeUndefined();
    expect(problemOfRetry(machine, { trials: [1, 7, 12] })).toMatch(/no trial 7, 12: .* trials 0 to 3/);
    expect(problemOfRetry({ trials: [] }, { trials: [0] })).toMatch(/no trial 0: the sweep has no trial yet/);
  });

  it('says of each named trial what becomes of it', () => {
    const request = { trials: [0, 1, 2] };
    const said = describeRetries(machine, request, chooseRetries(machine, request));
    expect(said).toMatch(/trial 1 go(es)? on from .* checkpoint/);
    expect(said).toMatch(/trial 0 has not failed: it is complete/);
    expect(said).toMatch(/trial 2 has nothing to train/);
    expect(describeRetries(machine, { trials: [0] }, [])).toMatch(/no failed trial/);
  });
});
