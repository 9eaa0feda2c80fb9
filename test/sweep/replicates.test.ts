import { describe, expect, it } from 'vitest';
import { bestSearched, verdict } from '../../src/report/ranking.js';
import { foldReplicates, type ConfigurationRecord } from '../../src/sweep/replicates.js';
import type { SweepSnapshot, TrialRecord } from '../../src/sweep/types.js';
import { rebuildMachine } from '../../src/sweep/rebuild.js';
import { bestTrial } from '../../src/sweep/state.js';
import { recordOf } from './records.js';
import { fixtureSnapshot, fixtureSpec } from '../report/fixture.js';

const rungs = fixtureSpec.pruner.rungs;
const results = (...kl: number[]): TrialRecord['rungs'] =>
  kl.map((value, rung) => ({
    rung,
    step: rungs[rung]!,
    metrics: { kl: value, klError: 0.03, ess: 0.5 },
    trainSeconds: 0,
    evaluateSeconds: 0,
    stepsPerSecond: 0,
    finishedAt: '2026-03-01T09:00:00Z',
  }));

function folded(trials: TrialRecord[], replicates = 2): SweepSnapshot {
  return foldReplicates({
    ...fixtureSnapshot(),
    spec: { ...fixtureSpec, replicates, baselines: [] },
    trials,
  });
}
const seed = (trial: number, of: number, kl: number[], change: Partial<TrialRecord> = {}): TrialRecord =>
  recordOf(trial, {
    origin: 'replicate',
    replicateOf: of,
    state: 'complete',
    rungs: results(...kl),
    ...change,
  });
const leader = (trial: number, kl: number[], change: Partial<TrialRecord> = {}): TrialRecord =>
  recordOf(trial, { state: 'complete', rungs: results(...kl), stepsPaid: 10, ...change });

describe('seeds of one configuration as one', () => {
  it('have the mean, with e² = s²/k + ē²', () => {
    const [one] = folded(
      [leader(0, [1, 0.4]), seed(1, 0, [1.2, 0.5], { stepsPaid: 7 }), seed(2, 0, [1.4, 0.9])],
      3,
    ).trials;
    // Values 0.4, 0.5, 0.9: mean 0.6, sample variance 0.07; each measured to ± 0.03.
    expect(one!.rungs[1]!.metrics['kl']).toBeCloseTo(0.6, 12);
    expect(one!.rungs[1]!.metrics['klError']).toBeCloseTo(Math.sqrt(0.07 / 3 + 0.03 ** 2), 12);
    expect(one).toMatchObject({ seeds: 3, stepsPaid: 17 });
  });

  it('count at a rung once all have reached it', () => {
    const [one] = folded([leader(0, [1, 0.4]), seed(1, 0, [1.2])]).trials;
    expect(one!.rungs.map(({ rung }) => rung)).toEqual([0]);
    expect(folded([leader(0, [1, 0.4])]).trials[0]!.rungs).toEqual([]);
  });

  it('that were confirmed have the fresh seeds’ figures alone, and those are the best’s', () => {
    const trials = [
      leader(0, [1, 0.1]),
      seed(1, 0, [1, 0.1]),
      leader(2, [1, 0.3]),
      seed(3, 2, [1, 0.3]),
      // Lucky: with fresh seeds trial 0 is worse than trial 2 was.
      seed(4, 0, [], { confirms: true, rungs: results(0, 0.5).slice(1), firstRung: 1 }),
      seed(5, 0, [], { confirms: true, rungs: results(0, 0.6).slice(1), firstRung: 1 }),
      seed(6, 2, [], { confirms: true, rungs: results(0, 0.35).slice(1), firstRung: 1 }),
      seed(7, 2, [], { confirms: true, rungs: results(0, 0.37).slice(1), firstRung: 1 }),
    ];
    const snapshot = folded(trials);
    expect(snapshot.trials.map(({ trial }) => trial)).toEqual([0, 2]);
    const [lucky, steady] = snapshot.trials as ConfigurationRecord[];
    expect(lucky).toMatchObject({ confirmed: true, seeds: 2 });
    expect(lucky!.rungs.at(-1)!.metrics['kl']).toBeCloseTo(0.55, 12);
    expect(steady!.rungs.at(-1)!.metrics['kl']).toBeCloseTo(0.36, 12);
    expect(bestSearched(snapshot)!.trial).toBe(2);
    // The machine, which decides what is measured on test data, has the same winner.
    const machine = rebuildMachine(snapshot.spec, 4, trials);
    expect(bestTrial(machine, snapshot.spec.pruner.rungs.length)!.trial).toBe(2);
    // A failed fresh seed fails its configuration.
    const failed = trials.map((one) => (one.trial === 7 ? { ...one, state: 'failed' as const } : one));
    expect(folded(failed).trials.map(({ state }) => state)).toEqual(['complete', 'failed']);
    expect(bestSearched(folded(failed))!.trial).toBe(0);
    // One fresh seed of two is no confirmation yet.
    expect(folded(trials.slice(0, 5)).trials[0]).not.toHaveProperty('confirmed');
  });

  it('fail together: the mean of the others would be that of the lucky ones', () => {
    const snapshot = folded([
      leader(0, [1, 0.1]),
      seed(1, 0, [], { state: 'failed' }),
      leader(2, [1, 0.5]),
      seed(3, 2, [1, 0.5]),
    ]);
    expect(snapshot.trials[0]!.state).toBe('failed');
    expect(bestSearched(snapshot)!.trial).toBe(2);
  });

  it('are a tie with a baseline where the seeds differ by more than the lead', () => {
    const baseline = leader(0, [1, 0.5], { origin: 'baseline', baseline: 'standard' });
    const trials = (a: number, b: number) => [
      baseline,
      seed(1, 0, [1, 0.5], { baseline: 'standard' }),
      leader(2, [1, a]),
      seed(3, 2, [1, b]),
    ];
    expect(verdict(folded(trials(0.2, 0.7)))).toMatch(/are a tie: they differ by 0\.05 ± 0\.25/);
    expect(verdict(folded(trials(0.19, 0.21)))).toMatch(/beats standard diffusion by/);
  });

  it('with one seed each are left as they are', () => {
    const snapshot = fixtureSnapshot();
    expect(foldReplicates(snapshot)).toBe(snapshot);
  });
});
