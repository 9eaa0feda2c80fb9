import { afterAll, beforeAll, expect, it } from 'vitest';
import { presets } from '../../src/schedule/presets.js';
import { openStore } from '../../src/store/open.js';
import type { ObjectStore } from '../../src/store/types.js';
import { TestStack, sweepEnded } from '../e2e/harness.js';

const names = Object.keys(presets);
const steps = 4;
/** Real trainers, as little as can be: what is asked is whether each named schedule goes all the way. Minutes: 42 processes. */
const sweepFile = `
name: presets
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space: { parameters: { cutoffWidth: { type: float, low: 0.3, high: 3 } } }
# A bound: the flow through hard windows does not converge in as many steps as a measurement takes, so that there is no kl.
objective: { metric: vlb, direction: minimize }
pruner: { name: none, rungs: [${steps}] }
sampler: { name: random, seed: 3 }
budget: { trials: 1, concurrency: 2 }
baselines: [${names.join(', ')}]
defaults: { batchSize: 16, channels: 4 }
train: { checkpointEverySteps: 100, retries: 0 }
evaluation: { samples: 256 }
`;

const stack = new TestStack();
let store: ObjectStore;
beforeAll(async () => {
  await stack.start();
  store = await openStore(stack.storeUrl);
}, 120_000);
afterAll(() => stack.stop());

it('every named schedule is launched by its name, trained and measured, as a trial of a real sweep', async () => {
  const launched = await stack.run('launch', stack.writeSweep('presets', sweepFile));
  expect(launched).toMatchObject({ code: 0, stderr: '' });
  const { trials } = await sweepEnded(store, 'presets', 500);
  expect(trials.flatMap(({ failures }) => failures)).toEqual([]);
  expect(trials.flatMap(({ baseline }) => baseline ?? [])).toEqual(names);
  for (const trial of trials) {
    expect([trial.baseline, trial.state]).toEqual([trial.baseline, 'complete']);
    const trained = trials[trial.equals ?? trial.trial]!;
    expect(trained.rungs).toMatchObject([{ step: steps }]);
    expect([trial.baseline, Number.isFinite(trained.rungs[0]!.metrics.vlb)]).toEqual([trial.baseline, true]);
  }
  // No two of them are one noise path under two names.
  expect(trials.filter(({ baseline, equals }) => baseline && equals !== undefined)).toEqual([]);
}, 600_000);
