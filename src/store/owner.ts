import { seenEveryMilliseconds, type ServerPlace, type SweepOwner } from '../sweep/owner.js';
import { decodeJson, encodeJson } from './json.js';
import { layout } from './layout.js';
import type { SweepRecord } from './records.js';
import type { ObjectStore } from './types.js';

/**
 * Says in sweep.json that a sweep is at work on this server, unless that was said a moment ago. Who changes the record at the same
 * time wins: it is said again soon.
 *
 * @param now milliseconds since 1970
 * @returns the owner where it is another server, which is then left alone
 */
export async function keepSeen(
  store: ObjectStore,
  sweep: string,
  place: ServerPlace,
  now = Date.now(),
): Promise<SweepOwner | undefined> {
  const key = layout.sweepRecord(sweep);
  const present = await store.get(key);
  if (!present) return undefined;
  const record = decodeJson(present.body, `${store.url} ${key}`) as SweepRecord;
  const { owner } = record;
  if (owner && owner.namespaceId !== place.namespaceId) return owner;
  if (owner && Math.abs(now - Date.parse(owner.seenAt)) < seenEveryMilliseconds - 5000) return undefined;
  const seen: SweepRecord = { ...record, owner: { ...place, seenAt: new Date(now).toISOString() } };
  await store.putIfMatch(key, encodeJson(seen), present.tag);
  return undefined;
}
