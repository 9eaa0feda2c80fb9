/**
 * npm run test:soak [-- -t fixed]; RGSWEEP_SOAK_TRIALS (40), RGSWEEP_SOAK_SEED (1), RGSWEEP_SOAK_PAUSE (3,8: seconds between blows).
 *
 * A calm sweep and the same sweep in a storm that lasts until its end, with real training, on a real Temporal server and a real
 * S3 server. The disk quota is hit in a proxy before that server, which refuses every write for six seconds with the error the
 * server would give. Steps are counted where they are made (trainer.mjs).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { findVersitygw, startVersitygw, type Versitygw } from '../contract/versitygw.js';
import { TestStack, sweepEnded } from '../e2e/harness.js';
import { startFaultyProxy, type FaultyProxy } from '../store/proxy.js';
import { storm } from './storm.js';

const trials = Number(process.env.RGSWEEP_SOAK_TRIALS ?? 40);
const seed = Number(process.env.RGSWEEP_SOAK_SEED ?? 1);
const pause = (process.env.RGSWEEP_SOAK_PAUSE ?? '3,8').split(',').map(Number) as [number, number];
const interval = 10;
const concurrency = 2;
/** A minute a trial on a machine that does much else. */
const seconds = 120 + 60 * trials;

const sweepFile = (name: string, search: string) => `
name: ${name}
task: { name: phi4 }
space:
  parameters:
    basis: fourier
    colour: matched
    kernel: sigmoid
    ordering: log-variance
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true }
${search}
budget: { trials: ${trials}, concurrency: ${concurrency} }
defaults: { batchSize: 32 }
train: { checkpointEverySteps: ${interval}, backend: wasm, heartbeatSeconds: 10, retryFirstSeconds: 0.5, retryLongestSeconds: 4, retries: 20 }
evaluation: { samples: 256 }
`;
const fixed = `
sampler: { name: qmc, seed: 3 }
pruner: { name: none, rungs: [40] }
`;
const reproducible = `
sampler: { name: tpe, seed: 3 }
pruner: { name: asha, reduction: 3, rungs: [20, 40] }
reproducible: true
`;

describe('a storm', () => {
  const kept = mkdtempSync(join(tmpdir(), 'rgsweep-soak-'));
  const ledger = join(kept, 'ledger');
  let gateway: Versitygw;
  let proxy: FaultyProxy;
  let stack: TestStack;
  let store: ObjectStore;

  beforeAll(async () => {
    const found = await findVersitygw();
    if ('missing' in found) throw new Error(`the storm needs versitygw: ${found.missing}`);
    gateway = await startVersitygw(found.path);
    proxy = await startFaultyProxy(gateway.endpoint);
    Object.assign(process.env, gateway.environment, { AWS_ENDPOINT_URL_S3: proxy.endpoint });
    stack = new TestStack(`s3://${gateway.bucket}/storm`);
    writeFileSync(ledger, '');
    const trainer = fileURLToPath(new URL('trainer.mjs', import.meta.url));
    await stack.start({
      slots: concurrency,
      environment: {
        RGSWEEP_TRAINER: JSON.stringify([process.execPath, trainer]),
        RGSWEEP_SOAK_LEDGER: ledger,
      },
    });
    store = await openStore(stack.storeUrl);
  });
  afterAll(async () => {
    await stack.stop();
    await proxy.stop();
    await gateway.stop();
    rmSync(kept, { recursive: true, force: true });
  });

  const launch = async (name: string, search: string) => {
    const launched = await stack.run('launch', stack.writeSweep(name, sweepFile(name, search)));
    expect(launched.stderr).toBe('');
  };
  const ended = (name: string): Promise<SweepSnapshot> => sweepEnded(store, name, seconds);
  const figures = (snapshot: SweepSnapshot) =>
    snapshot.trials.map(({ trial, parameters, state, rungs, test }) => ({
      trial,
      parameters,
      state,
      validation: rungs.map(({ rung, step, metrics }) => ({ rung, step, metrics })),
      test,
    }));

  it.each([
    ['fixed', fixed],
    ['reproducible', reproducible],
  ])(
    'changes nothing in a %s sweep',
    async (kind, search) => {
      await launch(`calm-${kind}`, search);
      const calm = await ended(`calm-${kind}`);
      // Trials without figures would be equal in any storm.
      expect(calm.trials.filter(({ rungs }) => rungs.length === 0)).toEqual([]);

      const over = new AbortController();
      const sweep = `storm-${kind}`;
      await launch(sweep, search);
      const begun = Date.now();
      const blows = storm({ stack, gateway, proxy, sweep, seed, calm: over.signal, pause });
      // A storm that breaks off leaves dead what it killed: nothing would end then.
      const survivor = await Promise.race([
        ended(sweep),
        blows.then(() => Promise.reject(new Error('the storm ended by itself'))),
      ]).finally(() => over.abort());
      const damage = await blows;

      const stepsOf = (name: string) =>
        readFileSync(ledger, 'utf8')
          .split('\n')
          .filter((line) => line.startsWith(`${name} `));
      const made = stepsOf(sweep);
      const repeated = made.length - new Set(made).size;
      const calmSteps = stepsOf(`calm-${kind}`);
      expect(new Set(calmSteps).size).toBe(calmSteps.length);
      expect(new Set(made.map((line) => line.slice(sweep.length)))).toEqual(
        new Set(calmSteps.map((line) => line.slice(`calm-${kind}`.length))),
      );
      const kills = damage.trainer + damage.worker + damage.control + damage.server + damage.store;
      const kinds = survivor.trials.flatMap(({ failures }) => failures.map((failure) => failure.kind));
      process.stdout.write(
        `${kind}: ${trials} trials in ${Math.round((Date.now() - begun) / 1000)} s, ${kills} kills survived, ` +
          `${repeated} steps repeated beside ${calmSteps.length}, one interval is ${interval}; ${JSON.stringify(damage)}; failures on record ` +
          `${JSON.stringify(Object.fromEntries([...new Set(kinds)].map((one) => [one, kinds.filter((other) => other === one).length])))}\n`,
      );
      expect(survivor.trials.filter(({ origin }) => origin === 'sampler')).toHaveLength(trials);
      expect(figures(survivor)).toEqual(figures(calm));
      // A trainer's death costs its own interval; all else may cost one of each trial that trains, damage one more.
      const intervals =
        damage.trainer + concurrency * (kills - damage.trainer + damage.quota) + damage.checkpoint;
      expect(repeated).toBeLessThanOrEqual(interval * intervals);
    },
    2000 * seconds,
  );
});
