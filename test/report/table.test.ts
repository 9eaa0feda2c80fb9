import { describe, expect, test } from 'vitest';
import {
  progressBar,
  progressLine,
  progressView,
  timeLeft,
  type ProgressStatus,
  type RunningTrial,
} from '../../src/report/progress.js';
import { layoutTable, resultTable, trialTable } from '../../src/report/table.js';
import { renderMarkdown } from '../../src/report/markdown.js';
import { displayWidth } from '../../src/report/text.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { fixtureSnapshot } from './fixture.js';

describe('tables for a terminal', () => {
  test.each([30, 40, 60, 80, 100, 200])('fit into %i columns', (width) => {
    const snapshot = fixtureSnapshot();
    snapshot.trials[4]!.label = '漢字'.repeat(5000);
    snapshot.trials[5]!.label = '\u001b[31m<b>"\n\r\u202e'.repeat(100);
    for (const text of [trialTable(snapshot, snapshot.trials, width), resultTable(snapshot, width)]) {
      // eslint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
      for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  test('say number, schedule, KL with error, ESS, steps paid and state, best first', () => {
    const lines = trialTable(fixtureSnapshot(), fixtureSnapshot().trials, 140).split('\n');
    expect(lines[0]).toMatch(/trial +schedule +KL in nats +ESS +at step +steps paid +state/);
    expect(lines[2]).toMatch(
      /^ ★ 11 .*fourier · matched · sigmoid 1\.05 .* 0\.0467 ± 0\.0039 +0\.912 +3,000 +3,000 +complete$/,
    );
    expect(lines.find((line) => line.includes('standard (baseline)'))).toMatch(/0\.0718 ± 0\.0047/);
    expect(lines.at(-1)).toMatch(/– +– +– +412 +failed: diverged$/);
    expect(lines.at(-2)).toMatch(/same as trial 1$/);
  });

  test('of images have bits per dimension beside the bound, and nothing of ESS anywhere', () => {
    const fixture = fixtureSnapshot();
    const snapshot = {
      ...fixture,
      spec: {
        ...fixture.spec,
        task: { name: 'images', kind: 'dead-leaves', size: 8, channels: 1, exponent: 2, count: 1000 },
        objective: { metric: 'vlb', direction: 'minimize' },
      },
    } satisfies SweepSnapshot;
    const figures = (vlb: number) => ({ vlb, vlbError: 0.1, bpd: vlb / (64 * Math.LN2) + 7 });
    for (const trial of snapshot.trials) {
      trial.rungs.forEach((rung) => (rung.metrics = figures(rung.step / 100 + trial.trial)));
      if (trial.test) trial.test = figures(trial.trial);
    }
    const lines = trialTable(snapshot, snapshot.trials, 140).split('\n');
    expect(lines[0]).toMatch(/trial +schedule +VLB in nats +bits\/dim +at step/);
    for (const text of [
      lines.join('\n'),
      resultTable(snapshot, 140),
      renderMarkdown({ snapshot, versions: {} }),
    ])
      expect(text).not.toMatch(/\bESS\b/);
  });

  test('are aligned: every column begins or ends where its title does', () => {
    const lines = layoutTable(
      [
        { title: 'a', align: 'left', dispensable: 0 },
        { title: 'number', align: 'right', dispensable: 0 },
        { title: 'c', align: 'left', dispensable: 0 },
      ],
      [
        ['漢字', '1', 'x'],
        ['plain', '12345678', 'y'],
      ],
      80,
    );
    const place = (line: string, end: string) => displayWidth(line.slice(0, line.indexOf(end) + end.length));
    expect(place(lines[0]!, 'number')).toBe(place(lines[3]!, '12345678'));
    expect(place(lines[2]!, '1')).toBe(place(lines[3]!, '12345678'));
    expect(place(lines[2]!, 'x')).toBe(place(lines[3]!, 'y'));
  });

  test('of the result has the winner on test data beside all baselines', () => {
    const lines = resultTable(fixtureSnapshot(), 120).split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[2]).toMatch(/^★ fourier · matched .* 0\.0525 ± 0\.0041 +0\.903 +3,000 +complete$/);
    expect(lines.slice(3).every((line) => line.includes('(baseline)'))).toBe(true);
  });

  test('without trials say so', () => expect(trialTable(fixtureSnapshot(), [], 80)).toBe('no trials'));
});

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

  test('knows no time left before the first step, and none beyond the end', () => {
    expect(timeLeft({ ...status, stepsDone: 0 }, now)).toBeUndefined();
    expect(timeLeft({ ...status, stepsDone: 40_000 }, now)).toBe(0);
    expect(timeLeft({ ...status, secondsLeft: 7 }, now)).toBe(7);
  });

  test('a bar grows evenly and keeps its width', () => {
    for (const fraction of [0, 0.01, 0.5, 0.99, 1, 2, NaN])
      expect(progressBar(fraction, 10)).toHaveLength(10);
    expect(progressBar(0.5, 10)).toBe('█████░░░░░');
    expect(progressBar(0.55, 10)).toBe('█████▌░░░░');
  });
});
