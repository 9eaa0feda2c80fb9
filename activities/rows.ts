import { createHash } from 'node:crypto';
import { RgsweepError } from '../src/errors.js';
import { decodeJson, encodeJson } from '../src/store/json.js';
import { layout } from '../src/store/layout.js';
import type { ObjectInfo, ObjectStore } from '../src/store/types.js';
import { applyChanges, unpackRows, type PackedRows } from '../src/sweep/pack.js';
import type { TrialRow } from '../src/sweep/rows.js';
import { recentSweeps } from './recentSweeps.js';
import type { Activities, PinnedRows } from './types.js';

/** Snapshots that stay: the one in use, and the one before, which a repeated suggestion may still read. */
const keptSnapshots = 2;

export interface RowSnapshots {
  keepRows: Activities['keepRows'];
  /** The rows of an input. @throws RgsweepError('store-unavailable') while their snapshot is not to be found */
  read(sweep: string, pinned: PinnedRows): Promise<TrialRow[]>;
}

/** Snapshots of a sweep's rows in the store; the newest one of each sweep is remembered. */
export function createRowSnapshots(store: ObjectStore): RowSnapshots {
  const memory = recentSweeps((): { newest?: { id: string; rows: TrialRow[] } } => ({}));

  async function removeOlder(sweep: string, id: string): Promise<void> {
    const others: ObjectInfo[] = [];
    for await (const info of store.list(layout.rowSnapshots(sweep)))
      if (info.key !== layout.rowSnapshot(sweep, id)) others.push(info);
    others.sort((a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime());
    for (const { key } of others.slice(keptSnapshots - 1)) await store.delete(key);
  }

  return {
    async keepRows({ sweep, rows }) {
      const body = encodeJson(rows);
      const id = createHash('sha256').update(body).digest('hex').slice(0, 32);
      await store.put(layout.rowSnapshot(sweep, id), body);
      memory(sweep).newest = { id, rows: unpackRows(rows) };
      await removeOlder(sweep, id);
      return id;
    },

    async read(sweep, { snapshot, changes }) {
      if (snapshot === undefined) return applyChanges([], changes);
      let kept = memory(sweep).newest;
      if (kept?.id !== snapshot) {
        const key = layout.rowSnapshot(sweep, snapshot);
        const object = await store.get(key);
        if (!object) throw new RgsweepError('store-unavailable', `${store.url} has no ${key}`);
        kept = { id: snapshot, rows: unpackRows(decodeJson(object.body, key) as PackedRows) };
        memory(sweep).newest = kept;
      }
      return applyChanges(kept.rows, changes);
    },
  };
}
