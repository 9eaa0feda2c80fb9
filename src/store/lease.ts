import { z } from 'zod';
import { setTimeout as sleep } from 'node:timers/promises';
import { RgsweepError } from '../errors.js';
import { encodeJson } from './json.js';
import { layout } from './layout.js';
import type { ObjectStore } from './types.js';

/** The right of one attempt to write a trial's checkpoints, until another attempt takes it. */
export interface Lease {
  sweep: string;
  trial: number;
  /** Grows by one with every taking; the highest is the valid one. */
  fence: number;
  /** Who took it; told apart from a rival of the same fence after a damaged lease file. */
  owner: string;
  takenAt: string;
  /** When its owner's work was ordered, by the clock of whoever orders (ms since 1970). */
  orderedAt?: number | undefined;
}

/** What an attempt says when it takes a lease: it may have slept since its work was ordered, and be forgotten. */
export interface LeaseClaim {
  /** Milliseconds since 1970 by the clock of whoever ordered the work, not by the attempt's own. */
  orderedAt: number;
  /** Asks whoever ordered the work if it is still wanted: only where another attempt seems to have been ordered later. */
  isCurrent: () => Promise<boolean>;
}

/** Another attempt has taken over the trial: this one must end, and is not to blame. */
export class LostLeaseError extends RgsweepError {
  constructor(lease: Lease, current: Lease | undefined) {
    super(
      'cancelled',
      `attempt ${lease.owner} (fence ${lease.fence}) no longer owns trial ${lease.trial} of sweep ${lease.sweep}: ` +
        (current
          ? `${current.owner} took it over with fence ${current.fence} at ${current.takenAt}`
          : 'its lease is gone'),
    );
    this.name = 'LostLeaseError';
  }
}

const leaseSchema = z.object({
  sweep: z.string(),
  trial: z.int().min(0),
  fence: z.int().min(1),
  owner: z.string(),
  takenAt: z.string(),
  orderedAt: z.number().optional(),
});

/** Attempts have names that begin with their fence, so that orphans tell who left them. */
export function attemptName(fence: number, unique: string): string {
  return `${fence}-${unique}`;
}

/** The inverse of `attemptName`'s first part; undefined for a name of another form. */
export function fenceOfAttempt(attempt: string): number | undefined {
  const match = /^(\d{1,15})-/.exec(attempt);
  return match ? Number(match[1]) : undefined;
}

function decodeLease(body: Uint8Array): Lease | undefined {
  try {
    return leaseSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** The lease in force; undefined when none was taken or its file is damaged. */
export async function readLease(
  store: ObjectStore,
  sweep: string,
  trial: number,
): Promise<Lease | undefined> {
  const object = await store.get(layout.lease(sweep, trial));
  return object && decodeLease(object.body);
}

/** Highest fence that any attempt has left files under: what a damaged lease is replaced from. */
async function highestUsedFence(store: ObjectStore, sweep: string, trial: number): Promise<number> {
  let highest = 0;
  for await (const { key } of store.list(`${layout.trial(sweep, trial)}/step-`)) {
    const part = layout.parseTrialKey(sweep, key);
    if (part?.kind === 'checkpointFile') highest = Math.max(highest, fenceOfAttempt(part.attempt) ?? 0);
  }
  return highest;
}

/**
 * Takes a trial over, from whoever had it: the fence number goes up by one, by compare-and-swap, so that of several
 * attempts that take it at once each gets its own number and the highest one keeps it.
 *
 * @param owner names this attempt; it must differ from every other attempt's
 * @param claim without it the attempt is taken to be the newest
 * @throws LostLeaseError when the lease is held by work that was ordered later and this attempt's is not wanted any more:
 * a worker that was stopped and goes on may otherwise begin with old work and take the trial from its successor
 */
export async function takeLease(
  store: ObjectStore,
  sweep: string,
  trial: number,
  owner: string,
  claim?: LeaseClaim,
): Promise<Lease> {
  const key = layout.lease(sweep, trial);
  for (let attempt = 1; attempt <= 100; attempt++) {
    const object = await store.get(key);
    const current = object && decodeLease(object.body);
    const before = current?.fence ?? (object ? await highestUsedFence(store, sweep, trial) : 0);
    const takenAt = new Date().toISOString();
    const lease: Lease = { sweep, trial, fence: before + 1, owner, takenAt, orderedAt: claim?.orderedAt };
    // Clocks of two servers may differ, so a later time alone is no proof.
    const outrun = claim && (current?.orderedAt ?? -Infinity) > claim.orderedAt;
    if (outrun && !(await claim.isCurrent())) throw new LostLeaseError(lease, current);
    const body = encodeJson(lease);
    const tag = object ? await store.putIfMatch(key, body, object.tag) : await store.putIfAbsent(key, body);
    if (tag !== undefined) return lease;
    await sleep(Math.random() * Math.min(200, 5 * attempt));
  }
  throw new RgsweepError(
    'store-unavailable',
    `${store.url} ${key}: other attempts took the lease 100 times in a row`,
    { remedy: 'see that only one sweep workflow runs this trial' },
  );
}

/** @throws LostLeaseError when another attempt has taken the trial over since */
export async function checkLease(store: ObjectStore, lease: Lease): Promise<void> {
  const current = await readLease(store, lease.sweep, lease.trial);
  if (current?.fence !== lease.fence || current.owner !== lease.owner)
    throw new LostLeaseError(lease, current);
}
