import type { RungResult, TrialRecord } from '../../src/sweep/types.js';

/** Results of kl at the first rungs, one for each value. */
export function rungResults(rungs: readonly number[], values: readonly number[]): RungResult[] {
  return values.map((kl, rung) => ({
    rung,
    step: rungs[rung]!,
    metrics: { kl },
    trainSeconds: 0,
    evaluateSeconds: 0,
    stepsPerSecond: 0,
    finishedAt: '',
  }));
}

/** A searched trial's record, without results unless `change` has them. */
export function recordOf(trial: number, change: Partial<TrialRecord> = {}): TrialRecord {
  return {
    trial,
    origin: 'sampler',
    parameters: {},
    key: String(trial),
    label: '',
    family: 'standard',
    seed: 1,
    state: 'waiting',
    rungs: [],
    failures: [],
    stepsPaid: 0,
    createdAt: '',
    updatedAt: '',
    ...change,
  };
}
