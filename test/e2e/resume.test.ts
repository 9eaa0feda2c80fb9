import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import { readSnapshot } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { fixtureTrainer, TestStack, trainersBelow, sweepEnded, until } from './harness.js';

const sweepFile = (name: string) => `
name: ${name}
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space:
  parameters:
    kernel: sigmoid
    ordering: log-variance
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true }
pruner: { name: asha, reduction: 2, rungs: [20, 40] }
sampler: { name: random, seed: 3 }
budget: { trials: 4, concurrency: 2 }
baselines: [standard]
train: { checkpointEverySteps: 5, retries: 0 }
`;

describe('what a sweep goes on from', () => {
  const kept = mkdtempSync(join(tmpdir(), 'rgsweep-e2e-resume-'));
  const ledgerFile = join(kept, 'ledger');
  const faults = join(kept, 'faults');
  const stack = new TestStack(join(kept, 'store'));
  let store: ObjectStore;
  beforeAll(async () => {
    mkdirSync(faults);
    writeFileSync(ledgerFile, '');
    await stack.start({
      environment: {
        RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
        RGSWEEP_TEST_STEP_MILLISECONDS: '40',
        RGSWEEP_TEST_LEDGER: ledgerFile,
        RGSWEEP_TEST_FAULTS: faults,
      },
    });
    store = await openStore(stack.storeUrl);
  }, 120_000);
  afterAll(async () => {
    await stack.stop();
    rmSync(kept, { recursive: true, force: true });
  });

  const snapshot = (name: string) => readSnapshot(store, name);
  const launch = async (name: string) => {
    const launched = await stack.run('launch', stack.writeSweep(name, sweepFile(name)));
    expect(launched.stderr).toBe('');
  };
  const ended = (name: string) => sweepEnded(store, name, 200);
  /** Every step that any trainer made, in order: `TRIAL STEP`. */
  const stepsOf = (sweep: string) =>
    readFileSync(ledgerFile, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${sweep} `))
      .map((line) => line.slice(sweep.length + 1));
  const repeatedSteps = (sweep: string) => {
    const all = stepsOf(sweep);
    return all.length - new Set(all).size;
  };

  it('the server’s database is deleted mid-sweep: resumed from the store alone, at most one interval a trial is repeated', async () => {
    await launch('vanished');
    await stack.run('enqueue', 'vanished', '--params', '{"cutoffWidth":3}');
    await stack.run('extend', 'vanished', '--trials', '1');
    await until('a trial at a rung and another in training', async () => {
      const { trials } = await snapshot('vanished');
      const reached = trials.some((trial) => trial.rungs.length > 0);
      return reached && trainersBelow(stack.folder).length > 0 && stepsOf('vanished').length > 45;
    });
    const before = (await snapshot('vanished')).trials;
    const running = trainersBelow(stack.folder).length;
    await stack.server.kill('SIGKILL');
    for (const ending of ['', '-shm', '-wal'])
      rmSync(join(stack.folder, `temporal.db${ending}`), { force: true });
    stack.server.start();
    await stack.connect();
    // The server knows nothing of the sweep any more.
    expect((await stack.run('pause', 'vanished')).stderr).toMatch(/no open sweep is called "vanished"/);
    // That may be a server of somebody else's, beside the one where the sweep was at work a moment ago.
    const refused = await stack.run('resume', 'vanished');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/at work on it .* ago.*\n.*--take-over or wait for/);
    const resumed = await stack.run('resume', 'vanished', '--take-over');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(resumed.stdout).toMatch(/goes on from file:/);
    expect((await stack.run('resume', 'vanished')).stdout).toMatch(/running/);
    const { trials } = await ended('vanished');

    expect(trials.filter((trial) => trial.origin !== 'baseline')).toHaveLength(5);
    expect(trials.filter((trial) => trial.origin === 'enqueued').map(({ parameters }) => parameters)).toEqual(
      [expect.objectContaining({ cutoffWidth: 3 })],
    );
    // A segment that had finished is what it was: same figures, same second.
    for (const trial of before)
      for (const rung of trial.rungs) expect(trials[trial.trial]!.rungs[rung.rung]).toEqual(rung);
    const repeated = repeatedSteps('vanished');
    console.log(
      `server database deleted: ${repeated} of ${stepsOf('vanished').length} steps repeated, ${running} trials were running, one interval is 5`,
    );
    expect(repeated).toBeLessThanOrEqual(5 * running);
  }, 300_000);

  it('failed trials go on from their last checkpoint or from zero, in a running and in a finished sweep', async () => {
    const fault = (trial: number, step: number) =>
      writeFileSync(
        join(faults, `${trial}.json`),
        JSON.stringify({ step, kind: 'diverged', message: 'the loss is NaN: by the test' }),
      );
    fault(1, 13);
    fault(2, 17);
    await launch('failing');
    await until('two failures', async () => {
      const { trials } = await snapshot('failing');
      return trials.filter((trial) => trial.state === 'failed').length === 2;
    });
    rmSync(join(faults, '1.json'));
    const refused = await stack.run('resume', 'failing', '--trials', '1,99');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/no trial 99/);
    const running = await stack.run('resume', 'failing', '--trials', '1');
    expect(running.stdout).toMatch(/trial 1 goes on from the last good checkpoint/);
    const finished = (await ended('failing')).trials;
    expect(finished[1]).toMatchObject({ failures: [{ kind: 'diverged', step: 12 }] });
    expect(['complete', 'pruned']).toContain(finished[1]!.state);
    expect(stepsOf('failing').filter((line) => line === '1 10')).toHaveLength(1);
    expect(stepsOf('failing').filter((line) => line === '1 11')).toHaveLength(2);
    const failures = [{ kind: 'diverged', step: 16 }];
    expect(finished[2]).toMatchObject({ state: 'failed', failures, backend: 'fixture' });

    expect((await stack.run('resume', 'failing')).stdout).toMatch(/complete, nothing is left to do/);
    const unknown = await stack.run('resume', 'failing', '--trials', '98', '--from-scratch');
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/no trial 98: the sweep has trials 0 to 4/);
    rmSync(join(faults, '2.json'));
    const again = await stack.run('resume', 'failing', '--failed', '--from-scratch');
    expect(again.stdout).toMatch(/trial 2 goes on from zero/);
    const last = await until('trial 2 to have a result', async () => {
      const trial = (await snapshot('failing')).trials[2]!;
      return trial.rungs.length > 0 ? trial : undefined;
    });
    expect(last.failures).toHaveLength(1);
    expect(stepsOf('failing').filter((line) => line === '2 1')).toHaveLength(2);
    await ended('failing');
    expect((await stack.run('stop', 'failing')).stdout).toMatch(/complete already/);
  }, 300_000);
});
