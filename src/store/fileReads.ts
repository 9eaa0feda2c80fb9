import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, type Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { codeOf } from './fileErrors.js';

/** Objects up to this size are records, manifests and the like; a larger one is read by another thread. */
const smallBytes = 256 * 1024;
/** The event loop has its turn after this long, however many small reads wait. */
const sliceMilliseconds = 10;
/** A file system of which most answers take longer than this is asked by other threads. */
const quickMilliseconds = 0.5;
/** After which it may show that it is quick again. */
const slowForMilliseconds = 1000;
/** "Most" is of about so many reads. Their mean would count an interruption by another program, which says nothing of the disk. */
const recentReads = 16;

export interface FileReads {
  /** The content, or undefined where there is no file. */
  file(path: string): Promise<Buffer | undefined>;
  /** What is directly in a folder; nothing where there is no folder. */
  folder(path: string): Promise<Dirent[]>;
}

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error));
}

/** Undefined where it is large; null where it is no file. */
function readSmall(path: string): Buffer | null | undefined {
  // Opening a pipe would wait for whoever writes to it.
  const handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const status = fstatSync(handle);
    if (!status.isFile()) return null;
    return status.size > smallBytes ? undefined : readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Reads files and folders of a local disk. What the system has in its cache it gives in some 20 µs; handing that to another thread
 * and back costs several times as much, four times a file, which for thousands of records is seconds. So small reads are done at once, as
 * long as the file system is quick; a slow one (a network, a sleeping disk) is asked by other threads, several reads at a time.
 */
export function createFileReads(now: () => number = () => performance.now()): FileReads {
  let slowShare = 0;
  let slowUntil = -Infinity;
  let sliceEnds = -Infinity;

  /** Is it our turn to read at once? */
  async function mayRead(): Promise<boolean> {
    if (now() < slowUntil) return false;
    if (now() > sliceEnds) {
      await setImmediate();
      sliceEnds = now() + sliceMilliseconds;
    }
    return true;
  }

  function timed<T>(read: () => T): T {
    const begun = now();
    try {
      return read();
    } finally {
      const slow = now() - begun > quickMilliseconds ? 1 : 0;
      slowShare += (slow - slowShare) / recentReads;
      if (slowShare > 0.5) {
        slowUntil = now() + slowForMilliseconds;
        slowShare = 0;
      }
    }
  }

  return {
    async file(path) {
      try {
        const small = (await mayRead()) ? timed(() => readSmall(path)) : undefined;
        return small === null ? undefined : (small ?? (await readFile(path)));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    async folder(path) {
      try {
        return (await mayRead())
          ? timed(() => readdirSync(path, { withFileTypes: true }))
          : await readdir(path, { withFileTypes: true });
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    },
  };
}
