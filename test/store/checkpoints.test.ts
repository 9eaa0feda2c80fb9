import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import {
  applyRetention,
  restoreLatestCheckpoint,
  saveCheckpoint,
  type CheckpointManifest,
} from '../../src/store/checkpoints.js';
import { openFileStore } from '../../src/store/file.js';
import { layout } from '../../src/store/layout.js';
import { LostLeaseError, readLease, takeLease, type Lease } from '../../src/store/lease.js';
import type { ObjectStore } from '../../src/store/types.js';

const root = mkdtempSync(join(tmpdir(), 'rgsweep-checkpoints-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const sweep = 'a';
const trial = 3;
let store: ObjectStore;
/** The store's folder, where tests damage objects as a disk would. */
let folder: string;
let lease: Lease;
let count = 0;

beforeEach(async () => {
  folder = join(root, String(count++));
  store = await openFileStore(join(folder, 'store'));
  lease = await takeLease(store, sweep, trial, 'first');
});

function localCheckpoint(step: number, more: Record<string, string> = {}): string {
  const at = mkdtempSync(join(root, 'local-'));
  for (const [name, content] of Object.entries({
    'model.safetensors': `model ${step} `.repeat(1000),
    'ema.safetensors': `ema ${step} `.repeat(1000),
    'optimizer.safetensors': `optimizer ${step}`,
    ...more,
  })) {
    mkdirSync(join(at, name, '..'), { recursive: true });
    writeFileSync(join(at, name), content);
  }
  return at;
}

function save(step: number, using = lease, from = localCheckpoint(step), loss = 1 / step) {
  return saveCheckpoint(store, {
    sweep,
    trial,
    step,
    folder: from,
    lease: using,
    parameters: { basis: 'fourier', width: 0.5 },
    seed: 7,
    ...(step > 100 ? { parentStep: step - 100 } : {}),
    loss,
  });
}

async function restore(atMostStep = 1e9) {
  const warnings: string[] = [];
  const to = join(mkdtempSync(join(root, 'restored-')), 'resume');
  const restored = await restoreLatestCheckpoint(store, {
    sweep,
    trial,
    atMostStep,
    folder: to,
    onWarning: (message) => warnings.push(message),
  });
  return { restored, warnings, to };
}

async function keys(prefix = `${layout.trial(sweep, trial)}/step-`): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix))
    found.push(key.slice(layout.trial(sweep, trial).length + 1));
  return found;
}

const steps = async () => [...new Set((await keys()).map((key) => Number(/^step-(\d+)/.exec(key)![1])))];
const fileKey = (manifest: CheckpointManifest, name: string) =>
  `${layout.checkpointAttempt(sweep, trial, manifest.step, manifest.attempt)}/${name}`;

function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return '';
  }
}

/** Flips one bit in the middle of an object, behind the store's back. */
function flipBit(key: string): void {
  const file = join(folder, 'store', key);
  const body = readFileSync(file);
  body[body.length >> 1]! ^= 1;
  writeFileSync(file, body);
}

describe('saving and restoring', () => {
  it('gives back every file, and the manifest says what it is', async () => {
    const from = localCheckpoint(200, { 'extra/notes.txt': 'φ', empty: '' });
    const manifest = await save(200, lease, from);
    expect(manifest).toMatchObject({
      version: 1,
      sweep,
      trial,
      step: 200,
      parentStep: 100,
      fence: 1,
      seed: 7,
      parameters: { basis: 'fourier', width: 0.5 },
      loss: 1 / 200,
    });
    expect(manifest.files.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['ema.safetensors', 8000],
      ['empty', 0],
      ['extra/notes.txt', 2],
      ['model.safetensors', 10000],
      ['optimizer.safetensors', 13],
    ]);
    const { restored, warnings, to } = await restore();
    expect(restored).toEqual({ step: 200, manifest, skipped: [] });
    expect(warnings).toEqual([]);
    for (const { name } of manifest.files)
      expect(readFileSync(join(to, name)).equals(readFileSync(join(from, name)))).toBe(true);
    expect(readdirSync(join(to, '..'))).toEqual(['resume']);
  });

  it('takes the newest by number that is not past the step asked for', async () => {
    for (const step of [100, 900, 1000]) await save(step);
    expect((await restore()).restored?.step).toBe(1000);
    expect((await restore(1000)).restored?.step).toBe(1000);
    expect((await restore(999)).restored?.step).toBe(900);
    expect((await restore(99)).restored).toBeUndefined();
  });

  it('has nothing to restore in the beginning', async () => {
    const { restored, warnings, to } = await restore();
    expect(restored).toBeUndefined();
    expect(warnings).toEqual([]);
    expect(existsSync(to)).toBe(false);
  });

  it('keeps a loss that is not finite', async () => {
    await save(100, lease, undefined, NaN);
    expect((await restore()).restored?.manifest.loss).toBeNaN();
  });

  it('never empties a folder that has something in it', async () => {
    await save(100);
    const to = mkdtempSync(join(root, 'occupied-'));
    writeFileSync(join(to, 'mine'), 'x');
    const input = { sweep, trial, atMostStep: 100, folder: to, onWarning: () => undefined };
    await expect(restoreLatestCheckpoint(store, input)).rejects.toThrow();
    expect(readdirSync(to)).toEqual(['mine']);
  });
});

