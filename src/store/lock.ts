import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { RgsweepError } from '../errors.js';
import { codeOf } from './fileErrors.js';
import { createFileWrites, type FileWrites } from './fileWrites.js';

/**
 * Locks between processes that share a folder, made of hard links alone.
 *
 * A lock is a file whose name exists exactly while it is held, or was held by a process that died. It appears with its
 * content (who holds it, with a token that never repeats) by `link`, which fails when the name exists. Nobody but its
 * holder removes it, since no file system can remove a file only if it still has a certain content. A lock whose holder
 * died is inherited instead: whoever links `<name>~<dead token>` holds it, provided that the lock still shows the dead
 * token afterwards. The heir removes the lock first and its inheritance second, so a latecomer that inherits from a
 * holder already replaced sees another token, or none, and tries again.
 */

const ownerSchema = z.object({
  token: z.string().regex(/^[0-9a-f-]{36}$/),
  machine: z.string(),
  pid: z.int(),
  started: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

/** A holder on another machine cannot be asked whether it lives; locks are held for milliseconds. */
const foreignHolderSeconds = 60;
const waitSeconds = 120;

function readOr(otherwise: string, read: () => string): string {
  try {
    return read().trim();
  } catch {
    return otherwise;
  }
}

/**
 * Start time of a process since boot: together with its id it names a process for good. Linux only, else empty.
 * `ended` is a process that was killed but whose parent has not yet taken notice.
 */
function processStatus(pid: number): { ended: boolean; started: string } {
  const line = readOr('', () => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return { ended: fields[0] === 'Z' || fields[0] === 'X', started: fields[19] ?? '' };
}

/** Processes with equal `machine` see each other's process ids. */
const machine = [
  hostname(),
  readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
  readOr('', () => readlinkSync('/proc/self/ns/pid')),
].join(' ');
const self = { machine, pid: process.pid, started: processStatus(process.pid).started };

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const status = processStatus(pid);
  return !status.ended && status.started === started;
}

interface Held {
  token: string;
  owner: Owner | undefined;
  changedAt: number;
}

/** Who a lock file names; undefined when there is no such file. A file that a power failure emptied names nobody. */
async function readHolder(file: string): Promise<Held | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mtimeMs, ino } = await handle.stat();
    let content: unknown;
    try {
      content = JSON.parse(await handle.readFile('utf8'));
    } catch {
      content = undefined;
    }
    const { data: owner } = ownerSchema.safeParse(content);
    return { token: owner?.token ?? `${ino}-${Math.trunc(mtimeMs)}`, owner, changedAt: mtimeMs };
  } finally {
    await handle.close();
  }
}

async function linkIfAbsent(files: FileWrites, from: string, to: string): Promise<boolean> {
  try {
    await files.link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function removeIfPresent(files: FileWrites, file: string): Promise<void> {
  await files.unlink(file).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

/**
 * One try: the files to remove at release, in their order, or undefined when a living process holds the lock.
 * @param now the file system's own time, in milliseconds
 */
async function tryAcquire(
  operations: FileWrites,
  ours: string,
  lock: string,
  now: () => Promise<number>,
): Promise<string[] | undefined> {
  const files = [lock];
  const tokens: string[] = [];
  for (;;) {
    const file = files.at(-1)!;
    if (await linkIfAbsent(operations, ours, file)) break;
    const holder = await readHolder(file);
    if (!holder) return undefined;
    const { owner, changedAt } = holder;
    const dead =
      owner?.machine === machine ? !isAlive(owner) : (await now()) - changedAt > 1000 * foreignHolderSeconds;
    if (!dead) return undefined;
    tokens.push(holder.token);
    files.push(`${lock}~${holder.token}`);
  }
  const still = await Promise.all(
    tokens.map(async (token, index) => (await readHolder(files[index]!))?.token === token),
  );
  if (still.every(Boolean)) return files;
  await removeIfPresent(operations, files.at(-1)!);
  return undefined;
}

export interface Locks {
  /** Runs `work` while no other process, and no other call in this one, holds the lock of that name. */
  hold<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/**
 * @param folder where locks lie
 * @param temporary a folder of the same file system for files in the making
 * @param operations of that file system
 */
export function createLocks(folder: string, temporary: string, operations = createFileWrites()): Locks {
  const queues = new Map<string, Promise<unknown>>();

  async function acquire(lock: string, name: string): Promise<string[]> {
    const token = randomUUID();
    const ours = join(temporary, token);
    // Of a lock nothing has to survive a power failure.
    await operations.write(ours, Buffer.from(JSON.stringify({ token, ...self })), false);
    try {
      const begun = performance.now();
      const now = async () => (await operations.stat(ours)).mtimeMs + performance.now() - begun;
      for (let delay = 1; ; delay = Math.min(20, 1.5 * delay)) {
        const files = await tryAcquire(operations, ours, lock, now);
        if (files) return files;
        if (performance.now() - begun > 1000 * waitSeconds) {
          const owner = (await readHolder(lock))?.owner;
          throw new RgsweepError(
            'store-unavailable',
            `${name} has been locked by process ${owner?.pid ?? '?'} for more than ${waitSeconds} s`,
            { remedy: `end that process, or remove ${lock} when there is none` },
          );
        }
        await sleep(delay * (0.5 + Math.random()));
      }
    } finally {
      await removeIfPresent(operations, ours);
    }
  }

  async function holdAcrossProcesses<T>(name: string, work: () => Promise<T>): Promise<T> {
    const lock = join(folder, createHash('sha256').update(name).digest('hex').slice(0, 32));
    const files = await acquire(lock, name);
    try {
      return await work();
    } finally {
      for (const file of files) await removeIfPresent(operations, file);
    }
  }

  return {
    hold(name, work) {
      const before = queues.get(name) ?? Promise.resolve();
      const mine = before.then(() => holdAcrossProcesses(name, work));
      const settled = mine.catch(() => undefined);
      queues.set(name, settled);
      void settled.then(() => {
        if (queues.get(name) === settled) queues.delete(name);
      });
      return mine;
    },
  };
}
