import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import { readSnapshot } from '../../src/store/records.js';
import { decodeJson } from '../../src/store/json.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { TestStack, trainersBelow, sweepEnded, until } from './harness.js';

/** Real training on wasm, short: two trials at a time, a checkpoint every fifteen steps. */
const sweepFile = (name: string) => `
name: ${name}
task: { name: phi4 }
space:
  parameters:
    basis: fourier
    colour: matched
    kernel: sigmoid
    ordering: log-variance
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true }
pruner: { name: none, rungs: [120] }
sampler: { name: qmc, seed: 3 }
budget: { trials: 1, concurrency: 2 }
baselines: [standard]
defaults: { batchSize: 64 }
train: { checkpointEverySteps: 15, backend: wasm }
evaluation: { samples: 256 }
`;

const stack = new TestStack();
let store: ObjectStore;
beforeAll(async () => {
  await stack.start();
  store = await openStore(stack.storeUrl);
}, 120_000);
afterAll(() => stack.stop());

/** Steps of the whole checkpoints of a trial, ascending, and the step that each one's training went on from. */
const chainOf = async (name: string, trial: number) => {
  const chain = new Map<number, number | undefined>();
  for await (const { key } of store.list(`sweeps/${name}/trials/000${trial}/step-`)) {
    if (!key.endsWith('/manifest.json')) continue;
    const { step, parentStep } = decodeJson((await store.get(key))!.body, key) as {
      step: number;
      parentStep?: number;
    };
    chain.set(step, parentStep);
  }
  return chain;
};

const figures = ({ trials }: SweepSnapshot) =>
  trials.map((trial) => ({
    parameters: trial.parameters,
    validation: trial.rungs.map((rung) => rung.metrics),
    test: trial.test,
  }));
let calm: SweepSnapshot;

const run = async (name: string) => {
  const launched = await stack.run('launch', stack.writeSweep(name, sweepFile(name)));
  expect(launched.stderr).toBe('');
};
const ended = (name: string): Promise<SweepSnapshot> => sweepEnded(store, name, 300);
const checkpointOf = (name: string, trial: number) =>
  until(`a checkpoint of trial ${trial}`, async () => {
    for await (const { key } of store.list(`sweeps/${name}/trials/000${trial}/`))
      if (key.endsWith('/manifest.json')) return key;
    return undefined;
  });

it('a killed sweep ends with the figures of a calm one, to the last bit', async () => {
  await run('calm');
  calm = await ended('calm');

  await run('killed');
  await checkpointOf('killed', 0);
  for (const trainer of trainersBelow(stack.folder)) process.kill(trainer, 'SIGKILL');
  await checkpointOf('killed', 1);
  await stack.train.kill('SIGKILL');
  await until('the trainers to notice', () => trainersBelow(stack.folder).length === 0, 10);
  stack.train.start();
  await until('a trainer to go on', () => trainersBelow(stack.folder).length > 0);
  await stack.server.kill('SIGKILL');
  stack.server.start();
  await stack.connect();
  const killed = await ended('killed');

  expect(killed.trials.flatMap((trial) => trial.failures).length).toBeGreaterThan(0);
  expect(figures(killed)).toEqual(figures(calm));
  expect(figures(calm).every(({ validation }) => Number.isFinite(validation[0]!.kl))).toBe(true);
}, 600_000);

it('a training that cannot fit is told with what it needs and what the device has', async () => {
  await stack.train.kill('SIGTERM');
  const small = stack.worker('train', { environment: { RGSWEEP_DEVICE_MEMORY_MIB: '3' } });
  small.start();
  const file = sweepFile('large')
    .replace('train: {', 'train: { retries: 0,')
    .replace('trials: 1', 'trials: 0');
  expect(await stack.run('launch', stack.writeSweep('large', file))).toMatchObject({ code: 0, stderr: '' });
  const failed = await until('the failure', async () =>
    (await readSnapshot(store, 'large').catch(() => undefined))?.trials.find(
      ({ state }) => state === 'failed',
    ),
  );
  await small.kill('SIGTERM');
  stack.train.start();
  expect(failed.failures).toMatchObject([{ kind: 'out-of-memory', step: 0 }]);
  const both = /out-of-memory.*needs [\d.]+ MiB, wasm has 3\.0 MiB/;
  expect((await stack.run('show', 'large', '0')).stdout).toMatch(both);
  expect((await stack.run('status', 'large')).stdout).toMatch(both);
  // One that fits says it too.
  const whole = (await stack.run('show', 'calm', '0')).stdout;
  expect(whole).toMatch(/memory: about [\d.]+ MiB of tensors in a step; wasm has [\d.]+ (MiB|GiB)/);
}, 300_000);

it('a worker that is asked to end loses no step of real training, and takes less than its notice', async () => {
  await run('preempted');
  let seconds = 0;
  for (const trial of [0, 1]) {
    await checkpointOf('preempted', trial);
    const asked = performance.now();
    await stack.train.kill('SIGTERM');
    seconds = Math.max(seconds, (performance.now() - asked) / 1000);
    expect(trainersBelow(stack.folder)).toEqual([]);
    stack.train.start();
    await until('a trainer to go on', () => trainersBelow(stack.folder).length > 0);
  }
  const preempted = await ended('preempted');
  const failures = preempted.trials.flatMap((trial) => trial.failures);
  expect(failures.length).toBeGreaterThan(0);
  expect(failures.filter(({ kind }) => kind !== 'preempted')).toEqual([]);
  const repeated = preempted.trials.reduce(
    (sum, trial) => sum + trial.stepsPaid - trial.rungs.at(-1)!.step,
    0,
  );
  console.log(
    `SIGTERM: ${failures.length} trainers preempted, ${repeated} of ${2 * 120} steps repeated, ended in ${seconds.toFixed(1)} s of 25 s`,
  );
  expect(repeated).toBe(0);
  expect(seconds).toBeLessThan(25);
  expect(figures(preempted)).toEqual(figures(calm));
  // Each trial ends at step 120 with a checkpoint that went on from another one in an unbroken chain.
  for (const { trial } of preempted.trials)
    expect((await chainOf('preempted', trial)).get(120)).toBeLessThan(120);
}, 300_000);
