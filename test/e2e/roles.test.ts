import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import type { ObjectStore } from '../../src/store/types.js';
import { controlQueue, trainQueue } from '../../src/sweep/names.js';
import { listPollers } from '../../src/temporal/pollers.js';
import { sweepStatus } from '../../workflows/messages.js';
import { freePort } from '../contract/ports.js';
import { startVersitygw, versitygwOrExplain, type Versitygw } from '../contract/versitygw.js';
import { fakeNvidiaSmi, twoA100, twoIds } from '../worker/fakeNvidiaSmi.js';
import { uninterrupted } from './fixtureFigures.js';
import { fixtureTrainer, Restartable, TestStack, sweepEnded, until } from './harness.js';
import { listeningAddresses } from './listening.js';

const program = await versitygwOrExplain('worker roles over S3');
const steps = 40;
const trialCount = 8;

const sweepFile = (name: string, trials: number, concurrency: number | 'auto', resources: object) => `
name: ${name}
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space: { parameters: { kernel: sigmoid, ordering: log-variance, cutoffWidth: { type: float, low: 0.3, high: 10, log: true } } }
pruner: { name: none, rungs: [${steps}] }
sampler: { name: random, seed: 5 }
budget: { trials: ${trials}, concurrency: ${concurrency} }
train: { checkpointEverySteps: 15 }
resources: ${JSON.stringify(resources)}
`;

