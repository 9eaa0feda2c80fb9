import { parseSweepFile } from '../../src/sweep/spec.js';
import { writeSpec, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSpec, TrialRecord } from '../../src/sweep/types.js';

/** A sweep whose trials are one segment each, on a lattice whose data set takes a second. */
export function trivialSweep(
  name: string,
  trials: number,
  concurrency: number,
  sampler = 'random',
): SweepSpec {
  return parseSweepFile(
    `{ name: ${name}, task: { name: phi4, size: 2 }, sampler: { name: ${sampler}, seed: 1 }, pruner: { name: none, rungs: [1] },
       space: { parameters: { cutoffWidth: { type: float, low: 0.1, high: 10, log: true }, kernel: sigmoid, ordering: log-variance } },
       budget: { trials: ${trials}, concurrency: ${concurrency} } }`,
    'bench',
    () => '',
  );
}

/** A store as a sweep leaves it that was broken off after so many trials; a launch of the same sweep goes on from there. */
export async function keepFinishedTrials(store: ObjectStore, spec: SweepSpec, count: number): Promise<void> {
  await writeSpec(store, spec);
  const now = new Date().toISOString();
  const record = (trial: number): TrialRecord => {
    const cutoffWidth = 0.1 * 100 ** ((trial + 0.5) / count);
    return {
      trial,
      origin: 'sampler',
      parameters: { kernel: 'sigmoid', ordering: 'log-variance', cutoffWidth },
      key: `kept-${trial}`,
      label: 'kept',
      family: 'other',
      seed: spec.sampler.seed,
      state: 'complete',
      rungs: [
        {
          rung: 0,
          step: 1,
          metrics: { kl: Math.log(cutoffWidth) ** 2 },
          ...{ trainSeconds: 0, evaluateSeconds: 0, stepsPerSecond: 1, finishedAt: now },
        },
      ],
      failures: [],
      stepsPaid: 1,
      createdAt: now,
      updatedAt: now,
    };
  };
  for (let first = 0; first < count; first += 64) {
    const some = Array.from({ length: Math.min(64, count - first) }, (_, index) => record(first + index));
    await Promise.all(some.map((one) => writeTrial(store, spec.name, one)));
  }
}
