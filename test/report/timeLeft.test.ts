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
  test('is what all trainers together need at their present speed', () => {
    const running = [trial({ stepsPerSecond: 20 }), trial({ stepsPerSecond: 40 })];
    expect(trainingTimeLeft({ steps: 600, running, results: [], rungs })).toBeCloseTo(600 / 60, 12);
  });

  test('goes by the last results before a trainer says how fast it is, and those that evaluate count', () => {
    const results = [result(0, { stepsPerSecond: 0 }), result(0), result(1, { stepsPerSecond: 30 })];
    const running = [trial(), trial({ phase: 'evaluate' })];
    expect(trainingTimeLeft({ steps: 600, running, results, rungs })).toBeCloseTo(600 / (2 * 20), 12);
  });

  test('counts the evaluations that are to come, by their share of the last results', () => {
    // 2,000 steps at 10 a second and 50 s of evaluation: a quarter of the training.
    const results = [result(1, { evaluateSeconds: 50 })];
    const running = [trial({ stepsPerSecond: 10 })];
    expect(trainingTimeLeft({ steps: 100, running, results, rungs })).toBeCloseTo(12.5, 12);
  });

  test('goes by the ten last results, not by those of other machines long ago', () => {
    const old = Array.from({ length: 50 }, (_, i) =>
      result(0, { stepsPerSecond: 1, finishedAt: `2025-01-01T00:00:${String(i).padStart(2, '0')}.000Z` }),
    );
    const results = [...Array.from({ length: 10 }, () => result(0)), ...old];
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
