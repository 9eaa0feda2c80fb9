import { describe, expect, test } from 'vitest';
import type { RunningTrial } from '../../src/report/progressStatus.js';
import { trainingTimeLeft } from '../../src/report/timeLeft.js';
import type { RungResult } from '../../src/sweep/types.js';

const rungs = [1000, 3000];
const result = (rung: number, more: Partial<RungResult> = {}): RungResult => ({
  rung,
  step: rungs[rung]!,
  metrics: {},
  trainSeconds: 1,
  evaluateSeconds: 0,
  stepsPerSecond: 10,
  finishedAt: '2026-01-01T00:00:00.000Z',
  ...more,
});
const trial = (more: Partial<RunningTrial> = {}): RunningTrial => ({
  trial: 0,
  label: '',
  phase: 'train',
  step: 0,
  toStep: 1000,
  ...more,
});

describe('the time left', () => {
  test('is what all trainers together need at their present speed, before the first result', () => {
    const running = [trial({ stepsPerSecond: 20 }), trial({ stepsPerSecond: 40 })];
    expect(trainingTimeLeft({ steps: 600, running, results: [], rungs })).toBeCloseTo(600 / 60, 12);
  });

  test('goes by what a step has cost, with the start of its trainer and its evaluation', () => {
    // 1,000 steps in 100 + 20 s, 2,000 steps in 200 + 30 s: 350 s for 3,000 steps, two at a time.
    const results = [
      result(0, { evaluateSeconds: 20 }),
      result(1, { evaluateSeconds: 30 }),
      result(0, { stepsPerSecond: 0, evaluateSeconds: 1e6 }),
    ];
    const running = [trial({ stepsPerSecond: 1e6 }), trial({ phase: 'evaluate' })];
    expect(trainingTimeLeft({ steps: 600, running, results, rungs })).toBeCloseTo(
      ((600 / 2) * 350) / 3000,
      9,
    );
  });

  test('goes by the last results, not by those of other machines long ago', () => {
    const old = Array.from({ length: 50 }, (_, i) =>
      result(0, { stepsPerSecond: 1, finishedAt: `2025-01-01T00:00:${String(i).padStart(2, '0')}.000Z` }),
    );
    const results = [...old, ...Array.from({ length: 4 }, () => result(0))];
    expect(trainingTimeLeft({ steps: 100, running: [trial()], results, rungs })).toBeCloseTo(10, 12);
  });

  test('is at least that of the trial furthest from its rung', () => {
    const running = [
      trial({ stepsPerSecond: 10, secondsLeft: 90 }),
      trial({ stepsPerSecond: 10, secondsLeft: 1 }),
      trial({ phase: 'evaluate', secondsLeft: 500 }),
    ];
    expect(trainingTimeLeft({ steps: 910, running, results: [], rungs })).toBe(90);
  });

  test('is not known where nobody works or nobody knows how fast, and nothing where nothing is left', () => {
    expect(trainingTimeLeft({ steps: 100, running: [], results: [result(0)], rungs })).toBeUndefined();
    expect(trainingTimeLeft({ steps: 100, running: [trial()], results: [], rungs })).toBeUndefined();
    expect(trainingTimeLeft({ steps: 0, running: [], results: [], rungs })).toBe(0);
    expect(trainingTimeLeft({ steps: -5, running: [trial()], results: [], rungs })).toBe(0);
  });
});
