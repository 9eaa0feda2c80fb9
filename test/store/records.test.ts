import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openFileStore } from '../../src/store/file.js';
import { layout } from '../../src/store/layout.js';
import {
  appendCurve,
  listSweeps,
  listTrials,
  readCurve,
  readSnapshot,
  readSpec,
  readSweepRecord,
  readTrial,
  trialsOf,
  writeSpec,
  updateSweepRecord,
  writeTrial,
} from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { exampleSpec, exampleTrial } from './example.js';

const root = mkdtempSync(join(tmpdir(), 'rgsweep-records-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let store: ObjectStore;
let count = 0;
beforeEach(async () => {
  store = await openFileStore(join(root, String(count++)));
});

/** The store, and how often an object of it was read. */
function countingReads() {
  const counted = {
    reads: 0,
    store: {
      ...store,
      get: (key: string) => {
        counted.reads++;
        return store.get(key);
      },
    },
  };
  return counted;
}

const point = (step: number, loss = 1 / step) => ({ step, loss, stepsPerSecond: 100 });

describe('sweeps', () => {
  it('keeps a spec once, and refuses another of its name', async () => {
    const spec = exampleSpec('a');
    expect(await readSpec(store, 'a')).toBeUndefined();
    await writeSpec(store, spec);
    await writeSpec(store, structuredClone(spec));
    expect(await readSpec(store, 'a')).toEqual(spec);
    await expect(writeSpec(store, { ...spec, retries: 9 })).rejects.toMatchObject({ kind: 'conflict' });
    expect((await readSpec(store, 'a'))?.retries).toBe(3);
  });

  it('lists sweeps by name and keeps their state', async () => {
    expect(await listSweeps(store)).toEqual([]);
    for (const name of ['b', 'a', 'a-2']) await writeSpec(store, exampleSpec(name));
    await store.put('datasets/x/file', Buffer.from('x'));
    expect(await listSweeps(store)).toEqual(['a', 'a-2', 'b']);
    expect(await readSweepRecord(store, 'a')).toBeUndefined();
    const record = {
      state: 'running' as const,
      startedAt: '2026-01-01T00:00:00.000Z',
      amendments: [{ id: 'u1', at: '2026-01-02T00:00:00.000Z', kind: 'extend' as const, trials: 40 }],
    };
    await updateSweepRecord(store, 'a', () => record);
    expect(await readSweepRecord(store, 'a')).toEqual(record);
  });

  it('loses no change of several writers at once', async () => {
    const stores = await Promise.all(
      Array.from({ length: 6 }, () => openFileStore(fileURLToPath(store.url))),
    );
    await Promise.all(
      stores.map((each, index) =>
        updateSweepRecord(each, 'a', (before) => ({
          state: 'running',
          startedAt: before?.startedAt ?? 's',
          amendments: [
            ...(before?.amendments ?? []),
            { id: `u${index}`, at: 't', kind: 'concurrency', concurrency: index },
          ],
        })),
      ),
    );
    const ids = (await readSweepRecord(store, 'a'))?.amendments?.map(({ id }) => id);
    expect(ids?.sort()).toEqual(['u0', 'u1', 'u2', 'u3', 'u4', 'u5']);
  });

  it('tells of a damaged record by its key', async () => {
    await store.put(layout.spec('a'), Buffer.from('{"name": '));
    await expect(readSpec(store, 'a')).rejects.toMatchObject({
      kind: 'data-missing',
      message: expect.stringMatching(/file:.* sweeps\/a\/spec\.json is damaged/) as string,
    });
  });
});

describe('trials', () => {
  it('come back bit for bit, numbers that JSON lacks included', async () => {
    const record = exampleTrial(3);
    await writeTrial(store, 'a', record);
    const read = (await readTrial(store, 'a', 3))!;
    expect(read).toStrictEqual(record);
    expect(Object.is(read.rungs[0]!.metrics.zero, -0)).toBe(true);
    expect(await readTrial(store, 'a', 4)).toBeUndefined();
  });

  it('are listed by number, past 9999 too, whatever else lies there', async () => {
    for (const trial of [10000, 9999, 0, 123456, 10]) await writeTrial(store, 'a', exampleTrial(trial));
    await store.put(`${layout.trial('a', 11)}/lease.json`, Buffer.from('{}'));
    await store.put('sweeps/a/trials/notes/x', Buffer.from('x'));
    await writeTrial(store, 'b', exampleTrial(5));
    expect((await listTrials(store, 'a')).map(({ trial }) => trial)).toEqual([0, 10, 9999, 10000, 123456]);
    expect(await listTrials(store, 'c')).toEqual([]);
    for (const sweep of ['a', 'b', 'c']) {
      const one = [];
      for await (const record of trialsOf(store, sweep)) one.push(record);
      expect(one).toEqual(await listTrials(store, sweep));
    }
  });

  it('are held a few at a time by whoever looks at each once', async () => {
    for (let trial = 0; trial < 100; trial++) await writeTrial(store, 'a', exampleTrial(trial));
    const counted = countingReads();
    let taken = 0;
    for await (const { trial } of trialsOf(counted.store, 'a')) {
      expect(trial).toBe(taken++);
      expect(counted.reads - taken).toBeLessThan(32);
    }
    expect([taken, counted.reads]).toEqual([100, 100]);
  });

  it('of 2,000 are read without visiting the checkpoints and curves beside them', async () => {
    // Written past the store: two thousand syncs to the disk are not what is measured.
    const write = (key: string, value: unknown) => {
      const file = fileURLToPath(`${store.url}/${key}`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify(value));
    };
    for (let trial = 0; trial < 2000; trial++) {
      write(layout.trialRecord('a', trial), exampleTrial(trial));
      if (trial % 20 > 0) continue;
      for (const step of [500, 1000]) {
        write(`${layout.checkpointAttempt('a', trial, step, '1-x')}/model`, '');
        write(layout.curve('a', trial, step), point(step));
      }
    }
    const counted = countingReads();
    counted.store.list = () => {
      throw new Error('listing every object would take a page of S3 for each thousand files');
    };
    const begun = performance.now();
    const trials = await listTrials(counted.store, 'a');
    console.log(`listTrials of 2,000 in a folder: ${((performance.now() - begun) / 1000).toFixed(2)} s`);
    expect(trials.map(({ trial }) => trial)).toEqual(Array.from({ length: 2000 }, (_, trial) => trial));
    expect(counted.reads).toBe(2000);
  });
});

describe('learning curves', () => {
  it('are put together from parts, in order of steps, not of names', async () => {
    await appendCurve(store, 'a', 0, [point(10), point(20)]);
    await appendCurve(store, 'a', 0, [point(90), point(100)]);
    await appendCurve(store, 'a', 0, []);
    await appendCurve(store, 'a', 1, [point(1)]);
    expect(await readCurve(store, 'a', 0)).toEqual([10, 20, 90, 100].map((step) => point(step)));
    expect(await readCurve(store, 'a', 2)).toEqual([]);
  });

  it('have each step once, as it was written last', async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 3));
    await appendCurve(store, 'a', 0, [point(10, 1), point(20, 1)]);
    await pause();
    // An attempt that got to step 50 was lost; the next went on from 20 and was interrupted at 40.
    await appendCurve(store, 'a', 0, [point(30, 2), point(40, 2), point(50, 2)]);
    await pause();
    await appendCurve(store, 'a', 0, [point(30, 3), point(40, 3)]);
    expect((await readCurve(store, 'a', 0)).map(({ step, loss }) => [step, loss])).toEqual([
      [10, 1],
      [20, 1],
      [30, 3],
      [40, 3],
      [50, 2],
    ]);
  });

  it('keep losses that are not finite, and survive a damaged line', async () => {
    await appendCurve(store, 'a', 0, [point(10, Infinity), point(20, NaN), point(30)]);
    const key = layout.curve('a', 0, 30);
    const text = Buffer.from((await store.get(key))!.body).toString();
    await store.put(key, Buffer.from(text.replace('"step":30', '"step":3')));
    await store.put(layout.curve('a', 0, 40), Buffer.from(`{"step":40,"loss":1,"stepsPerSecond":1}\n{"st`));
    expect((await readCurve(store, 'a', 0)).map(({ step, loss }) => [step, loss])).toEqual([
      [3, 1 / 30],
      [10, Infinity],
      [20, NaN],
      [40, 1],
    ]);
  });
});