describe('damage', () => {
  it('of one bit in any file is found, named, and the older checkpoint is used', async () => {
    for (const name of ['model', 'ema', 'optimizer'].map((file) => `${file}.safetensors`)) {
      await save(100);
      const manifest = await save(200);
      flipBit(fileKey(manifest, name));
      const { restored, warnings, to } = await restore();
      expect(restored?.step).toBe(100);
      expect(restored?.skipped).toEqual([
        { step: 200, problem: `${name} has another SHA-256 than its manifest says` },
      ]);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(/^skipped the checkpoint file:.*trials\/0003\/step-200: /);
      expect(readFileSync(join(to, 'optimizer.safetensors'), 'utf8')).toBe('optimizer 100');
      for (const key of await keys()) await store.delete(`${layout.trial(sweep, trial)}/${key}`);
    }
  });

  it('of any one bit in the manifest is found', async () => {
    await save(100);
    await save(200);
    const key = layout.manifest(sweep, trial, 200);
    const { body } = (await store.get(key))!;
    for (let at = 0; at < body.length; at += 29) {
      const changed = Buffer.from(body);
      changed[at]! ^= 1;
      await store.put(key, changed);
      const { restored, warnings } = await restore();
      // White space between the fields carries nothing.
      const before = compact(Buffer.from(body).toString());
      const after = compact(changed.toString());
      expect(restored?.step, `byte ${at}: ${changed.subarray(at - 10, at + 10)}`).toBe(
        before === after ? 200 : 100,
      );
      expect(warnings).toHaveLength(before === after ? 0 : 1);
    }
  });

  it.each<[string, RegExp, (manifest: CheckpointManifest) => Promise<unknown>]>([
    ['a missing file', /ema.safetensors is missing/, (m) => store.delete(fileKey(m, 'ema.safetensors'))],
    [
      'a shortened file',
      /model.safetensors has 3 bytes instead of 10000/,
      (m) => store.put(fileKey(m, 'model.safetensors'), Buffer.from('abc')),
    ],
    ['a missing manifest', /never finished/, () => store.delete(layout.manifest(sweep, trial, 200))],
    [
      'half a manifest',
      /damaged/,
      () => store.put(layout.manifest(sweep, trial, 200), Buffer.from('{"version": 1,')),
    ],
    ['an empty manifest', /damaged/, () => store.put(layout.manifest(sweep, trial, 200), Buffer.from(''))],
    [
      'another manifest',
      /wrong/,
      () => store.put(layout.manifest(sweep, trial, 200), Buffer.from('{"version":2}')),
    ],
    [
      'the manifest of another step',
      /is of step 100, not 200/,
      async () =>
        store.put(
          layout.manifest(sweep, trial, 200),
          (await store.get(layout.manifest(sweep, trial, 100)))!.body,
        ),
    ],
  ])('%s is named and skipped, and saving the step again mends it', async (_name, message, damage) => {
    await save(100);
    const manifest = await save(200);
    await damage(manifest);
    const { restored, warnings } = await restore();
    expect(restored?.step).toBe(100);
    expect(warnings).toEqual([expect.stringMatching(message)]);
    await save(200);
    expect((await restore()).restored?.step).toBe(200);
  });

  it('of all checkpoints means to begin anew, with a warning for each', async () => {
    for (const step of [100, 200]) flipBit(fileKey(await save(step), 'model.safetensors'));
    const { restored, warnings, to } = await restore();
    expect(restored).toBeUndefined();
    expect(warnings).toHaveLength(2);
    expect(existsSync(to)).toBe(false);
  });

  it('is not what an unreachable store is: nothing older is taken then', async () => {
    await save(100);
    await save(200);
    const unreachable: ObjectStore = {
      ...store,
      download: (key, file) =>
        key.includes('step-200')
          ? Promise.reject(new RgsweepError('store-unavailable', 'gone'))
          : store.download(key, file),
    };
    const to = join(root, 'unreachable');
    const input = { sweep, trial, atMostStep: 1000, folder: to, onWarning: () => undefined };
    await expect(restoreLatestCheckpoint(unreachable, input)).rejects.toThrow('gone');
    expect(existsSync(to)).toBe(false);
  });

  it('by a manifest that names files outside is refused', async () => {
    await save(100);
    const manifest = await save(200);
    const { encodeManifest } = await import('../../src/store/manifest.js');
    const files = [{ name: '../../escaped', bytes: 1, sha256: '0'.repeat(64) }];
    await store.put(layout.manifest(sweep, trial, 200), encodeManifest({ ...manifest, files }));
    const { restored, warnings } = await restore();
    expect(restored?.step).toBe(100);
    expect(warnings[0]).toMatch(/"\.\."/);
  });
});

