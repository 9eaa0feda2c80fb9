import { patched } from '@temporalio/workflow';
import { local, recorders, type Recorders } from './controlActivities.js';

/** Changes of before that were all asked once; a later one asks for a patch of its own in `versionsOfRun`. */
type EarlierChange =
  | 'failures-are-recorded'
  | 'goes-on-after-its-end'
  | 'notices-before-handlers'
  | 'rebuild-before-data'
  | 'retries-are-kept'
  | 'segments-start-together'
  | 'stop-ends-preparation';

/** What a run does, by the code that its history began with. */
export interface Versions {
  /** It asks once and has no local activities. */
  askedOnce: boolean;
  /** Does it do what a change brought? */
  since: (change: EarlierChange) => boolean;
  /** The sweep's own short activities. */
  records: Recorders;
  /** The same of updates. */
  recordsOfUpdates: () => Recorders;
  /** Rows that may differ from the last snapshot before another one is kept (workflows/rowPin.ts). */
  mostRowChanges: number;
}

/**
 * To be called at once, before anything is waited for. A local activity that a query overlaps is replayed at another time than it ended at:
 * what `patched` answers just after it, and what came with it, differ then, and the history does not replay
 * (docs/decisions/no-local-activities.md). So new runs have none, and ask once, here, for all changes.
 */
export function versionsOfRun(): Versions {
  if (patched('asked-once'))
    return {
      askedOnce: true,
      since: () => true,
      records: recorders,
      recordsOfUpdates: () => recorders,
      mostRowChanges: 64,
    };
  return {
    askedOnce: false,
    since: patched,
    records: local,
    recordsOfUpdates: () => (patched('updates-record-by-activities') ? recorders : local),
    mostRowChanges: 256,
  };
}
