import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import type { ObjectStore } from '../../src/store/types.js';
import { startVersitygw, versitygwOrExplain, type Versitygw } from '../contract/versitygw.js';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../store/proxy.js';
import { fixtureTrainer, TestStack, sweepEnded, until } from './harness.js';

const program = await versitygwOrExplain('sweeps on a store in trouble');

const sweepFile = (name: string) => `
name: ${name}
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space: { parameters: { kernel: sigmoid, ordering: log-variance, cutoffWidth: { type: float, low: 0.3, high: 10, log: true } } }
pruner: { name: none, rungs: [60] }
sampler: { name: random, seed: 3 }
budget: { trials: 1, concurrency: 1 }
train: { checkpointEverySteps: 10, retries: 0 }
`;

describe.skipIf(program === undefined)('training on an S3 store in trouble', () => {
  const kept = mkdtempSync(join(tmpdir(), 'rgsweep-e2e-trouble-'));
  const ledger = join(kept, 'ledger');
  let server: Versitygw;
  let proxy: FaultyProxy;
  let stack: TestStack;
  let store: ObjectStore;
  const before = { ...process.env };

  beforeAll(async () => {
    server = await startVersitygw(program!);
    proxy = await startFaultyProxy(server.endpoint);
    // This process reads past the proxy, the stack works through it.
    Object.assign(process.env, server.environment);
    stack = new TestStack(`s3://${server.bucket}/kept`);
    writeFileSync(ledger, '');
    await stack.start({
      environment: {
        ...server.environment,
        AWS_ENDPOINT_URL_S3: proxy.endpoint,
        RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
        RGSWEEP_TEST_STEP_MILLISECONDS: '150',
        RGSWEEP_TEST_LEDGER: ledger,
      },
    });
    store = await openStore(stack.storeUrl);
  }, 180_000);
  afterAll(async () => {
    await stack?.stop();
    await proxy?.stop();
    await server?.stop();
    rmSync(kept, { recursive: true, force: true });
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });

  const launch = async (name: string) => {
    const launched = await stack.run('launch', stack.writeSweep(name, sweepFile(name)));
    expect(launched.stderr).toBe('');
  };
  const stepsOf = (name: string) =>
    readFileSync(ledger, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${name} `));
  const manifest = (name: string, step: number) =>
    until(
      `checkpoint ${step}`,
      () => store.get(`sweeps/${name}/trials/0000/step-${step}/manifest.json`),
      120,
    );
  const ended = (name: string) => sweepEnded(store, name, 200);

  it('refused writes: training goes on, says what it waits for, and repeats no step once they are taken again', async () => {
    await launch('refused');
    await manifest('refused', 10);
    // As when a key is revoked, or a quota is used up: no try of the store's own can help.
    proxy.fault = (method, path) =>
      method === 'PUT' && path.includes('/step-')
        ? { kind: 'refuse', status: 403, code: 'AccessDenied' }
        : undefined;
    const shown = await until('the reason to be shown', async () => {
      const { stdout } = await stack.run('status', 'refused');
      return stdout.includes('waits: ') ? stdout.replace(/\s+/g, ' ') : undefined;
    });
    expect(shown).toMatch(/waits: .*cannot ?write .*refuses ?the ?credentials/);
    proxy.fault = () => undefined;
    const { trials } = await ended('refused');
    expect(trials[0]).toMatchObject({ state: 'complete', failures: [] });
    expect(trials[0]!.warnings!.map(({ message }) => message).join()).toMatch(
      /waiting for the store: .*refuses the credentials/,
    );
    const steps = stepsOf('refused');
    console.log(
      `store refused for a while: ${steps.length - new Set(steps).size} of ${steps.length} steps repeated`,
    );
    expect(new Set(steps).size).toBe(steps.length);
    const logs = await stack.run('logs', 'refused', '0');
    expect(logs.stdout).toMatch(/waiting for the store/);
    expect(logs.stdout).toMatch(/the store answers again/);
    expect(logs.stdout).toMatch(/trained to step 60/);
    // Secrets stay where they are.
    expect(logs.stdout + shown).not.toContain('rgsweep-secret');
  }, 300_000);

  it('throttled, failing, silent and broken off at every third request: the sweep takes longer, and that is all', async () => {
    const troubles: Fault[] = [
      { kind: 'refuse', status: 503, code: 'SlowDown' },
      { kind: 'refuse', status: 500, code: 'InternalError' },
      { kind: 'reset' },
      { kind: 'loseAnswer' },
      { kind: 'cutBody' },
    ];
    let requests = 0;
    let struck = 0;
    let silent = 0;
    proxy.fault = (method, path) => {
      // The first checkpoint's upload is never answered.
      if (silent === 0 && method === 'PUT' && /step-\d+\/[^/]+\/weights/.test(path)) {
        silent++;
        return { kind: 'stall' };
      }
      return ++requests % 3 === 0 ? troubles[struck++ % troubles.length] : undefined;
    };
    await launch('rough');
    const { trials } = await ended('rough');
    proxy.fault = () => undefined;
    expect(trials[0]).toMatchObject({ state: 'complete', failures: [] });
    const steps = stepsOf('rough');
    console.log(
      `${struck} of ${requests} requests went wrong: ${steps.length - new Set(steps).size} of ${steps.length} steps repeated`,
    );
    expect(struck).toBeGreaterThan(2 * troubles.length);
    expect(silent).toBe(1);
    expect(steps).toHaveLength(60);
    expect(new Set(steps).size).toBe(60);
  }, 300_000);

  it('a damaged and a half-written checkpoint are skipped by name, in the trial’s record and log', async () => {
    await launch('damaged');
    await manifest('damaged', 20);
    await stack.train.kill('SIGKILL');
    const folder = join(server.folder, server.bucket, 'kept/sweeps/damaged/trials/0000');
    const steps = readdirSync(folder)
      .flatMap((name) => (name.startsWith('step-') ? [Number(name.slice(5))] : []))
      .sort((a, b) => b - a);
    const [newest] = steps;
    const attempt = readdirSync(join(folder, `step-${newest}`)).find((name) => name !== 'manifest.json')!;
    writeFileSync(join(folder, `step-${newest}`, attempt, 'weights.json'), '{"step":1,"weights":"flipped"}');
    await store.put('sweeps/damaged/trials/0000/step-55/9-half/weights.json', Buffer.from('{'));
    stack.train.start();
    const { trials } = await ended('damaged');
    const said = trials[0]!.warnings!.map(({ message }) => message);
    expect(said).toEqual([
      expect.stringMatching(/skipped the checkpoint .*trials\/0000\/step-55: it was never finished/),
      expect.stringMatching(new RegExp(`skipped the checkpoint .*step-${newest}: weights.json`)),
    ]);
    expect(trials[0]).toMatchObject({ state: 'complete', failures: [{ kind: 'worker-lost' }] });
    expect((await stack.run('logs', 'damaged', '0')).stdout).toContain(said[0]);
    const shown = await stack.run('show', 'damaged', '0');
    expect(shown.stdout).toContain('worker-lost');
    expect(shown.stdout).toMatch(/step-55/);
  }, 300_000);
});
