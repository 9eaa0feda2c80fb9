import { RgsweepError } from '../errors.js';
import { readSnapshot, readSpec } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepSnapshot } from '../sweep/types.js';
import { connectStore, type StoreOption } from './connection.js';

/** Everything the store knows of a sweep. @throws RgsweepError('not-found') when it has none of that name */
export async function loadSnapshot(
  options: StoreOption,
  sweep: string,
): Promise<{ store: ObjectStore; snapshot: SweepSnapshot }> {
  const store = await connectStore(options);
  if (!(await readSpec(store, sweep)))
    throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`, {
      remedy: '`rgsweep list` shows the sweeps of a store; --store names another one',
    });
  return { store, snapshot: await readSnapshot(store, sweep) };
}
