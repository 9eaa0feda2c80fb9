import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, RgsweepError } from '../errors.js';
import { identify, isAlive, type ProcessIdentity } from './identity.js';

interface LockFile extends ProcessIdentity {
  /** Tells two locks of one process apart. */
  token: string;
}

export interface Lock {
  /** Gives the folder back; calling it again does nothing. */
  release(): void;
}

function readLock(file: string): LockFile | 'broken' | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockFile;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'broken';
  }
}

function sameLock(a: LockFile | 'broken' | undefined, b: LockFile | 'broken' | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  return a.token === b.token;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Takes a folder for one `rgsweep up`. The lock of a process that has died is taken over; a lock file appears whole or
 * not at all, so that no reader can mistake one that is being written for a broken one.
 *
 * @throws RgsweepError('conflict') naming the process that holds the folder
 * @throws RgsweepError('store-unavailable') when the folder cannot be written
 */
export async function lockFolder(folder: string): Promise<Lock> {
  const file = join(folder, 'up.lock');
  const own: LockFile = {
    ...(identify(process.pid) ?? { pid: process.pid, started: '' }),
    token: randomUUID(),
  };
  const draft = `${file}.${own.token}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(draft, JSON.stringify(own));
  } catch (error) {
    throw new RgsweepError('store-unavailable', `cannot write into ${folder}: ${messageOf(error)}`, {
      remedy: 'make the folder writable, or name another one with RGSWEEP_HOME',
      cause: error,
    });
  }
  try {
    for (;;) {
      try {
        linkSync(draft, file);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readLock(file);
      if (holder === undefined) continue;
      if (holder !== 'broken' && isAlive(holder))
        throw new RgsweepError('conflict', `another rgsweep (process ${holder.pid}) is using ${folder}`, {
          remedy: `wait for it, end it with \`kill ${holder.pid}\`, or name another folder with RGSWEEP_HOME`,
        });
      await takeAway(file, holder, `${draft}.stale`);
    }
    return {
      release: () => {
        if (sameLock(readLock(file), own)) rmSync(file, { force: true });
      },
    };
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a stale lock, and only that one: another process may have replaced it in the meantime. */
async function takeAway(file: string, stale: LockFile | 'broken', aside: string): Promise<void> {
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (!sameLock(readLock(aside), stale)) {
    try {
      linkSync(aside, file);
    } catch {
      // A third process holds it by now; the loop above sees that.
    }
    await sleep(50);
  }
  rmSync(aside, { force: true });
}
