import * as fs from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  rename,
  rmdir,
  stat,
  unlink,
  writeFile as writeFileLater,
} from 'node:fs/promises';
import { promisify } from 'node:util';
import { codeOf } from './fileErrors.js';
import { createPace, smallBytes } from './pace.js';

/** By numbers of open files: a FileHandle costs more than what is done with it. */
const openFile = promisify(fs.open);
const closeFile = promisify(fs.close);
const syncFile = promisify(fs.fsync);
const writeAll = promisify(fs.writeFile);

const newCopy = fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE;

/**
 * What a store in a folder does to files, each operation at once where the file system is quick (`createPace`), and waiting for
 * the disk always by another thread.
 */
export interface FileWrites {
  stat(path: string): Promise<fs.Stats>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  /** Makes a folder with those above it; one that is there is no error. */
  mkdir(path: string): Promise<void>;
  /** Writes a new file, whole, or leaves none; `isDurable`: on the disk when it resolves. */
  write(path: string, body: Uint8Array, isDurable: boolean): Promise<void>;
  /** The same with the content of another file. */
  copy(from: string, to: string, isDurable: boolean): Promise<void>;
  /** Makes a folder's entries survive a power failure; where folders cannot be opened, the file system sees to it. */
  syncFolder(folder: string): Promise<void>;
}

/** Operations on the files of a local disk. */
export function createFileWrites(pace = createPace()): FileWrites {
  const close = (file: number) =>
    pace.quick(
      () => fs.closeSync(file),
      () => closeFile(file),
    );
  const removeQuietly = (path: string) =>
    pace
      .quick(
        () => fs.unlinkSync(path),
        () => unlink(path),
      )
      .catch(() => undefined);

  /** Opens a new file and writes to it. */
  async function fill(path: string, body: Uint8Array): Promise<number> {
    const file = await pace.quick(
      () => fs.openSync(path, 'wx'),
      () => openFile(path, 'wx'),
    );
    try {
      if (body.length > smallBytes) await writeAll(file, body);
      else
        await pace.quick(
          () => fs.writeFileSync(file, body),
          () => writeAll(file, body),
        );
      return file;
    } catch (error) {
      await close(file);
      throw error;
    }
  }

  async function syncAndClose(file: number): Promise<void> {
    try {
      await syncFile(file);
    } finally {
      await close(file);
    }
  }

  return {
    stat: (path) =>
      pace.quick(
        () => fs.statSync(path),
        () => stat(path),
      ),
    link: (from, to) =>
      pace.quick(
        () => fs.linkSync(from, to),
        () => link(from, to),
      ),
    rename: (from, to) =>
      pace.quick(
        () => fs.renameSync(from, to),
        () => rename(from, to),
      ),
    unlink: (path) =>
      pace.quick(
        () => fs.unlinkSync(path),
        () => unlink(path),
      ),
    rmdir: (path) =>
      pace.quick(
        () => fs.rmdirSync(path),
        () => rmdir(path),
      ),
    async mkdir(path) {
      await pace.quick(
        () => fs.mkdirSync(path, { recursive: true }),
        () => mkdir(path, { recursive: true }),
      );
    },
    async write(path, body, isDurable) {
      try {
        if (isDurable) await syncAndClose(await fill(path, body));
        else if (body.length > smallBytes) await writeFileLater(path, body, { flag: 'wx' });
        else
          await pace.quick(
            () => fs.writeFileSync(path, body, { flag: 'wx' }),
            () => writeFileLater(path, body, { flag: 'wx' }),
          );
      } catch (error) {
        await removeQuietly(path);
        throw error;
      }
    },

    async copy(from, to, isDurable) {
      try {
        const isSmall = (await this.stat(from)).size <= smallBytes;
        if (isSmall)
          await pace.quick(
            () => fs.copyFileSync(from, to, newCopy),
            () => copyFile(from, to, newCopy),
          );
        else await copyFile(from, to, newCopy);
        if (!isDurable) return;
        const file = await pace.quick(
          () => fs.openSync(to, 'r'),
          () => openFile(to, 'r'),
        );
        await syncAndClose(file);
      } catch (error) {
        await removeQuietly(to);
        throw error;
      }
    },

    async syncFolder(folder) {
      let file: number;
      try {
        file = await pace.quick(
          () => fs.openSync(folder, fs.constants.O_RDONLY),
          () => openFile(folder, fs.constants.O_RDONLY),
        );
      } catch (error) {
        if (['EISDIR', 'EPERM', 'EACCES', 'ENOENT'].includes(codeOf(error))) return;
        throw error;
      }
      try {
        await syncFile(file);
      } catch (error) {
        if (!['EINVAL', 'EPERM', 'ENOTSUP', 'EBADF'].includes(codeOf(error))) throw error;
      } finally {
        await close(file);
      }
    },
  };
}
