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

/** Trainer slots of a queue's workers, as far as they said how many they have. */
export const slotsOf = (pollers: readonly Poller[]): number =>
  pollers.reduce((sum, { worker }) => sum + (worker?.slots ?? 0), 0);
