import { packChanges, packRows } from '../src/sweep/pack.js';
import type { TrialRow } from '../src/sweep/rows.js';
import type { PinnedRows } from '../activities/types.js';
import type { Versions } from './versions.js';

type RowPinVersions = Pick<Versions, 'records' | 'mostRowChanges'>;

/**
 * What a suggestion is told of all trials, without its input growing with them: it is part of the run's history. Many rows are kept in
 * the store now and then, and the input names them.
 *
 * @param current the rows as they are; asked again after a snapshot was kept, as they may have changed meanwhile
 */
export function createRowPin(
  sweep: string,
  current: () => readonly TrialRow[],
  { records, mostRowChanges }: RowPinVersions,
): () => Promise<PinnedRows> {
  let base: { snapshot?: string; rows: readonly TrialRow[] } = { rows: [] };
  const changes = () => packChanges(current(), base.rows);
  return async () => {
    let since = changes();
    if (since.at.length > mostRowChanges) {
      const rows = current();
      base = { snapshot: await records.keepRows({ sweep, rows: packRows(rows) }), rows };
      since = changes();
    }
    return { ...(base.snapshot === undefined ? {} : { snapshot: base.snapshot }), changes: since };
  };
}
