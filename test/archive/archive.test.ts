import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readArchive } from '../../src/archive/read.js';
import { readTar, tarEnd, tarHeader, tarPadding } from '../../src/archive/tar.js';
import { writeArchive } from '../../src/archive/write.js';
import { restoreLatestCheckpoint, saveCheckpoint } from '../../src/store/checkpoints.js';
import { encodeJson } from '../../src/store/json.js';
import { takeLease } from '../../src/store/lease.js';
import { writeLog } from '../../src/store/logs.js';
import { openStore } from '../../src/store/open.js';
import { writePrior } from '../../src/store/prior.js';
import {
  appendCurve,
  readSnapshot,
  readSweepRecord,
  updateSweepRecord,
  writeSpec,
  writeTrial,
} from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { fixtureSnapshot } from '../report/fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-archive-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const snapshot = fixtureSnapshot();
const sweep = snapshot.spec.name;
const archive = join(folder, 'sweep.tar');
const ignore = () => undefined;
const source = { sweep: 'earlier', sameTask: true, of: 3, taken: 3, outside: 0, shared: ['basis'] };
/** Where the sweep ran: a copy of it runs nowhere. */
const owner = {
  namespaceId: 'a',
  namespace: 'default',
  address: 'secret.example:7233',
  host: 'node-3',
  seenAt: snapshot.startedAt,
};
let from: ObjectStore;

beforeAll(async () => {
  from = await openStore(join(folder, 'from'));
  await writePrior(from, sweep, { sources: [source], observations: [] });
  await writeSpec(from, { ...snapshot.spec, warmStart: ['earlier'] });
  await updateSweepRecord(from, sweep, () => ({
    state: 'stopped',
    startedAt: snapshot.startedAt,
    owner,
    amendments: [{ id: 'one', at: snapshot.startedAt, kind: 'concurrency', concurrency: 3 }],
  }));
  for (const trial of snapshot.trials) await writeTrial(from, sweep, trial);
  await appendCurve(from, sweep, 3, [{ step: 10, loss: 2, stepsPerSecond: 5 }]);
  await writeLog(from, { sweep, trial: 3, part: '20260301T090000000Z-train' }, [
    { at: snapshot.startedAt, level: 'output', text: 'hello' },
  ]);
  const local = join(folder, 'checkpoint');
  const lease = await takeLease(from, sweep, 3, 'test');
  for (const step of [500, 1000]) {
    rmSync(local, { recursive: true, force: true });
    execFileSync('mkdir', [local]);
    writeFileSync(join(local, 'model.safetensors'), `weights of step ${step}`);
    const { parameters, seed } = snapshot.trials[3]!;
    await saveCheckpoint(from, { sweep, trial: 3, step, folder: local, lease, parameters, seed, loss: 1 });
  }
  await writeArchive({ store: from, sweep, file: archive, checkpoints: 'newest', onWarning: ignore });
});

let number = 0;
let to: ObjectStore;
beforeEach(async () => {
  to = await openStore(join(folder, `to-${++number}`));
});
const bring = (file: string) =>
  readArchive({ store: to, file, stagingFolder: join(folder, 'staging'), onWarning: ignore });

describe('an archive of a sweep', () => {
  it('brings all of it to another store: records, amendments, curves, logs and the newest checkpoint', async () => {
    expect(await bring(archive)).toMatchObject({ sweep, trials: snapshot.trials.length });
    const [before, after] = await Promise.all([readSnapshot(from, sweep), readSnapshot(to, sweep)]);
    expect(after).toEqual(before);
    expect(after.prior).toEqual([source]);
    const record = await readSweepRecord(from, sweep);
    expect(record?.owner).toEqual(owner);
    expect(await readSweepRecord(to, sweep)).toEqual({ ...record, owner: undefined });
    const restored = await restoreLatestCheckpoint(to, {
      sweep,
      trial: 3,
      atMostStep: 5000,
      folder: join(folder, `restored-${number}`),
      onWarning: ignore,
    });
    expect(restored?.step).toBe(1000);
    expect(readFileSync(join(folder, `restored-${number}`, 'model.safetensors'), 'utf8')).toBe(
      'weights of step 1000',
    );
    expect(readdirSync(join(folder, 'staging'))).toEqual([]);
  });

  it('is what tar itself reads', () => {
    const names = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }).trim().split('\n');
    expect(names[0]).toBe('rgsweep-archive.json');
    expect(names.at(-1)).toBe('index.json');
    expect(names).toContain(`sweeps/${sweep}/trials/0003/trial.json`);
    const spec = execFileSync('tar', ['-xOf', archive, `sweeps/${sweep}/spec.json`], { encoding: 'utf8' });
    expect(JSON.parse(spec)).toMatchObject({ name: sweep });
  });

  it('leaves out a damaged checkpoint, by name, and takes the one before', async () => {
    const key = `sweeps/${sweep}/trials/0003/step-1000`;
    for await (const { key: file } of from.list(`${key}/`))
      if (file.endsWith('.safetensors')) await from.put(file, Buffer.from('other weights'));
    const said: string[] = [];
    const file = join(folder, 'damaged.tar');
    await writeArchive({
      store: from,
      sweep,
      file,
      checkpoints: 'newest',
      onWarning: (line) => said.push(line),
    });
    expect(said).toEqual([expect.stringMatching(/left out the checkpoint .*trials\/0003\/step-1000: model/)]);
    await bring(file);
    expect(await to.get(`sweeps/${sweep}/trials/0003/step-500/manifest.json`)).toBeDefined();
  });

  it('never changes a sweep that is there', async () => {
    await bring(archive);
    await expect(bring(archive)).rejects.toMatchObject({ kind: 'conflict' });
  });
});

