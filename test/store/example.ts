import type { SweepSpec, TrialRecord } from '../../src/sweep/types.js';

export function exampleSpec(name: string): SweepSpec {
  return {
    name,
    task: { name: 'phi4', size: 6, mass2: -4, coupling: 6.975 },
    space: { parameters: [{ name: 'width', type: 'float', low: 0.1, high: 2, log: true }] },
    objective: { metric: 'kl', direction: 'minimize' },
    sampler: { name: 'tpe', seed: 7 },
    pruner: { name: 'asha', reduction: 3, rungs: [1000, 3000] },
    budget: { trials: 12, concurrency: 2 },
    baselines: ['standard'],
    defaults: { basis: 'fourier' },
    checkpointEverySteps: 500,
    evaluation: { samples: 100 },
    backend: 'auto',
    retries: 3,
  };
}

export function exampleTrial(trial: number): TrialRecord {
  return {
    trial,
    origin: 'sampler',
    parameters: { basis: 'fourier', width: 0.1 + trial / 3, white: false },
    key: `key-${trial}`,
    label: `fourier · φ ${trial}`,
    family: 'component-wise',
    seed: 7,
    state: 'paused',
    rungs: [
      {
        rung: 0,
        step: 1000,
        metrics: { kl: 0.1 + 1e-17 * trial, ess: NaN, nll: -Infinity, zero: -0 },
        trainSeconds: 1,
        evaluateSeconds: 2,
        stepsPerSecond: 1000,
        finishedAt: '2026-01-01T00:00:00.000Z',
      },
    ],
    failures: [],
    stepsPaid: 1000,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
  };
}
