import type { Client } from '@temporalio/client';
import { parseIdentity, type WorkerIdentity } from './workerIdentity.js';

/** A worker that asked the server for tasks of a queue lately. */
export interface Poller {
  identity: string;
  /** When it said so itself. */
  worker: WorkerIdentity | undefined;
  /** Milliseconds since 1970 of its last question. */
  askedAt: number;
}

const queueTypes = { workflow: 1, activity: 2 } as const;

/** A worker asks again at least this often while it has a free slot: the server's long poll. */
export const longPollMilliseconds = 60_000;

/**
 * Workers of a task queue, newest question first. The server forgets one that has not asked for five minutes, so a worker whose slots
 * are all busy for longer is not among them.
 */
export async function listPollers(
  client: Client,
  taskQueue: string,
  type: keyof typeof queueTypes,
): Promise<Poller[]> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: queueTypes[type],
  });
  return (pollers ?? [])
    .map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      worker: parseIdentity(identity ?? ''),
      askedAt: 1000 * Number(lastAccessTime?.seconds ?? 0) + Number(lastAccessTime?.nanos ?? 0) / 1e6,
    }))
    .sort((a, b) => b.askedAt - a.askedAt);
}

/** A worker that has not asked for longer than this has stopped, or has no free slot; what is above the long poll is for clocks that differ. */
const silentMilliseconds = longPollMilliseconds + 15_000;

export const isSilent = ({ askedAt }: Poller, now: number): boolean => now - askedAt > silentMilliseconds;

/**
 * `1 of 2 last asked 130 s ago: stopped`, of workers that the server has not forgotten yet; undefined where all ask.
 * @param busy a worker without a free slot asks for nothing either
 * @param now milliseconds since 1970
 */
export function describeSilent(
  pollers: readonly Poller[],
  { busy, now }: { busy: boolean; now: number },
): string | undefined {
  const silent = pollers.filter((one) => isSilent(one, now));
  if (silent.length === 0) return undefined;
  const seconds = Math.round((now - Math.max(...silent.map(({ askedAt }) => askedAt))) / 1000);
  const which = pollers.length === 1 ? '' : `${silent.length} of ${pollers.length} `;
  return `${which}last asked ${seconds} s ago: stopped${busy ? ', or all slots busy' : ''}`;
}

/** Trainer slots of a queue's workers, as far as they said how many they have. */
export const slotsOf = (pollers: readonly Poller[]): number =>
  pollers.reduce((sum, { worker }) => sum + (worker?.slots ?? 0), 0);
