import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  baselineTrials,
  bestSearched,
  commonSource,
  compareTrials,
  standings,
  verdict,
} from '../../src/report/ranking.js';
import { unsettled } from '../../src/report/unsettled.js';
import type { TrialRecord, TrialState } from '../../src/sweep/types.js';
import { fixtureSpec } from './fixture.js';
import { baseline, sweepOf, trialOf } from './trials.js';

describe('the best searched trial', () => {
  test('is judged at the highest rung: a lower value at a lower rung does not count', () => {
    const sweep = sweepOf([trialOf(0, [0.01]), trialOf(1, [0.2, 0.09]), trialOf(2, [0.1, 0.08])]);
    expect(bestSearched(sweep)?.trial).toBe(2);
  });

  test('is no baseline, no failed trial, no repeated one, and has a finite value', () => {
    const sweep = sweepOf([
      baseline(0, 'standard', [0.01, 0.01]),
      trialOf(1, [0.1, 0.02], { state: 'failed' }),
      trialOf(2, [0.1, 0.02], { equals: 0 }),
      trialOf(3, [0.1, NaN]),
      trialOf(4, [0.1, Infinity]),
      trialOf(5, [0.1, 0.3]),
    ]);
    expect(bestSearched(sweep)?.trial).toBe(5);
    expect(bestSearched(sweepOf([baseline(0, 'standard', [0.1, 0.1])]))).toBeUndefined();
  });

  test('of a maximized objective is the largest; of equal values the earlier', () => {
    const spec = { ...fixtureSpec, objective: { metric: 'ess', direction: 'maximize' as const } };
    const sweep = sweepOf([trialOf(0, [0.3, 0.3]), trialOf(1, [0.1, 0.1]), trialOf(2, [0.1, 0.1])], { spec });
    expect(bestSearched(sweep)?.trial).toBe(1);
  });
});

describe('comparisons', () => {
  const source = { kind: 'rung', rung: 1, step: 3000 } as const;

  test('combine standard errors, and call a difference below two of them a tie', () => {
    const sweep = sweepOf([
      trialOf(0, [0.1, 0.05], { error: 0.003 }),
      trialOf(1, [0.1, 0.0599], { error: 0.004 }),
      trialOf(2, [0.1, 0.0601], { error: 0.004 }),
    ]);
    const [a, near, far] = sweep.trials as [TrialRecord, TrialRecord, TrialRecord];
    const tie = compareTrials(sweep, a, near, source)!;
    expect(tie.error).toBeCloseTo(0.005, 12);
    expect(tie.difference).toBeCloseTo(0.0099, 12);
    expect(tie.outcome).toBe('tie');
    expect(compareTrials(sweep, a, far, source)!.outcome).toBe('better');
    expect(compareTrials(sweep, far, a, source)!.outcome).toBe('worse');
  });

  test('without an error say that it is not known', () => {
    const sweep = sweepOf([trialOf(0, [0.1, 0.05], { error: 0 }), trialOf(1, [0.1, 0.5])]);
    const comparison = compareTrials(sweep, sweep.trials[0]!, sweep.trials[1]!, source)!;
    expect(comparison.outcome).toBe('unknown');
    expect(comparison.error).toBeUndefined();
  });

  test('pair by pair on test data see a difference that combined errors hide', () => {
    const test = { kl: 0.06, klError: 0.01 };
    const sweep = sweepOf([
      trialOf(0, [0.1, 0.05], { test }),
      baseline(1, 'standard', [0.1, 0.06], { test: { ...test, kl: 0.066 } }),
    ]);
    // What both share scatters widely; their difference is 0.006 with a scatter of 0.02.
    const shared = Array.from({ length: 2000 }, (_, i) => 10 * Math.sin(i * 1.7));
    const perConfiguration = new Map([
      [0, shared],
      [1, shared.map((value, i) => value + 0.006 + 0.02 * Math.sin(i * 2.3 + 1))],
    ]);
    expect(standings(sweep)!.rows[0]!.againstStandard!.outcome).toBe('tie');
    const paired = standings(sweep, perConfiguration)!.rows[0]!.againstStandard!;
    expect(paired.method).toBe('pairs');
    expect(paired.outcome).toBe('better');
    expect(paired.difference).toBeCloseTo(0.006, 3);
    expect(paired.error).toBeLessThan(0.001);
  });

  test('errors of pairs come from blocks: a slow drift is not mistaken for many measurements', () => {
    const test = { kl: 0.06, klError: 0.01 };
    const sweep = sweepOf([
      trialOf(0, [0.1, 0.05], { test }),
      baseline(1, 'standard', [0.1, 0.06], { test }),
    ]);
    const drift = Array.from({ length: 4000 }, (_, i) => (Math.floor(i / 500) % 2 === 0 ? 1 : -1));
    const zero = drift.map(() => 0);
    const compared = compareTrials(
      sweep,
      sweep.trials[0]!,
      sweep.trials[1]!,
      { kind: 'test', step: 3000 },
      new Map([
        [0, zero],
        [1, drift],
      ]),
    )!;
    // As 4,000 independent numbers the error would be 1/√4000 = 0.016.
    expect(compared.error).toBeGreaterThan(0.09);
  });

  test('use test data only where winner and standard both have them, else the highest common rung', () => {
    const winner = trialOf(1, [0.1, 0.05], { test: { kl: 0.055, klError: 0.004 } });
    const standard = baseline(0, 'standard', [0.15, 0.07], { test: { kl: 0.075, klError: 0.004 } });
    expect(standings(sweepOf([standard, winner]))!.source).toEqual({ kind: 'test', step: 3000 });
    const behind = baseline(0, 'standard', [0.15]);
    expect(standings(sweepOf([behind, winner]))!.source).toEqual({ kind: 'rung', rung: 0, step: 1000 });
    expect(commonSource(sweepOf([]), [trialOf(0, []), winner])).toBeUndefined();
  });

  test('baselines come in the order of the sweep file', () => {
    const sweep = sweepOf([
      baseline(0, 'matched-noise', [0.1]),
      baseline(1, 'standard-raw', [0.1]),
      baseline(2, 'standard', [0.1]),
    ]);
    expect(baselineTrials(sweep).map((trial) => trial.baseline)).toEqual([
      'standard-raw',
      'standard',
      'matched-noise',
    ]);
  });
});

