import { layout } from './layout.js';
import { takeLease } from './lease.js';
import { mapLimited } from './limits.js';
import type { ObjectStore } from './types.js';

/** Objects deleted at a time. */
const parallelDeletes = 8;

/**
 * Deletes a trial's checkpoints, learning curve and samples, so that it begins from step 0. Its record and its log stay.
 * The lease is taken first: an attempt that still runs can save nothing any more. Manifests go before files, so that no
 * checkpoint is ever listed without being whole.
 *
 * @param owner names this taking of the lease; it must differ from every attempt's
 */
export async function emptyTrial(
  store: ObjectStore,
  sweep: string,
  trial: number,
  owner: string,
): Promise<void> {
  await takeLease(store, sweep, trial, owner);
  const manifests: string[] = [];
  const others: string[] = [];
  const folder = `${layout.trial(sweep, trial)}/`;
  for await (const { key } of store.list(folder)) {
    const part = layout.parseTrialKey(sweep, key);
    if (part?.kind === 'manifest') manifests.push(key);
    else if (part && ['checkpointFile', 'curve', 'samples'].includes(part.kind)) others.push(key);
  }
  for (const keys of [manifests, others]) await mapLimited(keys, parallelDeletes, (key) => store.delete(key));
}
