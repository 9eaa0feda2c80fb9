import { describe, expect, test } from 'vitest';
import type { SweepView } from '../../src/cli/collect.js';
import { progressOf } from '../../src/cli/progress.js';
import { initialMachine, reduce, type SweepEvent } from '../../src/sweep/state.js';
import type { TrialRecord } from '../../src/sweep/types.js';
import { fixtureSpec } from '../report/fixture.js';

const spec = {
  ...fixtureSpec,
  baselines: ['standard'],
  pruner: { ...fixtureSpec.pruner, rungs: [1000] },
  budget: { ...fixtureSpec.budget, trials: 1 },
};

function machineAfter(events: readonly SweepEvent[]) {
  return events.reduce((machine, event) => reduce(machine, event, 1), initialMachine(spec, 2));
}

/** A baseline and a searched trial, both trained. */
const trained: SweepEvent[] = [0, 1].flatMap((trial): SweepEvent[] => [
  { type: 'created', trial, family: 'standard', ...(trial === 0 ? { baseline: 'standard' } : {}) },
  { type: 'segmentStarted', trial, kind: 'train', rung: 0 },
  { type: 'segmentFinished', trial, rung: 0, value: 0.1 },
]);
const testing = (trial: number): SweepEvent => ({ type: 'segmentStarted', trial, kind: 'test', rung: 0 });

const records: TrialRecord[] = [0, 1].map((trial) => ({
  trial,
  origin: trial === 0 ? 'baseline' : 'sampler',
  parameters: {},
  key: String(trial),
  label: `schedule ${trial}`,
  family: 'standard',
  seed: 1,
  state: 'complete',
  rungs: [
    {
      rung: 0,
      step: 1000,
      metrics: { kl: 0.1 },
      trainSeconds: 60,
      evaluateSeconds: 10,
      stepsPerSecond: 17,
      finishedAt: '2026-01-01T00:01:00.000Z',
    },
  ],
  failures: [],
  stepsPaid: 1000,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:01:00.000Z',
}));

function viewOf(events: readonly SweepEvent[], running: SweepView['running']): SweepView {
  return {
    spec,
    state: 'running',
    open: true,
    machine: machineAfter(events),
    records,
    running,
    startedAt: '2026-01-01T00:00:00.000Z',
  };
}

const measuring = (trial: number, seconds: number): SweepView['running'][number] => ({
  trial,
  purpose: 'test',
  progress: { step: 1000, stepsTrained: 0, toStep: 1000, purpose: 'evaluate', seconds },
});

describe('the last measurements of a sweep', () => {
  test('are counted, with the time that evaluations have taken so far, twice over', () => {
    const first = progressOf(viewOf([...trained, testing(0)], [measuring(0, 5)]));
    // Two of 20 s each, a quarter of one is done, two at a time.
    expect(first.measured).toEqual({ done: 0, of: 2, secondsLeft: (1.75 * 20) / 2 });
    const tested: SweepEvent[] = [...trained, testing(0), { type: 'tested', trial: 0 }];
    expect(progressOf(viewOf([...tested, testing(1)], [measuring(1, 10)])).measured).toMatchObject({
      done: 1,
      of: 2,
    });
    expect(progressOf(viewOf(tested, [])).measured).toMatchObject({ done: 1, of: 2 });
  });

  test('are not spoken of while something is trained, nor once all are done', () => {
    const training = { trial: 1, purpose: 'train' as const };
    expect(progressOf(viewOf([...trained.slice(0, -1), testing(0)], [training])).measured).toBeUndefined();
    expect(progressOf(viewOf(trained, [])).measured).toBeUndefined();
    const all: SweepEvent[] = [0, 1].flatMap((trial) => [testing(trial), { type: 'tested' as const, trial }]);
    expect(progressOf(viewOf([...trained, ...all], [])).measured).toBeUndefined();
  });

  test('that take longer than usual have no time left, rather than none', () => {
    const late = progressOf(viewOf([...trained, testing(0)], [measuring(0, 25)]));
    // Of the one that waits nothing is known either.
    expect(late.measured).toEqual({ done: 0, of: 2 });
    const [running] = late.running;
    expect(running).toMatchObject({ phase: 'test', fraction: 0.99 });
    expect(running!.secondsLeft).toBeUndefined();
  });
});

describe('the steps of a sweep', () => {
  test('that a failed trial does not train any more are not left', () => {
    const events: SweepEvent[] = [
      ...trained.slice(0, 3),
      { type: 'created', trial: 1, family: 'standard' },
      { type: 'segmentStarted', trial: 1, kind: 'train', rung: 0 },
      { type: 'segmentFailed', trial: 1, kind: 'diverged' },
    ];
    expect(progressOf(viewOf(trained, []))).toMatchObject({ stepsDone: 2000, stepsTotal: 2000 });
    expect(progressOf(viewOf(events, []))).toMatchObject({ stepsDone: 1000, stepsTotal: 1000 });
  });

  test('count those of a trial that was stopped, before its trainer speaks again', () => {
    const events: SweepEvent[] = [
      ...trained.slice(0, 3),
      { type: 'created', trial: 1, family: 'standard' },
      { type: 'segmentStarted', trial: 1, kind: 'train', rung: 0 },
    ];
    const failure = { message: 'the worker shut down', step: 700, at: '2026-01-01T00:02:00.000Z' };
    const stopped = (kind: string) => [
      records[0]!,
      { ...records[1]!, rungs: [], failures: [{ ...failure, kind }] } as TrialRecord,
    ];
    const view = viewOf(events, [{ trial: 1, purpose: 'train' }]);
    expect(progressOf({ ...view, records: stopped('preempted') }).stepsDone).toBe(1700);
    // Of a paused sweep, too, where nobody trains.
    expect(progressOf({ ...view, running: [], records: stopped('preempted') }).stepsDone).toBe(1700);
    // How far the checkpoint of a lost one is behind what it said last is not known here.
    expect(progressOf({ ...view, records: stopped('worker-lost') }).stepsDone).toBe(1000);
    // Nobody trains yet, so that nothing is said of the time left.
    expect(progressOf({ ...view, records: stopped('preempted') }).secondsLeft).toBeUndefined();
    const progress = {
      step: 800,
      stepsTrained: 100,
      toStep: 1000,
      purpose: 'train' as const,
      stepsPerSecond: 20,
    };
    const training = { ...view, running: [{ trial: 1, purpose: 'train' as const, progress }] };
    // The baseline took 1,000 steps at 17 a second, and evaluated for 10 s.
    expect(progressOf(training).secondsLeft).toBeCloseTo((200 * (1000 / 17 + 10)) / 1000, 9);
  });
});
