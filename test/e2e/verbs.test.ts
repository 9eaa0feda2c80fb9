import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { layout } from '../../src/store/layout.js';
import { openStore } from '../../src/store/open.js';
import { readSnapshot } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepState } from '../../src/sweep/types.js';
import { uninterrupted } from './fixtureFigures.js';
import { fixtureTrainer, sweepEnded, TestStack, until } from './harness.js';

const steps = 60;
const sweepFile = `
name: moved
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space: { parameters: { kernel: sigmoid, ordering: log-variance, cutoffWidth: { type: float, low: 0.3, high: 10, log: true } } }
pruner: { name: none, rungs: [${steps}] }
sampler: { name: random, seed: 11 }
budget: { trials: 2, concurrency: 2 }
train: { checkpointEverySteps: 10 }
`;

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-e2e-verbs-'));
const storeFolder = join(folder, 'store');
const ledger = join(folder, 'ledger');
const archive = join(folder, 'moved.tar');
const stack = new TestStack(storeFolder);
let store: ObjectStore;
beforeAll(async () => {
  writeFileSync(ledger, '');
  await stack.start({
    environment: {
      RGSWEEP_HOME: join(folder, 'home'),
      RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
      RGSWEEP_TEST_STEP_MILLISECONDS: '200',
      RGSWEEP_TEST_LEDGER: ledger,
    },
  });
  store = await openStore(stack.storeUrl);
}, 120_000);
afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (...args: string[]): Promise<string> => {
  const done = await stack.run(...args);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  return done.stdout;
};
const ended = (name: string, state: SweepState) => sweepEnded(store, name, 200, state);
const stepsOf = (name: string) =>
  readFileSync(ledger, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${name} `));

it('a sweep that was stopped, archived and taken away goes on from its archive, and repeats no step', async () => {
  await run('launch', stack.writeSweep('moved', sweepFile));
  await until('a checkpoint', () => store.get(layout.manifest('moved', 0, 10)));
  await run('stop', 'moved');
  const stopped = await ended('moved', 'stopped');
  expect(stopped.trials.every(({ rungs }) => rungs.length === 0)).toBe(true);
  expect(await run('archive', 'moved', archive)).toMatch(/moved\.tar: 2 trials, 2 checkpoints/);

  // Another place: nothing of it is in the store, and no process remembers it.
  await Promise.all([stack.train.kill('SIGTERM'), stack.control.kill('SIGTERM')]);
  rmSync(join(storeFolder, 'sweeps'), { recursive: true });
  stack.control.start();
  stack.train.start();
  expect((await stack.run('resume', 'moved')).stderr).toMatch(/no sweep called "moved"/);
  expect(await run('import', archive)).toMatch(/moved: 2 trials are in file:/);
  expect((await stack.run('import', archive)).stderr).toMatch(/moved/);
  expect(await run('resume', 'moved')).toMatch(/goes on from file:/);
  const { trials } = await ended('moved', 'complete');

  expect(trials).toHaveLength(2);
  for (const trial of trials) expect(trial.rungs[0]!.metrics.kl).toBe(uninterrupted(trial, steps));
  const made = stepsOf('moved');
  expect(made).toHaveLength(2 * steps);
  expect(new Set(made).size).toBe(made.length);
}, 300_000);

it('clone, logs, evaluate and gc do what they say', async () => {
  expect((await stack.run('clone', 'moved', 'moved')).code).toBe(2);
  expect(await run('clone', 'moved', 'again')).toMatch(/again is launched as moved was/);
  const [again, moved] = [await ended('again', 'complete'), await readSnapshot(store, 'moved')];
  // The same configurations and seeds, trained anew: what is not timing is the same.
  expect(again.trials.map(({ parameters, rungs }) => [parameters, rungs[0]!.metrics])).toEqual(
    moved.trials.map(({ parameters, rungs }) => [parameters, rungs[0]!.metrics]),
  );
  expect(stepsOf('again')).toHaveLength(2 * steps);

  const logs = await run('logs', 'moved', '0');
  expect(logs).toMatch(/training on fixture from step 0 to 60/);
  expect(logs).toMatch(/trained to step 60 in \d/);
  expect(logs).toMatch(/measured on validation data at step 60: kl 0\.\d+/);

  const measured = JSON.parse(await run('evaluate', 'moved/0', '--json')) as Record<string, unknown>;
  expect(measured).toMatchObject({
    sweep: 'moved',
    trial: 0,
    step: steps,
    metrics: moved.trials[0]!.rungs[0]!.metrics,
  });

  // What a killed attempt leaves: files without a manifest.
  const orphan = 'sweeps/moved/trials/0001/step-5/9-killed/weights.json';
  mkdirSync(join(storeFolder, 'datasets', 'nobody'), { recursive: true });
  writeFileSync(join(storeFolder, 'datasets', 'nobody', 'dataset.json'), '{}');
  await store.put(orphan, Buffer.from('half'));
  const plan = await run('gc', '--dry-run', '--older-than-hours', '0');
  expect(plan).toMatch(/orphaned attempt .*step-5/);
  expect(plan).toMatch(/unreferenced data set .*datasets\/nobody/);
  expect(await store.get(orphan)).toBeDefined();
  expect(await run('gc', '--older-than-hours', '0')).toMatch(/deleted \d+/);
  expect(await store.get(orphan)).toBeUndefined();
  expect(await run('gc', '--older-than-hours', '0')).toBe('nothing to delete\n');
  // What is left is whole.
  for (const trial of [0, 1]) expect(await store.get(layout.manifest('moved', trial, steps))).toBeDefined();
}, 300_000);