describe('saving a step again', () => {
  it('keeps the good checkpoint that is there', async () => {
    const first = await save(100);
    const before = await keys();
    const later = await takeLease(store, sweep, trial, 'second');
    expect(await save(100, later, localCheckpoint(100, { other: 'x' }))).toEqual(first);
    expect(await keys()).toEqual(before);
  });

  it('replaces a damaged one', async () => {
    flipBit(fileKey(await save(100), 'model.safetensors'));
    const later = await takeLease(store, sweep, trial, 'second');
    const second = await save(100, later);
    expect(second.fence).toBe(2);
    const { restored, warnings } = await restore();
    expect(restored?.manifest).toEqual(second);
    expect(warnings).toEqual([]);
  });

  it('killed between the files and the manifest leaves the older checkpoint in force', async () => {
    await save(100);
    const killed: ObjectStore = {
      ...store,
      putIfAbsent: () => Promise.reject(new RgsweepError('store-unavailable', 'killed')),
    };
    const from = localCheckpoint(200);
    const input = { sweep, trial, step: 200, folder: from, lease, parameters: {}, seed: 7, loss: 1 };
    await expect(saveCheckpoint(killed, input)).rejects.toThrow('killed');
    expect(await steps()).toEqual([100, 200]);
    const { restored, warnings } = await restore();
    expect(restored?.step).toBe(100);
    expect(warnings).toEqual([expect.stringMatching(/step-200: it was never finished/)]);
  });
});