describe('a hostile or damaged archive is refused, and leaves nothing', () => {
  type Entry = [name: string, body: string | Buffer];
  const entry = (name: string, body: string | Buffer) => {
    const bytes = Buffer.from(body);
    return Buffer.concat([tarHeader(name, bytes.length), bytes, tarPadding(bytes.length)]);
  };
  const whole = async (): Promise<Entry[]> => {
    const entries: Entry[] = [];
    async function* chunks() {
      yield readFileSync(archive);
    }
    for await (const { name, body } of readTar(chunks())) {
      const parts: Uint8Array[] = [];
      for await (const part of body) parts.push(part);
      entries.push([name, Buffer.concat(parts)]);
    }
    return entries;
  };
  /** As an attacker would: every hash of the index is right again. */
  const pack = (entries: Entry[]) => {
    const content = entries.filter(([name]) => name !== 'index.json');
    const index = content.slice(1).map(([name, body]) => ({
      name,
      bytes: Buffer.from(body).length,
      sha256: createHash('sha256').update(body).digest('hex'),
    }));
    const end: Entry = ['index.json', Buffer.from(encodeJson({ entries: index }))];
    return Buffer.concat([...[...content, end].map(([name, body]) => entry(name, body)), tarEnd]);
  };
  const with_ = (name: string, body: string) => async () => {
    const entries = await whole();
    const known = entries.findIndex(([other]) => other === name);
    if (known >= 0) entries[known] = [name, body];
    else entries.splice(1, 0, [name, body]);
    return pack(entries);
  };
  const spec = `sweeps/${sweep}/spec.json`;
  const cases: [string, () => Promise<Buffer>, RegExp][] = [
    ['a path out of the store', with_('../../escaped', 'x'), /component "\.\."/],
    ['a path out of the sweep', with_('sweeps/other/spec.json', '{}'), /does not belong to sweep/],
    ['an absolute path', with_('/etc/escaped', 'x'), /begins or ends with/],
    ['a folder that the store keeps for itself', with_('.rgsweep-store/locks/a', 'x'), /kept for the store/],
    ['a lease', with_(`sweeps/${sweep}/trials/0003/lease.json`, '{}'), /does not belong/],
    [
      'another sweep’s spec',
      with_(spec, JSON.stringify({ ...snapshot.spec, name: 'else' })),
      /is of sweep "else"/,
    ],
    ['a spec that is none', with_(spec, '{"name":"phi4-quick"}'), /spec\.json: /],
    [
      'a record of another trial',
      with_(`sweeps/${sweep}/trials/0003/trial.json`, JSON.stringify(snapshot.trials[4])),
      /is of trial 4/,
    ],
    [
      'a checkpoint with other weights',
      async () => {
        const entries = await whole();
        return pack(
          entries.map(([name, body]): Entry => [name, name.endsWith('.safetensors') ? 'evil' : body]),
        );
      },
      /model\.safetensors is missing or another file/,
    ],
    [
      'a changed record',
      async () => {
        const bytes = readFileSync(archive);
        const at = bytes.indexOf('"stepsPaid": 3000');
        expect(at).toBeGreaterThan(0);
        bytes.write('"stepsPaid": 1000', at);
        return bytes;
      },
      /not what the index says/,
    ],
    ['a cut', async () => readFileSync(archive).subarray(0, 20_000), /cut short/],
    ['no end', async () => readFileSync(archive).subarray(0, -1024), /cut short/],
    [
      'no index',
      async () => Buffer.concat([...(await whole()).slice(0, -1).map(([n, b]) => entry(n, b)), tarEnd]),
      /no index/,
    ],
    ['nothing', async () => Buffer.alloc(0), /cut short/],
    ['something else', async () => Buffer.alloc(4096, 'x'), /no tar archive/],
    [
      'a symbolic link',
      async () => {
        const header = tarHeader('rgsweep-archive.json', 0);
        header.write('2', 156);
        header.write(' '.repeat(8), 148);
        const sum = header.reduce((total, byte) => total + byte, 0);
        header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
        return Buffer.concat([header, tarEnd]);
      },
      /symbolic link/,
    ],
  ];
  it.each(cases)('%s', async (_what, make, message) => {
    const file = join(folder, 'hostile.tar');
    writeFileSync(file, await make());
    await expect(bring(file)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringMatching(message) as string,
    });
    expect(existsSync(join(folder, `to-${number}`))).toBe(false);
    expect(existsSync(join(folder, 'escaped'))).toBe(false);
    expect(readdirSync(join(folder, 'staging'))).toEqual([]);
  });
});

it('tar headers carry long names and large sizes as tar itself does', async () => {
  const name = `${'long-folder-name/'.repeat(20)}file`;
  async function* chunks() {
    yield Buffer.concat([tarHeader(name, 3), Buffer.from('abc'), tarPadding(3), tarEnd]);
  }
  for await (const found of readTar(chunks())) {
    expect(found).toMatchObject({ name, bytes: 3 });
    for await (const part of found.body) expect(Buffer.from(part).toString()).toBe('abc');
  }
  const file = join(folder, 'long.tar');
  writeFileSync(file, Buffer.concat([tarHeader(name, 3), Buffer.from('abc'), tarPadding(3), tarEnd]));
  expect(execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim()).toBe(name);
});
