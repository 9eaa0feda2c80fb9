import { defaultSupervision, type SweepSpec, type SweepState } from './types.js';

/** A namespace of a Temporal server, as one of its control workers knows it. */
export interface ServerPlace {
  /** The server made it with the namespace: no two servers have the same, and a new database has a new one. */
  namespaceId: string;
  namespace: string;
  /** By which the worker reaches the server. */
  address: string;
  /** The worker's machine. */
  host: string;
}

/** Where a sweep runs, and the ISO time at which it was last seen at work there. */
export interface SweepOwner extends ServerPlace {
  seenAt: string;
}

/** While a sweep has open segments its owner says so this often. */
export const seenEveryMilliseconds = 60_000;
/** After so long without a word a sweep is at rest, and any server may go on with it. */
const restMilliseconds = 5 * seenEveryMilliseconds;

/**
 * The server that seems to be at work on a sweep, when it is another one: both would train the same trials and overwrite each other's
 * records. A sweep that has ended is nobody's, nor is one that nobody has worked on for some minutes.
 *
 * @param namespaceId of the server that would go on with it
 * @param now milliseconds since 1970
 * @returns with the time (milliseconds since 1970) from which on it counts as at rest
 */
export function workedOnElsewhere(
  record: { state: SweepState; owner?: SweepOwner } | undefined,
  { spec, namespaceId, now }: { spec: SweepSpec; namespaceId: string; now: number },
): { owner: SweepOwner; restsAt: number } | undefined {
  const owner = record?.owner;
  if (!owner || (record.state !== 'running' && record.state !== 'paused')) return undefined;
  if (owner.namespaceId === namespaceId) return undefined;
  // It is said with the look at open segments, which is as frequent as a worker may be silent.
  const { heartbeatSeconds } = spec.supervision ?? defaultSupervision;
  const restsAt = Date.parse(owner.seenAt) + Math.max(restMilliseconds, 3000 * heartbeatSeconds);
  return now < restsAt ? { owner, restsAt } : undefined;
}
