import type { SweepSnapshot, TrialRecord } from '../../src/sweep/types.js';
import { fixtureSpec } from './fixture.js';

const steps = fixtureSpec.pruner.rungs;

/** A trial with these KLs (and errors) by rung. */
export function trialOf(
  trial: number,
  values: readonly (number | undefined)[],
  more: Partial<TrialRecord> & { error?: number } = {},
): TrialRecord {
  const { error = 0.004, ...rest } = more;
  return {
    trial,
    origin: 'sampler',
    parameters: { cutoffWidth: 1 },
    key: `${trial}`,
    label: `schedule ${trial}`,
    family: 'component-wise',
    seed: 7,
    state: 'complete',
    rungs: values.flatMap((value, rung) =>
      value === undefined
        ? []
        : [
            {
              rung,
              step: steps[rung]!,
              metrics: { kl: value, ...(error > 0 ? { klError: error } : {}), ess: 1 - value },
              trainSeconds: 1,
              evaluateSeconds: 1,
              stepsPerSecond: 1,
              finishedAt: new Date(Date.UTC(2026, 0, 1, 0, trial, rung)).toISOString(),
            },
          ],
    ),
    failures: [],
    stepsPaid: 3000,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...rest,
  };
}

/** A sweep of the fixture’s spec with these trials. */
export function sweepOf(trials: TrialRecord[], more: Partial<SweepSnapshot> = {}): SweepSnapshot {
  return {
    spec: fixtureSpec,
    state: 'complete',
    startedAt: '2026-01-01T00:00:00.000Z',
    trials,
    curves: new Map(),
    ...more,
  };
}

export const baseline = (trial: number, name: string, values: number[], more: Partial<TrialRecord> = {}) =>
  trialOf(trial, values, { baseline: name, origin: 'baseline', label: name, ...more });
