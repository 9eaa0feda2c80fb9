import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createRowSnapshots } from '../../activities/rows.js';
import { openFileStore } from '../../src/store/file.js';
import { layout } from '../../src/store/layout.js';
import type { ObjectStore } from '../../src/store/types.js';
import { packChanges, packRows } from '../../src/sweep/pack.js';
import type { TrialRow } from '../../src/sweep/rows.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-rows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rowsOf = (count: number, value: number): TrialRow[] =>
  Array.from({ length: count }, (_, trial) => ({
    trial,
    state: 'complete',
    values: [value + trial],
    family: 'other',
    ...(trial % 3 === 0 ? { equals: trial + 1 } : {}),
  }));
const keysOf = async (store: ObjectStore) => {
  const keys: string[] = [];
  for await (const { key } of store.list(layout.rowSnapshots('s'))) keys.push(key);
  return keys;
};

describe('rows that a suggestion is told of', () => {
  it('are those of the snapshot with what has changed since, in any process', async () => {
    const store = await openFileStore(join(folder, 'any'));
    const writer = createRowSnapshots(store);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 20 }),
        fc.array(fc.nat(39), { maxLength: 8 }),
        async (before, more, touched) => {
          const base = rowsOf(before, 0.5);
          const snapshot = await writer.keepRows({ sweep: 's', rows: packRows(base) });
          const now = [...base, ...rowsOf(before + more, 2).slice(before)];
          for (const trial of touched)
            if (now[trial]) now[trial] = { ...now[trial], values: [], state: 'running' };
          const changes = packChanges(now, base);
          expect(changes.at.length).toBeLessThanOrEqual(more + touched.length);
          const travelled = JSON.parse(JSON.stringify(changes)) as typeof changes;
          const reader = createRowSnapshots(store);
          expect(await writer.read('s', { snapshot, changes })).toEqual(now);
          expect(await reader.read('s', { snapshot, changes: travelled })).toEqual(now);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('stay within a few kilobytes at ten thousand trials', () => {
    const base = rowsOf(10_000, 0.123456789);
    const now = [...base, ...rowsOf(10_256, 0.2).slice(10_000)];
    expect(JSON.stringify(packChanges(now, base)).length).toBeLessThan(16_000);
    expect(JSON.stringify(packRows(now)).length).toBeGreaterThan(200_000);
  });

  it('have two snapshots at a time in the store; one that is gone is waited for, not guessed', async () => {
    const store = await openFileStore(join(folder, 'few'));
    const snapshots = createRowSnapshots(store);
    const ids: string[] = [];
    for (let count = 1; count <= 4; count++)
      ids.push(await snapshots.keepRows({ sweep: 's', rows: packRows(rowsOf(count, 0)) }));
    expect((await keysOf(store)).sort()).toEqual(
      ids
        .slice(-2)
        .map((id) => layout.rowSnapshot('s', id))
        .sort(),
    );
    await expect(
      snapshots.read('s', { snapshot: ids[0]!, changes: packChanges([], []) }),
    ).rejects.toMatchObject({ kind: 'store-unavailable' });
  });
});
