import { randomUUID } from 'node:crypto';
import type { ObjectStore } from './types.js';

/** Writes and removes a small object. @throws RgsweepError('store-unavailable') saying why the store takes none */
export async function tryStore(store: ObjectStore): Promise<void> {
  const key = `doctor/${randomUUID()}`;
  await store.put(key, Buffer.from('rgsweep\n'));
  await store.delete(key);
}
