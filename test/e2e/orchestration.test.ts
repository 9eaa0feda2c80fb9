import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets } from '../../src/schedule/presets.js';
import { openStore } from '../../src/store/open.js';
import { readSnapshot } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepMachine } from '../../src/sweep/state.js';
import type { TrialRecord } from '../../src/sweep/types.js';
import { uninterrupted } from './fixtureFigures.js';
import { fixtureTrainer, TestStack, trainersBelow, until } from './harness.js';

/** A 2×2 lattice: its data set takes seconds, and the fixture trainer does not look at it. */
const sweepFile = (name: string, change = '') => `
name: ${name}
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space:
  parameters:
    kernel: sigmoid
    ordering: log-variance
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true }
    colour: { type: categorical, choices: [white, matched] }
pruner: { name: asha, reduction: 2, rungs: [20, 40] }
sampler: { name: random, seed: 3 }
budget: { trials: 6, concurrency: 2 }
baselines: [standard]
train: { checkpointEverySteps: 5 }
${change}`;

const slow = {
  RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
  RGSWEEP_TEST_STEP_MILLISECONDS: '40',
};

/** Every trial ended, the budget is exact, and each figure is that of a run that nothing happened to. */
function expectWholeSweep(trials: TrialRecord[]): void {
  expect(trials.map((trial) => trial.trial)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(trials.filter((trial) => trial.origin === 'sampler')).toHaveLength(6);
  for (const trial of trials) {
    expect(['complete', 'pruned']).toContain(trial.state);
    for (const rung of trial.rungs) expect(rung.metrics.kl).toBe(uninterrupted(trial, rung.step));
  }
}

describe('a sweep on a real server, with a trainer whose every step is known', () => {
  const storeFolder = mkdtempSync(join(tmpdir(), 'rgsweep-e2e-store-'));
  const stack = new TestStack(storeFolder);
  let store: ObjectStore;
  const snapshot = (name: string) => readSnapshot(store, name);

  beforeAll(async () => {
    await stack.start({ environment: slow });
    store = await openStore(stack.storeUrl);
  }, 120_000);
  afterAll(async () => {
    await stack.stop();
    rmSync(storeFolder, { recursive: true, force: true });
  });

  const launch = async (name: string, change = '') => {
    const launched = await stack.run('launch', stack.writeSweep(name, sweepFile(name, change)), '--json');
    expect(launched.stderr).toBe('');
    expect(launched.code).toBe(0);
    return JSON.parse(launched.stdout) as { name: string; existing: boolean; finished: boolean };
  };
  const ended = (name: string, state = 'complete') =>
    until(
      `${name} to be ${state}`,
      async () => {
        const found = await snapshot(name).catch(() => undefined);
        return found?.state === state && found.finishedAt ? found : undefined;
      },
      200,
    );
  const trainerRuns = () =>
    until('a trainer to be busy', async () => {
      const [trainer] = trainersBelow(stack.folder);
      return trainer;
    });

  it('runs to its end, spends its budget exactly, and is attached to when launched again', async () => {
    expect(await launch('calm')).toEqual({ name: 'calm', existing: false, finished: false });
    expect((await launch('calm')).existing).toBe(true);
    const { trials } = await ended('calm');
    expectWholeSweep(trials);
    // Promotions: of six searched trials at the first rung three go on.
    expect(trials.filter((trial) => trial.origin === 'sampler' && trial.rungs.length === 2)).toHaveLength(3);
    // Nothing was paid twice.
    for (const trial of trials) expect(trial.stepsPaid).toBe(trial.rungs.at(-1)!.step);
    expect(trials.filter((trial) => trial.test).map((trial) => trial.baseline ?? trial.origin)).toEqual(
      expect.arrayContaining(['standard', 'sampler']),
    );
    expect(await launch('calm')).toEqual({ name: 'calm', existing: true, finished: true });
    // A trial that goes straight on to its next rung does not wait until its last segment is looked for.
    expect(stack.control.output).not.toContain('closed behind the sweep');
  });

  it('launches every named schedule by its name, and each is trained and measured to its end', async () => {
    const names = Object.keys(presets);
    const text = sweepFile('named')
      .replace('name: asha, reduction: 2, rungs: [20, 40]', 'name: none, rungs: [2]')
      .replace('trials: 6', 'trials: 1')
      .replace('[standard]', `[${names.join(', ')}]`);
    expect(await stack.run('launch', stack.writeSweep('named', text))).toMatchObject({ code: 0, stderr: '' });
    const { trials } = await ended('named');
    expect(trials.flatMap(({ failures }) => failures)).toEqual([]);
    expect(
      trials
        .filter(({ baseline }) => baseline)
        .map(({ baseline, state, equals }) => [baseline, state, equals]),
    ).toEqual(names.map((name) => [name, 'complete', undefined]));
    for (const trial of trials) {
      expect(trial.rungs.map(({ metrics }) => metrics.kl)).toEqual([uninterrupted(trial, 2)]);
      if (trial.baseline) expect(trial.parameters).toMatchObject(presets[trial.baseline]!);
    }
  }, 300_000);

  it('refuses another file under the same name', async () => {
    const file = stack.writeSweep('calm', sweepFile('calm').replace('trials: 6', 'trials: 7'));
    const refused = await stack.run('launch', file);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/"calm".*launched from another file/);
    expect((await snapshot('calm')).spec.budget.trials).toBe(6);
  });

  it('survives kill -9 of a trainer, of both workers and of the server; no trainer outlives its worker', async () => {
    await launch('storm');
    process.kill(await trainerRuns(), 'SIGKILL');
    await until('the crash to be on record', async () =>
      (await snapshot('storm')).trials.some((trial) => trial.failures.some(({ kind }) => kind === 'crashed')),
    );
    await trainerRuns();
    await stack.train.kill('SIGKILL');
    await until('the trainers to notice', () => trainersBelow(stack.folder).length === 0, 10);
    stack.train.start();
    await trainerRuns();
    await stack.control.kill('SIGKILL');
    stack.control.start();
    await until('the control worker to poll', () => stack.control.output.includes('"ready":true'));
    await stack.server.kill('SIGKILL');
    stack.server.start();
    await stack.connect();
    const { trials } = await ended('storm');
    expectWholeSweep(trials);
    const kinds = new Set(trials.flatMap((trial) => trial.failures.map((failure) => failure.kind)));
    expect(kinds).toContain('crashed');
    // At most one checkpoint interval is repeated a kill, and two trainers ran at a time.
    const repeated = trials.reduce((sum, trial) => sum + trial.stepsPaid - trial.rungs.at(-1)!.step, 0);
    expect(repeated).toBeLessThanOrEqual(5 * (1 + 2 + 2));
  }, 300_000);

  it('loses no step when a worker is asked to end', async () => {
    await launch('graceful');
    await trainerRuns();
    await stack.train.kill('SIGTERM');
    expect(trainersBelow(stack.folder)).toEqual([]);
    stack.train.start();
    const { trials } = await ended('graceful');
    expectWholeSweep(trials);
    for (const trial of trials) expect(trial.stepsPaid).toBe(trial.rungs.at(-1)!.step);
  }, 300_000);

  it('pauses at once with --now, resumes, and stops with everything kept', async () => {
    await launch('paused');
    await trainerRuns();
    const paused = await stack.run('pause', 'paused', '--now');
    expect(paused.stdout).toMatch(/paused/);
    await until('the trainers to end', () => trainersBelow(stack.folder).length === 0, 15);
    expect((await snapshot('paused')).state).toBe('paused');
    expect((await stack.run('resume', 'paused')).stdout).toMatch(/running/);
    await trainerRuns();
    expect((await stack.run('stop', 'paused')).code).toBe(0);
    // At once, while trainers write their checkpoints: it waits for the end.
    const soon = await stack.run('resume', 'paused');
    expect(soon).toMatchObject({ code: 0 });
    expect(soon.stdout).toMatch(/goes on from/);
    await trainerRuns();
    expect((await stack.run('stop', 'paused')).code).toBe(0);
    await ended('paused', 'stopped');
    expect(trainersBelow(stack.folder)).toEqual([]);
    // A stopped sweep's workflow has ended: it goes on from the store.
    expect((await stack.run('resume', 'paused')).stdout).toMatch(/goes on from/);
    const { trials } = await ended('paused');
    expectWholeSweep(trials);
    for (const trial of trials) expect(trial.stepsPaid).toBe(trial.rungs.at(-1)!.step);
  }, 300_000);

  it('a pause --now that comes while segments are just being started reaches each of them', async () => {
    const long = sweepFile('early').replace('rungs: [20, 40]', 'rungs: [2000, 4000]');
    expect((await stack.run('launch', stack.writeSweep('early', long))).code).toBe(0);
    const handle = stack.client.workflow.getHandle('early');
    const open = async () =>
      (await handle.query<SweepMachine>('status')).trials.filter(({ segment }) => segment).length;
    // As soon as the sweep has decided to start one: the server may not know of it yet.
    while ((await open()) === 0) await sleep(5);
    await handle.executeUpdate('pause', { args: [{ now: true }] });
    await until('no segment to be open', async () => (await open()) === 0, 30);
    expect((await snapshot('early')).trials.flatMap(({ rungs }) => rungs)).toEqual([]);
    expect((await stack.run('stop', 'early')).code).toBe(0);
    await ended('early', 'stopped');
  }, 120_000);

  it('notices a segment that was terminated behind its back', async () => {
    await launch('terminated');
    await trainerRuns();
    const open = await until('an open segment', async () => {
      for await (const { workflowId } of stack.client.workflow.list({
        query: `WorkflowType = 'trialSegment' AND ExecutionStatus = 'Running'`,
      }))
        if (workflowId.startsWith('terminated/')) return workflowId;
      return undefined;
    });
    await stack.client.workflow.getHandle(open).terminate('by the test');
    const { trials } = await ended('terminated');
    expectWholeSweep(trials);
  }, 300_000);
});