describe('the verdict', () => {
  test('names winner, difference, error and where it was measured', () => {
    const sweep = sweepOf([
      baseline(0, 'standard', [0.15, 0.08], { test: { kl: 0.08, klError: 0.004 } }),
      baseline(1, 'matched-noise', [0.3, 0.15], { test: { kl: 0.152, klError: 0.006 } }),
      trialOf(2, [0.1, 0.05], { test: { kl: 0.06, klError: 0.003 } }),
    ]);
    expect(verdict(sweep)).toBe(
      'Trial 2 (schedule 2) beats standard diffusion by 0.0200 ± 0.0050 nats (KL 0.0600 ± 0.0030 against 0.0800 ± 0.0040, on test data after 3,000 steps).',
    );
  });

  test('calls a tie a tie, with standard and with other baselines', () => {
    const near = sweepOf([baseline(0, 'standard', [0.1, 0.055]), trialOf(1, [0.1, 0.05])]);
    expect(verdict(near)).toMatch(
      /^Trial 1 .* and standard diffusion are a tie: they differ by 0\.0050 ± 0\.0057 nats/,
    );
    const both = sweepOf([
      baseline(0, 'standard', [0.1, 0.1]),
      baseline(1, 'matched-noise', [0.1, 0.052]),
      trialOf(2, [0.1, 0.05]),
    ]);
    expect(verdict(both)).toMatch(
      /beats standard diffusion by .*; trial \d+ ties with the baseline matched-noise\.$/,
    );
    const names = ['matched-noise', 'gud-soft', 'vp-cosine'];
    const many = sweepOf([
      baseline(0, 'standard', [0.1, 0.1]),
      ...names.map((name, index) => baseline(index + 1, name, [0.1, 0.052 + 1e-4 * index])),
      trialOf(4, [0.1, 0.05]),
    ]);
    expect(verdict(many)).toMatch(
      /; trial \d+ ties with the baselines matched-noise, gud-soft and vp-cosine\.$/,
    );
  });

  test('lets a baseline win', () => {
    const standard = sweepOf([baseline(0, 'standard', [0.1, 0.05]), trialOf(1, [0.1, 0.09])]);
    expect(verdict(standard)).toMatch(
      /^Standard diffusion won: the best schedule of the search, trial 1 \(schedule 1\), is 0\.0400 ± 0\.0057 nats behind/,
    );
    const other = sweepOf([
      baseline(0, 'standard', [0.1, 0.08]),
      baseline(1, 'matched-noise', [0.1, 0.03]),
      trialOf(2, [0.1, 0.09]),
    ]);
    expect(verdict(other)).toMatch(
      /^The baseline matched-noise won: .*; matched-noise beats standard diffusion by 0\.0500 ± 0\.0057 nats\.$/,
    );
  });

  test('speaks of a running sweep as it stands, and of one without results', () => {
    const running = { state: 'running' as const };
    expect(verdict(sweepOf([], running))).toMatch(/^No trial has reached the first rung \(1,000 steps\) yet/);
    expect(verdict(sweepOf([baseline(0, 'standard', [0.1])], running))).toMatch(
      /^No searched trial has a result yet; of the baselines standard diffusion leads with KL 0\.1000 ± 0\.0040 nats on validation data after 1,000 steps\.$/,
    );
    expect(verdict(sweepOf([baseline(0, 'standard', [0.1]), trialOf(1, [0.05])], running))).toMatch(
      /^So far, trial 1/,
    );
    expect(verdict(sweepOf([trialOf(0, [0.1, 0.05])]))).toMatch(
      /no result of standard diffusion to compare it with\.$/,
    );
    const failed = (trial: number) =>
      trialOf(trial, [], {
        state: 'failed',
        failures: [{ kind: 'diverged', message: 'the loss is NaN', step: 3, at: '2026-01-01T00:00:00.000Z' }],
      });
    expect(verdict(sweepOf([failed(0), failed(1)]))).toBe(
      'There is no answer: all 2 trials failed, most often because of “diverged” (2).',
    );
  });

  test('of a maximized objective has the same sense', () => {
    const spec = { ...fixtureSpec, objective: { metric: 'ess', direction: 'maximize' as const } };
    const sweep = sweepOf([baseline(0, 'standard', [0.3, 0.2]), trialOf(1, [0.3, 0.1])], { spec });
    expect(verdict(sweep)).toMatch(/^Trial 1 .* is ahead of standard diffusion by 0\.100 .*no error known/);
  });

  test('is one sentence without holes for any sweep', () => {
    const value = fc.oneof(fc.double({ min: -1, max: 40 }), fc.constantFrom(NaN, Infinity, 0, 0.05));
    const anyTrial = fc.record({
      values: fc.array(value, { maxLength: 2 }),
      test: fc.option(fc.record({ kl: value, klError: value }), { nil: undefined }),
      state: fc.constantFrom<TrialState>('waiting', 'running', 'paused', 'complete', 'pruned', 'failed'),
      baseline: fc.constantFrom(undefined, undefined, 'standard', 'matched-noise', '<b>"&'),
      equals: fc.constantFrom(undefined, undefined, undefined, 0),
      error: fc.constantFrom(0, 0.004, 3),
    });
    fc.assert(
      fc.property(
        fc.array(anyTrial, { maxLength: 8 }),
        fc.constantFrom('running' as const, 'complete' as const, 'stopped' as const),
        fc.constantFrom('minimize' as const, 'maximize' as const),
        (list, state, direction) => {
          const trials = list.map(({ values, ...more }, trial) =>
            trialOf(trial, values, JSON.parse(JSON.stringify(more)) as Partial<TrialRecord>),
          );
          const sweep = sweepOf(trials, {
            state,
            spec: { ...fixtureSpec, objective: { metric: 'kl', direction } },
          });
          for (const text of [verdict(sweep), ...unsettled(sweep)]) {
            expect(text).toMatch(/^[A-Z0-9].*[.!]$/s);
            expect(text).not.toMatch(/NaN|undefined|null|\n/);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
