import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, it } from 'vitest';
import { saveCheckpoint } from '../../src/store/checkpoints.js';
import { findGarbage } from '../../src/store/gc.js';
import { listCheckpoints } from '../../src/store/inventory.js';
import { takeLease } from '../../src/store/lease.js';
import { writeSpec } from '../../src/store/records.js';
import { openStore } from '../../src/store/open.js';
import { openS3Store } from '../../src/store/s3.js';
import type { ObjectStore } from '../../src/store/types.js';
import { startVersitygw, versitygwOrExplain } from '../contract/versitygw.js';
import { fixtureSpec } from '../report/fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-gc-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const sweep = fixtureSpec.name;
const program = await versitygwOrExplain('garbage on S3');

async function fill(store: ObjectStore, losses: Record<number, number>): Promise<void> {
  await writeSpec(store, fixtureSpec);
  const local = join(folder, 'checkpoint');
  const lease = await takeLease(store, sweep, 0, 'first');
  for (const [step, loss] of Object.entries(losses)) {
    rmSync(local, { recursive: true, force: true });
    mkdirSync(local);
    writeFileSync(join(local, 'model.safetensors'), `step ${step}`);
    await saveCheckpoint(store, {
      ...{ sweep, trial: 0, step: Number(step), folder: local, lease, parameters: {}, seed: 1, loss },
    });
  }
}
async function collect(
  store: ObjectStore,
  options: { keepBest?: number; hours?: number; sweep?: string } = {},
) {
  const found = [];
  const said: string[] = [];
  for await (const garbage of findGarbage(store, {
    ...(options.sweep === undefined ? {} : { sweep: options.sweep }),
    olderThanMilliseconds: 3_600_000 * (options.hours ?? 0),
    retentionOf: () => ({ keepLast: 1, keepBest: options.keepBest ?? 0, keepSteps: [1000] }),
    datasetOf: () => 'used',
    onWarning: (message) => said.push(message),
  }))
    found.push(garbage);
  return {
    found,
    said,
    names: found.map(({ kind, what }) => `${kind}: ${what.replace(/\d+-[0-9a-f]{8}/, 'ATTEMPT')}`),
  };
}
const stepsOf = async (store: ObjectStore) =>
  (await listCheckpoints(store, sweep, 0)).map(({ step }) => step);
const base = `sweeps/${sweep}/trials/0000`;

it('finds what nobody needs, deletes it when told, and keeps the newest, the best and the rungs', async () => {
  const store = await openStore(join(folder, 'store'));
  await fill(store, { 250: 5, 500: 1, 750: 3, 1000: 4, 1250: 6 });
  await store.put('datasets/used/dataset.json', Buffer.from('{}'));
  await store.put('datasets/unused/dataset.json', Buffer.from('{}'));
  await store.put(`${base}/step-1500/1-half/model.safetensors`, Buffer.from('half'));

  // What may still be in the making is left alone.
  expect((await collect(store, { keepBest: 1, hours: 1 })).names).toEqual([
    `surplus checkpoint: ${base}/step-750`,
    `surplus checkpoint: ${base}/step-250`,
  ]);
  const { found, names } = await collect(store, { keepBest: 1 });
  expect(names).toEqual([
    `surplus checkpoint: ${base}/step-750`,
    `surplus checkpoint: ${base}/step-250`,
    `orphaned attempt: ${base}/step-1500/1-half`,
    'unreferenced data set: datasets/unused',
  ]);
  expect(await stepsOf(store)).toEqual([250, 500, 750, 1000, 1250, 1500]);
  for (const { remove } of found) await remove();
  expect(await stepsOf(store)).toEqual([500, 1000, 1250]);
  expect(await store.get('datasets/unused/dataset.json')).toBeUndefined();
  expect(await store.get('datasets/used/dataset.json')).toBeDefined();
  expect((await collect(store, { keepBest: 1 })).names).toEqual([]);
});

it('never takes the only good checkpoint, though newer ones are there', async () => {
  const store = await openStore(join(folder, 'damaged'));
  await fill(store, { 250: 1, 500: 1, 1250: 1 });
  for await (const { key } of store.list(base))
    if (/step-(500|1250)\/.*safetensors$/.test(key)) await store.put(key, Buffer.from('other'));
  for (const { remove } of (await collect(store)).found) await remove();
  const checkpoints = await listCheckpoints(store, sweep, 0, { verify: true });
  expect(checkpoints).toContainEqual(expect.objectContaining({ step: 250, state: 'whole' }));
});

it('leaves data sets alone where it cannot tell who uses them', async () => {
  const store = await openStore(join(folder, 'unknown'));
  await fill(store, { 1000: 1 });
  await store.put('datasets/unused/dataset.json', Buffer.from('{}'));
  await store.put('sweeps/half-imported/trials/0000/trial.json', Buffer.from('{}'));
  const { names, said } = await collect(store);
  expect(names).toEqual([]);
  expect(said.join()).toMatch(/half-imported.*no spec\.json.*data sets are left alone/);
  expect((await collect(store, { sweep })).said).toEqual([]);
});

it.skipIf(program === undefined)('aborts uploads on S3 that were never finished, its own only', async () => {
  const server = await startVersitygw(program!);
  const before = { ...process.env };
  Object.assign(process.env, server.environment);
  try {
    const store = await openS3Store({ bucket: server.bucket, prefix: 'kept' });
    const client = new S3Client({ endpoint: server.endpoint, forcePathStyle: true, region: 'us-east-1' });
    for (const Key of ['kept/sweeps/a/big', 'elsewhere/big']) {
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ Bucket: server.bucket, Key }),
      );
      await client.send(
        new UploadPartCommand({
          Bucket: server.bucket,
          Key,
          UploadId,
          PartNumber: 1,
          Body: Buffer.alloc(1000),
        }),
      );
    }
    expect((await collect(store, { hours: 1 })).names).toEqual([]);
    const { found, names } = await collect(store);
    expect(names).toEqual([expect.stringMatching(/^unfinished upload: sweeps\/a\/big/)]);
    expect(found[0]!.bytes).toBe(1000);
    await found[0]!.remove();
    await found[0]!.remove();
    expect((await collect(store)).names).toEqual([]);
    client.destroy();
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    await server.stop();
  }
});