describe('leases', () => {
  it('count upwards, also when eight attempts take one at once', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openFileStore(join(folder, 'store'))));
    const leases = await Promise.all(
      stores.map((each, index) => takeLease(each, sweep, trial, `owner ${index}`)),
    );
    expect(leases.map(({ fence }) => fence).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    const last = leases.find(({ fence }) => fence === 9);
    expect(await readLease(store, sweep, trial)).toEqual(last);
    const saved = await Promise.allSettled(leases.map((each) => save(100, each)));
    expect(saved.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await restore()).restored?.manifest.fence).toBe(9);
  });

  it('that are lost forbid saving, and leave nothing behind', async () => {
    await save(100);
    const before = await keys();
    await takeLease(store, sweep, trial, 'second');
    const error = await save(200).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LostLeaseError);
    expect(error).toMatchObject({ kind: 'cancelled' });
    expect((error as Error).message).toMatch(/attempt first \(fence 1\).*second took it over with fence 2/);
    expect(await keys()).toEqual(before);
  });

  it('are not taken by work that was ordered earlier and is not wanted any more', async () => {
    const claim = (orderedAt: number, wanted: boolean) => ({ orderedAt, isCurrent: async () => wanted });
    const winner = await takeLease(store, sweep, trial, 'winner', claim(2000, true));
    await expect(takeLease(store, sweep, trial, 'sleeper', claim(1000, false))).rejects.toThrow(
      LostLeaseError,
    );
    expect(await readLease(store, sweep, trial)).toEqual(winner);
    // A server whose clock is behind the last one's: its work is wanted all the same.
    const elsewhere = await takeLease(store, sweep, trial, 'elsewhere', claim(1500, true));
    expect(elsewhere.fence).toBe(winner.fence + 1);
  });

  it('that are lost during the upload are noticed before the manifest is written', async () => {
    let uploads = 0;
    const slow: ObjectStore = {
      ...store,
      upload: async (key, file) => {
        await store.upload(key, file);
        if (++uploads === 3) await takeLease(store, sweep, trial, 'second');
      },
    };
    const input = { sweep, trial, step: 100, lease, parameters: {}, seed: 7, loss: 1 };
    await expect(saveCheckpoint(slow, { ...input, folder: localCheckpoint(100) })).rejects.toBeInstanceOf(
      LostLeaseError,
    );
    expect(await keys()).toEqual([]);
  });

  it('of a damaged file go on above every fence that was used', async () => {
    for (let fence = 2; fence <= 5; fence++) lease = await takeLease(store, sweep, trial, `owner ${fence}`);
    await save(100);
    await store.put(layout.lease(sweep, trial), Buffer.from('{"fence":'));
    await expect(save(200)).rejects.toBeInstanceOf(LostLeaseError);
    expect((await takeLease(store, sweep, trial, 'later')).fence).toBe(6);
  });
});

describe('retention', () => {
  const retain = (keepLast: number, keepSteps: number[] = []) =>
    applyRetention(store, { sweep, trial, keepLast, keepSteps });

  it('keeps the newest and the steps asked for, by number', async () => {
    for (const step of [100, 200, 300, 900, 1000]) await save(step);
    expect(await retain(2, [200, 5000])).toEqual([300, 100]);
    expect((await steps()).sort((a, b) => a - b)).toEqual([200, 900, 1000]);
    expect(await retain(2, [200])).toEqual([]);
    expect(await retain(0)).toEqual([900, 200]);
    expect(await steps()).toEqual([1000]);
    expect((await restore()).restored?.step).toBe(1000);
  });

  it('never deletes the only good one', async () => {
    await save(100);
    await save(200);
    for (const step of [300, 400]) flipBit(fileKey(await save(step), 'model.safetensors'));
    expect(await retain(2)).toEqual([100]);
    expect((await restore()).restored?.step).toBe(200);
    expect(await retain(1)).toEqual([300]);
    expect((await restore()).restored?.step).toBe(200);
  });

  it('deletes nothing when none is good', async () => {
    for (const step of [100, 200, 300]) flipBit(fileKey(await save(step), 'ema.safetensors'));
    const before = await keys();
    expect(await retain(1)).toEqual([]);
    expect(await keys()).toEqual(before);
  });

  it('deletes a manifest before its files, so that a kill in between leaves no false one', async () => {
    for (const step of [100, 200]) await save(step);
    const deleted: string[] = [];
    await applyRetention(
      {
        ...store,
        delete: (key) => {
          deleted.push(key);
          return store.delete(key);
        },
      },
      { sweep, trial, keepLast: 1, keepSteps: [] },
    );
    expect(deleted[0]).toBe(layout.manifest(sweep, trial, 100));
    expect(deleted).toHaveLength(4);
  });

  it('removes what fenced attempts left without a manifest, but nothing of the living one', async () => {
    const orphan = (fence: number) => `${layout.checkpointAttempt(sweep, trial, 200, `${fence}-abc`)}/model`;
    await save(100);
    await store.put(orphan(1), Buffer.from('x'));
    await store.put(orphan(2), Buffer.from('x'));
    await takeLease(store, sweep, trial, 'second');
    await retain(2);
    expect(await store.get(orphan(1))).toBeUndefined();
    expect(await store.get(orphan(2))).toBeDefined();
    expect((await restore()).restored?.step).toBe(100);
  });
});
