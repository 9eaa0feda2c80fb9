import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressStatus } from '../../src/report/progressStatus.js';
import { codecKeys, createCodec } from '../../src/temporal/codec.js';
import { versitygwOrExplain } from '../contract/versitygw.js';
import { hasOpenssl } from './certificates.js';
import { uninterrupted } from './fixtureFigures.js';
import { Restartable, until } from './harness.js';
import { NetworkStack, secretWords, steps } from './networkScenario.js';

const program = await versitygwOrExplain('links to server and store');
const runs = program !== undefined && hasOpenssl();
if (!runs) console.log('links to server and store: not run, versitygw and openssl are needed');

/** By default below the silence after which a worker counts as lost (10 s): RGSWEEP_TEST_CUT_SECONDS=30 goes above it. */
const cutSeconds = Number(process.env.RGSWEEP_TEST_CUT_SECONDS ?? 5);

describe.skipIf(!runs)('over mTLS, encrypted, and over links that fail', () => {
  const network = new NetworkStack();
  beforeAll(() => network.start(program!), 180_000);
  afterAll(() => network.stop());

  it('a sweep goes on while the links to server and store are cut, and slow afterwards', async () => {
    const fault = join(network.faults, '0.json');
    writeFileSync(fault, JSON.stringify({ kind: 'crashed', step: 5, message: secretWords.at(-1) }));
    await network.launch('cut');
    await until('steps', () => network.trained().length > 5);
    rmSync(fault);
    // What trainers say by heartbeats is encrypted too, and shown all the same.
    await until('the progress of a trainer', async () => {
      const { code, stdout, stderr } = await network.stack.run('status', 'cut', '--json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { running } = JSON.parse(stdout) as ProgressStatus;
      return running.some(({ loss }) => loss !== undefined);
    });
    const mark = network.trained().length;
    await network.cut(network.toServer, cutSeconds);
    await network.cut(network.toStore, cutSeconds);
    // Trainers have no link: they went on meanwhile.
    expect(network.trained().length).toBeGreaterThan(mark + 20);
    network.toServer.slow(20);
    network.toStore.slow(20);
    const { trials } = await network.ended('cut', 240).catch((error: unknown) => {
      console.log(network.trained().length, network.stack.train.output, network.stack.control.output);
      throw error;
    });
    network.toServer.slow(0);
    network.toStore.slow(0);
    expect(trials).toHaveLength(3);
    for (const trial of trials) {
      expect(trial.state).toBe('complete');
      expect(trial.rungs.map(({ metrics }) => metrics.kl)).toEqual([uninterrupted(trial, steps)]);
      for (const { kind } of trial.failures)
        expect(['worker-lost', 'crashed', 'store-unavailable']).toContain(kind);
    }
    const trained = network.trained();
    console.log(
      `links cut for ${cutSeconds} s each, then slowed by 20 ms a piece: ${trained.length - new Set(trained).size} of ${trained.length} steps repeated`,
    );
  }, 400_000);

  it('the server keeps no plain text', async () => {
    const codec = createCodec(codecKeys({ RGSWEEP_CODEC_KEY: network.codecKey }));
    const { History } = proto.temporal.api.history.v1;
    const seen: string[] = [];
    // This client is on the server's own side: no TLS, no key.
    for await (const { workflowId } of network.stack.client.workflow.list()) {
      const history = await network.stack.client.workflow.getHandle(workflowId).fetchHistory();
      const bytes = Buffer.from(History.encode(History.fromObject(history)).finish());
      for (const word of secretWords) expect(bytes.includes(word), `${word} of ${workflowId}`).toBe(false);
      expect(bytes.includes('encryption-key-id')).toBe(true);
      seen.push(workflowId);
      if (workflowId !== 'cut') continue;
      const input = history.events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads!;
      const [plain] = await codec.decode(input);
      const text = Buffer.from(plain!.data!).toString();
      for (const word of secretWords.slice(0, 3)) expect(text).toContain(word);
    }
    expect(seen).toEqual(expect.arrayContaining(['cut', 'cut/trial-0000']));
  }, 60_000);

  it('refuses a client and a worker without the certificate, or with a stranger’s', async () => {
    const { certificates, stack } = network;
    const attempt = (tls: NodeJS.ProcessEnv, ...args: string[]) => {
      const child = new Restartable(stack.program[0]!, [...stack.program.slice(1), ...args], {
        TEMPORAL_ADDRESS: stack.address,
        RGSWEEP_STORE: stack.storeUrl,
        ...tls,
      });
      child.start();
      return until('it to end', () => (child.process!.exitCode === null ? undefined : child), 60);
    };
    const cases: [NodeJS.ProcessEnv, string[]][] = [
      [network.tls(), ['pause', 'cut']],
      [network.tls(certificates.stranger), ['pause', 'cut']],
      [network.tls(), ['worker', '--role', 'control']],
      // The other way round: a server that our authority has not signed.
      [network.tls(certificates.client, certificates.stranger.certificate), ['pause', 'cut']],
    ];
    const before = network.toServer.refused.length;
    for (const ended of await Promise.all(cases.map(([tls, args]) => attempt(tls, ...args)))) {
      expect(ended.process!.exitCode).toBe(1);
      expect(ended.output).toMatch(/no Temporal server answers at 127\.0\.0\.1:\d+ with TLS/);
      expect(ended.output).toMatch(/TEMPORAL_TLS_CLIENT_CERT_PATH/);
      expect(ended.output).not.toMatch(/^\s+at /m);
    }
    expect(network.toServer.refused.length).toBeGreaterThan(before + 2);
    const half = { ...network.tls(certificates.client), TEMPORAL_TLS_CLIENT_KEY_PATH: undefined };
    expect((await attempt(half, 'pause', 'cut')).output).toMatch(/TEMPORAL_TLS_CLIENT_KEY_PATH is missing/);
    const known = await stack.run('pause', 'cut');
    expect(known.stderr).toMatch(/no open sweep is called "cut"/);
  }, 120_000);
});
