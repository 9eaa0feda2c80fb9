import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import { readPrior } from '../../src/store/prior.js';
import { listSweeps } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { fixtureTrainer, TestStack, sweepEnded } from './harness.js';

const sweepFile = (name: string, change: string) => `
name: ${name}
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space:
  parameters:
    kernel: sigmoid
    ordering: log-variance
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true }
    colour: { type: categorical, choices: [white, matched] }
pruner: { name: asha, reduction: 2, rungs: [20, 40] }
budget: { trials: 4, concurrency: 2 }
train: { checkpointEverySteps: 20 }
${change}`;

const storeFolder = mkdtempSync(join(tmpdir(), 'rgsweep-e2e-store-'));
const stack = new TestStack(storeFolder);
let store: ObjectStore;
beforeAll(async () => {
  await stack.start({
    environment: { RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]) },
  });
  store = await openStore(stack.storeUrl);
}, 120_000);
afterAll(async () => {
  await stack.stop();
  rmSync(storeFolder, { recursive: true, force: true });
});

const ended = (name: string) => sweepEnded(store, name, 200);

it('a sweep starts from what another one found, on a real server', async () => {
  const second = stack.writeSweep('second', sweepFile('second', 'warmStart: first\nbaselines: [standard]'));
  // Nothing to start from yet: refused by name before anything is started or kept.
  const early = await stack.run('launch', second);
  expect(early.code).toBe(2);
  expect(early.stderr).toMatch(/warmStart\.0: .* has no sweep called "first"/);
  expect(await listSweeps(store)).toEqual([]);

  const first = stack.writeSweep('first', sweepFile('first', 'sampler: { name: random, seed: 3 }'));
  expect((await stack.run('launch', first)).code).toBe(0);
  await ended('first');
  expect((await stack.run('launch', second)).code).toBe(0);
  const found = await ended('second');
  // The earlier trials count in no budget: four searched trials of its own.
  expect(found.trials.filter(({ origin }) => origin === 'sampler')).toHaveLength(4);
  expect(found.trials.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(found.prior).toMatchObject([{ sweep: 'first', sameTask: true, taken: 4, outside: 0 }]);
  expect((await readPrior(store, 'second'))!.observations.map(({ prior }) => prior)).toEqual(
    Array(4).fill('first'),
  );
  const report = join(stack.folder, 'second.md');
  expect((await stack.run('report', 'second', '--format', 'md', '--out', report)).code).toBe(0);
  expect(readFileSync(report, 'utf8')).toMatch(/\*\*warm start\*\*: 4 of 4 trials of first/);
}, 300_000);