describe('readSnapshot', () => {
  it('has everything of one sweep and nothing of another', async () => {
    await writeSpec(store, exampleSpec('a'));
    await writeSpec(store, exampleSpec('a-2'));
    for (const trial of [0, 1, 2]) await writeTrial(store, 'a', exampleTrial(trial));
    await writeTrial(store, 'a-2', exampleTrial(7));
    await appendCurve(store, 'a', 1, [point(1), point(2)]);
    await appendCurve(store, 'a', 1, [point(3)]);
    await appendCurve(store, 'a-2', 7, [point(4)]);
    const begun = await readSnapshot(store, 'a');
    expect(begun).toMatchObject({ state: 'running', startedAt: exampleTrial(0).createdAt });
    expect(begun.finishedAt).toBeUndefined();
    await updateSweepRecord(store, 'a', () => ({ state: 'complete', startedAt: 's', finishedAt: 'f' }));
    expect(await readSnapshot(store, 'a')).toStrictEqual({
      spec: exampleSpec('a'),
      state: 'complete',
      startedAt: 's',
      finishedAt: 'f',
      trials: [0, 1, 2].map(exampleTrial),
      curves: new Map([[1, [point(1), point(2), point(3)]]]),
    });
  });

  it('names a sweep that the store does not know', async () => {
    await expect(readSnapshot(store, 'nobody')).rejects.toMatchObject({ kind: 'not-found' });
  });
});
