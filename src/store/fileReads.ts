import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, type Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { codeOf } from './fileErrors.js';
import { createPace, smallBytes } from './pace.js';

export interface FileReads {
  /** The content, or undefined where there is no file. */
  file(path: string): Promise<Buffer | undefined>;
  /** The content of a small file; undefined of a large one, and null where there is no file. */
  small(path: string): Promise<Buffer | undefined | null>;
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

/** Reads files and folders of a local disk, what is small at once (`createPace`): for thousands of records that is seconds. */
export function createFileReads(pace = createPace()): FileReads {
  async function small(path: string): Promise<Buffer | undefined | null> {
    try {
      return await pace.quick(
        () => readSmall(path),
        () => Promise.resolve(undefined),
      );
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  return {
    small,

    async file(path) {
      try {
        const content = await small(path);
        return content === null ? undefined : (content ?? (await readFile(path)));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    async folder(path) {
      try {
        return await pace.quick(
          () => readdirSync(path, { withFileTypes: true }),
          () => readdir(path, { withFileTypes: true }),
        );
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    },
  };
}
