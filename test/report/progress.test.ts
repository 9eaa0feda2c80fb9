import { describe, expect, test } from 'vitest';
import { progressBar, progressLine, progressView } from '../../src/report/progress.js';
import { remainingWords, type ProgressStatus, type RunningTrial } from '../../src/report/progressStatus.js';
import { displayWidth } from '../../src/report/text.js';

const status: ProgressStatus = {
  sweep: 'phi4-quick',
  state: 'running',
  metric: 'kl',
  direction: 'minimize',
  counts: { running: 2, complete: 3, paused: 4, waiting: 0 },
  running: [
    {
      trial: 9,
      label: 'fourier · matched',
      phase: 'train',
      step: 500,
      toStep: 1000,
      fraction: 0.5,
      loss: 12.3456,
    },
    { trial: 10, label: 'x'.repeat(10_000), phase: 'evaluate', step: 1000, toStep: 1000 },
  ],
  best: { trial: 7, label: 'fourier · white', value: 0.0712, error: 0.0031, step: 3000 },
  baselines: [{ name: 'standard', value: 0.0801, error: 0.004, step: 3000 }, { name: 'matched-noise' }],
  stepsDone: 10_000,
  stepsTotal: 30_000,
  secondsLeft: 600,
  startedAt: '2026-01-01T00:00:00.000Z',
};
const now = new Date('2026-01-01T00:05:00.000Z');

describe('live progress', () => {
  test('says states, bar, time left, best against baselines, and what runs', () => {
    const text = progressView(status, 100, { now }).join('\n');
    expect(text).toMatch(/33 % {2}10,000 of ~30,000 steps/);
    expect(text).toMatch(/5 min since start · about 10 min left/);
    expect(text).toMatch(/trials: 2 running · 4 at a rung · 3 complete/);
    expect(text).toMatch(/best so far {2}KL 0\.0712 ± 0\.0031 nats {2}trial 7 at 3,000 steps/);
    expect(text).toMatch(/baseline {5}KL 0\.0801 ± 0\.0040 nats {2}standard/);
    expect(text).toMatch(/trial {2}9 {2}██████░░░░░░ 500\/1,000 {2}loss 12\.35/);
    expect(text).toMatch(/trial 10 {2}evaluating {2}at 1,000 steps/);
  });

  test('has a bar and the time left of data, training and evaluation', () => {
    const [training, evaluating] = status.running as [RunningTrial, RunningTrial];
    const text = progressView(
      {
        ...status,
        data: { fraction: 0.6, what: 'hybrid Monte Carlo', secondsLeft: 90 },
        running: [
          { ...training, fraction: 0.5, secondsLeft: 29.2 },
          { ...evaluating, fraction: 0.25, secondsLeft: 12 },
        ],
      },
      100,
      { now },
    ).join('\n');
    expect(text).toMatch(/data {2}█{14}▍░{9} 60 % {2}about 2 min left {2}hybrid Monte Carlo/);
    expect(text).toMatch(/trial {2}9 {2}██████░░░░░░ 500\/1,000 {2}30 s left {2}loss 12\.35/);
    expect(text).toMatch(/trial 10 {2}███░░░░░░░░░ evaluating {2}12 s left {2}at 1,000 steps/);
  });

  test('keeps figures whole where a window is narrow, and fits into a low one', () => {
    const narrow = progressView(status, 40, { now });
    expect(narrow).toContain('best so far  KL 0.0712 ± 0.0031 nats');
    expect(narrow).toContain('  trial 7 at 3,000 steps · fourier · wh…');
    expect(narrow.slice(3, 5)).toEqual(['trials: 2 running · 4 at a rung', '  3 complete']);
    const low = progressView(status, 40, { now, maximumLines: 5 });
    expect(low).toHaveLength(5);
    expect(low.at(-1)).toBe(`… ${narrow.length - 4} lines more in a taller window`);
  });

  test.each([20, 40, 79, 200])('fits into %i columns', (width) => {
    for (const line of progressView(status, width, { now }))
      expect(displayWidth(line)).toBeLessThanOrEqual(width);
  });

  test('is one line where nothing can be redrawn', () => {
    const line = progressLine(status, { now });
    expect(line).not.toContain('\n');
    expect(line).toMatch(/10,000\/30,000 steps; .*best KL 0\.0712 .*standard 0\.0801.*about 10 min left/);
  });

  test('a bar grows evenly and keeps its width', () => {
    for (const fraction of [0, 0.01, 0.5, 0.99, 1, 2, NaN])
      expect(progressBar(fraction, 10)).toHaveLength(10);
    expect(progressBar(0.5, 10)).toBe('█████░░░░░');
    expect(progressBar(0.55, 10)).toBe('█████▌░░░░');
  });

  test('says at the end what goes on instead of a time that has run out', () => {
    const ended = { ...status, stepsDone: 30_000, secondsLeft: 0 };
    const [training, evaluating] = status.running as [RunningTrial, RunningTrial];
    const words = (more: Partial<ProgressStatus>) => remainingWords({ ...ended, ...more });
    expect(words({ running: [training] })).toBe('training more than was estimated');
    expect(words({ running: [evaluating] })).toBe('all is trained, evaluating');
    expect(words({ running: [], measured: { done: 1, of: 4, secondsLeft: 90 } })).toBe(
      'measuring on test data, 1 of 4 done, about 2 min left',
    );
    expect(words({ measured: { done: 3, of: 4, secondsLeft: 0 } })).toBe(
      'measuring on test data, 3 of 4 done',
    );
    expect(words({ secondsLeft: undefined })).toBeUndefined();
    expect(words({ state: 'paused', secondsLeft: 60 })).toBeUndefined();
    for (const text of [...progressView({ ...ended, measured: { done: 1, of: 4 } }, 100, { now })])
      expect(text).not.toContain('0 s left');
    expect(progressLine({ ...ended, measured: { done: 1, of: 4 } }, { now })).toMatch(
      /, measuring on test data, 1 of 4 done$/,
    );
  });
});