describe.skipIf(program === undefined)('workers in separate roles and queues', () => {
  const kept = mkdtempSync(join(tmpdir(), 'rgsweep-roles-'));
  const [ledger, devices] = [join(kept, 'ledger'), join(kept, 'devices')];
  const before = { ...process.env };
  let s3: Versitygw;
  let stack: TestStack;
  let store: ObjectStore;
  let gpu: Restartable;
  let newer: Restartable | undefined;
  const deployment = 'rgsweep-control';

  beforeAll(async () => {
    s3 = await startVersitygw(program!);
    Object.assign(process.env, s3.environment);
    for (const file of [ledger, devices]) writeFileSync(file, '');
    stack = new TestStack(`s3://${s3.bucket}/roles`);
    await stack.start({
      slots: 1,
      environment: {
        ...s3.environment,
        RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
        RGSWEEP_TEST_STEP_MILLISECONDS: '60',
        RGSWEEP_TEST_LEDGER: ledger,
        RGSWEEP_TEST_DEVICES: devices,
      },
    });
    gpu = stack.worker('train', {
      slots: 'auto',
      cache: 'gpu',
      more: ['--queue', 'gpu-a100', '--gpu-memory', '40000'],
      environment: { PATH: fakeNvidiaSmi(join(kept, 'bin'), { query: twoA100 }) },
    });
    gpu.start();
    store = await openStore(stack.storeUrl);
  }, 180_000);
  afterAll(async () => {
    await Promise.all([gpu?.kill('SIGTERM'), newer?.kill('SIGTERM')]);
    await stack?.stop();
    await s3?.stop();
    rmSync(kept, { recursive: true, force: true });
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });

  const launch = async (...sweep: Parameters<typeof sweepFile>) => {
    const launched = await stack.run('launch', stack.writeSweep(sweep[0], sweepFile(...sweep)));
    expect(launched.stderr).toBe('');
  };
  const ended = (name: string) => sweepEnded(store, name, 200);
  const lines = (file: string) => readFileSync(file, 'utf8').trim().split('\n').filter(Boolean);
  const trainedOf = (sweep: string) => lines(ledger).filter((line) => line.startsWith(`${sweep} `));
  const pollers = (queue: string, type: 'workflow' | 'activity') => listPollers(stack.client, queue, type);

  it('a sweep on its GPU class goes on while roles are restarted one by one and a newer build takes over', async () => {
    await until('the GPU worker', async () => (await pollers(trainQueue('gpu-a100'), 'activity')).length > 0);
    await launch('wide', trialCount, 'auto', { queue: 'gpu-a100' });
    // `auto` is what the queue's workers have: two GPUs, not this machine's cores and not the common worker's one slot.
    const handle = stack.client.workflow.getHandle('wide');
    expect((await handle.query(sweepStatus)).concurrency).toBe(2);

    await until(
      'steps of two trials',
      () => new Set(trainedOf('wide').map((line) => line.split(' ')[1])).size > 1,
    );
    await gpu.kill('SIGTERM');
    gpu.start();
    await stack.control.kill('SIGTERM');
    stack.control.start();
    const beforeNewer = trainedOf('wide').length;
    await until('the sweep to go on', () => trainedOf('wide').length > beforeNewer + 5);

    // Paused, it cannot end before the newer build is there, however fast this machine is.
    expect((await stack.run('pause', 'wide')).stderr).toBe('');
    newer = stack.worker('control', { more: ['--deployment', deployment, '--build-id', 'newer'] });
    newer.start();
    // It gets nothing before its version is made the current one.
    const service = stack.client.workflowService;
    await until('the newer build to be known', () =>
      service
        .setWorkerDeploymentCurrentVersion({
          namespace: 'default',
          deploymentName: deployment,
          buildId: 'newer',
          identity: 'test',
        })
        .then(
          () => true,
          () => false,
        ),
    );
    await stack.control.kill('SIGTERM');
    expect((await stack.run('resume', 'wide')).stderr).toBe('');
    const { trials } = await ended('wide');
    const record = await handle.describe();
    expect(record.raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion).toMatchObject({
      deploymentName: deployment,
      buildId: 'newer',
    });

    expect(trials).toHaveLength(trialCount);
    for (const trial of trials) {
      expect(trial.state).toBe('complete');
      expect(trial.rungs.map(({ metrics }) => metrics.kl)).toEqual([uninterrupted(trial, steps)]);
    }
    // SIGTERM of a worker costs no step: each was trained once.
    const trained = trainedOf('wide');
    expect(trained).toHaveLength(trialCount * steps);
    expect(new Set(trained).size).toBe(trained.length);
    console.log(`roles: ${trained.length - new Set(trained).size} of ${trained.length} steps repeated`);
  }, 300_000);

  it('gave each trainer a GPU of its own', () => {
    const holders = new Map<string, number>();
    let most = 0;
    for (const line of lines(devices)) {
      const [what, sweep, device] = line.split(' ') as [string, string, string];
      expect(sweep).toBe('wide');
      expect(twoIds).toContain(device);
      const held = (holders.get(device) ?? 0) + (what === 'begins' ? 1 : -1);
      expect(held).toBeGreaterThanOrEqual(0);
      expect(held).toBeLessThanOrEqual(1);
      holders.set(device, held);
      most = Math.max(
        most,
        [...holders.values()].reduce((a, b) => a + b, 0),
      );
    }
    expect(most).toBe(2);
    expect([...holders.values()]).toEqual([0, 0]);
  });

  it('listens on loopback only: server, workers of every role and the page', async () => {
    const page = new Restartable(
      stack.program[0]!,
      [...stack.program.slice(1), 'ui', '--port', '0', '--json'],
      {
        TEMPORAL_ADDRESS: stack.address,
        RGSWEEP_STORE: stack.storeUrl,
      },
    );
    page.start();
    try {
      await until('the page', () => page.output.includes('127.0.0.1'));
      const parts = { server: stack.server, control: newer!, train: stack.train, gpu, page };
      for (const [name, { process: one }] of Object.entries(parts)) {
        const addresses = listeningAddresses(one!.pid!);
        expect(addresses.length, name).toBeGreaterThan(0);
        for (const address of addresses) expect(address, name).toMatch(/^127\.0\.0\.1:/);
      }
    } finally {
      await page.kill('SIGTERM');
    }
    // The check itself sees a listener on all interfaces.
    const open = createServer().listen(0, '0.0.0.0');
    await once(open, 'listening');
    expect(listeningAddresses(process.pid).some((address) => address.startsWith('0.0.0.0:'))).toBe(true);
    open.close();
  }, 120_000);

  it('answers its probes while it works, and ends by itself when nothing is left, not before', async () => {
    await launch('leftover', 2, 1, { queue: 'short-lived' });
    const port = await freePort();
    const more = ['--queue', 'short-lived', '--exit-when-idle', '5', '--metrics-port', String(port)];
    const shortLived = stack.worker('train', { slots: 1, cache: 'short-lived', more });
    const probe = async (path: string) => {
      const { status } = await fetch(`http://127.0.0.1:${port}${path}`);
      return status;
    };
    shortLived.start();
    await until('its first steps', () => trainedOf('leftover').length > 0);
    expect([await probe('/healthz'), await probe('/readyz')]).toEqual([200, 200]);
    await ended('leftover');
    expect(trainedOf('leftover')).toHaveLength(2 * steps);
    await until('it to end', () => shortLived.process!.exitCode !== null);
    expect(shortLived.process!.exitCode).toBe(0);
    expect(shortLived.output).toMatch(/no task for 5 s: the worker ends/);
    await expect(probe('/healthz')).rejects.toThrow();
  }, 200_000);

  it('shows a cluster to doctor as its workers describe themselves', async () => {
    const doctor = await stack.run('doctor', '--cluster', '--json');
    expect(doctor.stderr).toBe('');
    const { healthy, findings } = JSON.parse(doctor.stdout) as {
      healthy: boolean;
      findings: { what: string; state: string; found: string }[];
    };
    expect(healthy, doctor.stdout).toBe(true);
    const found = Object.fromEntries(findings.map((one) => [one.what, one.found]));
    expect(found).toMatchObject({
      namespace: expect.stringMatching(/^default on Temporal 1\.\d+/) as string,
      'search attributes': 'all are registered',
      control: expect.stringMatching(/worker.* \(0\.1\.0\)/) as string,
      'train queues': expect.stringMatching(/^common: 1 worker \(0\.1\.0\), 1 slot/) as string,
      encryption: expect.stringMatching(/^none/) as string,
      'conditional writes': expect.stringMatching(/^s3:.* writes once/) as string,
    });
    // What workers say of themselves is how doctor and `concurrency: auto` know them.
    const control = await pollers(controlQueue, 'workflow');
    expect(control.map(({ worker }) => worker?.role)).toContain('control');
  }, 60_000);

  it('serves a sweep of priority 1 before what waits of one of priority 5', async () => {
    await launch('patient', 9, 9, { priority: 5 });
    await until('its first trial', () => trainedOf('patient').length > 0);
    // Nobody serves the queue while the other one is launched, so that a slow launch is no race against nine trials.
    await stack.train.kill('SIGTERM');
    await launch('urgent', 2, 2, { priority: 1 });
    stack.train.start();
    await Promise.all([ended('patient'), ended('urgent')]);
    const order = lines(ledger)
      .filter((line) => /^(patient|urgent) .* 1$/.test(line))
      .map((line) => line.split(' ')[0]);
    console.log(`trials in the order of their first step: ${order.join(' ')}`);
    const [first, last] = [order.indexOf('urgent'), order.lastIndexOf('urgent')];
    expect(order).toHaveLength(11);
    // One slot: what of the patient one had it may be measured in between, and what waited comes afterwards.
    expect(order.slice(first, last).filter((name) => name === 'patient').length).toBeLessThan(2);
    expect(order.slice(last + 1).filter((name) => name === 'patient').length).toBeGreaterThan(3);
    // The common worker has no GPU: its trainers see what it sees.
    const common = lines(devices).filter((line) => !line.includes(' wide '));
    expect(new Set(common.map((line) => line.split(' ')[2]))).toEqual(
      new Set([process.env.CUDA_VISIBLE_DEVICES ?? 'undefined']),
    );
  }, 300_000);
});
