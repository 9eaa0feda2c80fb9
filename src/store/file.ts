import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RgsweepError } from '../errors.js';
import { codeOf, explainFileError, isFullDisk } from './fileErrors.js';
import { createFileListing } from './fileListing.js';
import { createFileReads } from './fileReads.js';
import { createFileWrites, type FileWrites } from './fileWrites.js';
import { checkKey, reservedFolder } from './keys.js';
import { createLocks } from './lock.js';
import { withRetries, type RetryOptions } from './retry.js';
import type { ObjectStore } from './types.js';

/** Age after which a file in the making has lost its maker: a killed process. */
const abandonedMilliseconds = 3600_000;
/** A full disk is given this long to be freed. */
const defaultPatienceSeconds = 10;

function tagOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The folder itself, or the nearest one above it that is there. */
async function existing(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await stat(at).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    if (found || dirname(at) === at) return at;
  }
}

async function removeQuietly(file: string): Promise<void> {
  await unlink(file).catch(() => undefined);
}

async function removeAbandoned(folder: string, isCandidate: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isCandidate(name)) continue;
    const file = join(folder, name);
    const status = await stat(file).catch(() => undefined);
    if (status && Date.now() - status.mtimeMs > abandonedMilliseconds) await removeQuietly(file);
  }
}

/**
 * A store in a folder: the key is the path below it. An object is written to a file of its own, synced to the disk and
 * moved into place, so a reader sees the old object or the whole new one, whatever is killed meanwhile. The tag is the
 * SHA-256 of the content. Any number of processes may share the folder; the file system must know hard links.
 *
 * As with any file system, a key cannot be the folder of another (`a` beside `a/b`), and on one that ignores case two
 * keys cannot differ in case alone.
 *
 * @throws RgsweepError('store-unavailable') when there is something at the path that is not a folder
 */
export async function openFileStore(
  folder: string,
  options: Partial<RetryOptions> & { files?: FileWrites } = {},
): Promise<ObjectStore> {
  const url = pathToFileURL(folder).href;
  const own = join(folder, reservedFolder);
  const temporary = join(own, 'temporary');
  const lockFolder = join(own, 'locks');
  const reads = createFileReads();
  const { files = createFileWrites() } = options;
  const locks = createLocks(lockFolder, temporary, files);
  const retry = { patienceSeconds: defaultPatienceSeconds, ...options };
  /** Folders whose own entry is known to be on the disk. */
  const syncedFolders = new Set<string>();
  let prepared: Promise<void> | undefined;

  const explained = async <T>(action: string, key: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await withRetries(work, isFullDisk, retry);
    } catch (error) {
      throw explainFileError(error, url, `${action} ${key}`);
    }
  };

  try {
    if (!(await stat(folder)).isDirectory())
      throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw explainFileError(error, url, 'be opened');
  }

  const pathOf = (key: string) => {
    checkKey(key);
    return join(folder, key);
  };

  /** Makes what the store needs for itself at the first write, so that reading a folder never changes it. */
  async function prepare(): Promise<void> {
    if (prepared) return prepared;
    prepared = (async () => {
      // Making folders on a read-only file system fails with a code that says nothing of it.
      await access(await existing(folder), constants.W_OK);
      await mkdir(temporary, { recursive: true });
      await mkdir(lockFolder, { recursive: true });
      await removeAbandoned(temporary, () => true);
      await removeAbandoned(lockFolder, (name) => name.includes('~'));
    })();
    prepared.catch(() => (prepared = undefined));
    return prepared;
  }

  /** Makes a folder; gives the folders to sync for it, those above what is not known to be on the disk. */
  async function makeFolder(path: string): Promise<string[]> {
    // Who removed it since is noticed when something is moved there (`place`).
    if (syncedFolders.has(path)) return [];
    await files.mkdir(path);
    const unsynced: string[] = [];
    for (let at = path; !syncedFolders.has(at); at = dirname(at)) {
      unsynced.push(at);
      if (at === folder || dirname(at) === at) break;
    }
    return unsynced;
  }

  /**
   * Moves or links a finished file to its place, whose folder another process may be removing as it becomes empty. The folders
   * are synced together afterwards: a file system makes one commit of what it is asked at once.
   */
  async function place<T>(path: string, isDurable: boolean, move: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const unsynced = await makeFolder(dirname(path));
        const result = await move();
        if (!isDurable) return result;
        const changed = new Set([dirname(path), ...unsynced.map((at) => dirname(at))]);
        await Promise.all([...changed].map((at) => files.syncFolder(at)));
        for (const at of unsynced) syncedFolders.add(at);
        return result;
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || attempt === 100) throw error;
        syncedFolders.clear();
      }
    }
  }

  async function withTemporary<T>(
    fill: (file: string) => Promise<void>,
    use: (file: string) => Promise<T>,
  ): Promise<T> {
    await prepare();
    const file = join(temporary, randomUUID());
    await fill(file);
    try {
      return await use(file);
    } finally {
      await files.unlink(file).catch(() => undefined);
    }
  }

  const writing =
    (body: Uint8Array, isDurable = true) =>
    (file: string) =>
      files.write(file, body, isDurable);

  async function replace(
    key: string,
    fill: (file: string) => Promise<void>,
    isDurable = true,
  ): Promise<void> {
    const path = pathOf(key);
    await explained('write', key, () =>
      withTemporary(fill, (file) =>
        locks.hold(key, () => place(path, isDurable, () => files.rename(file, path))),
      ),
    );
  }

  /** Removes the folders that a deleted object leaves empty, so that they are not listed. */
  async function removeEmptyFolders(path: string): Promise<void> {
    for (let at = dirname(path); at !== folder && at.startsWith(folder); at = dirname(at)) {
      try {
        await files.rmdir(at);
        syncedFolders.delete(at);
      } catch {
        return;
      }
    }
  }

  return {
    url,

    async get(key) {
      const path = pathOf(key);
      const body = await explained('read', key, () => reads.file(path));
      return body && { body, tag: tagOf(body) };
    },

    async put(key, body, { isDurable = true } = {}) {
      await replace(key, writing(body, isDurable), isDurable);
      return tagOf(body);
    },

    async putIfAbsent(key, body) {
      const path = pathOf(key);
      // Should the folder's sync fail after the link, the next try must know its own object.
      let linked = false;
      return explained('write', key, () =>
        withTemporary(writing(body), async (file) => {
          try {
            await place(path, true, async () => {
              if (!linked) await files.link(file, path);
              linked = true;
            });
            return tagOf(body);
          } catch (error) {
            if (codeOf(error) === 'EEXIST' && (await files.stat(path)).isFile()) return undefined;
            throw error;
          }
        }),
      );
    },

    async putIfMatch(key, body, tag) {
      const path = pathOf(key);
      let moved = false;
      return explained('write', key, () =>
        withTemporary(writing(body), (file) =>
          locks.hold(key, async () => {
            const current = moved ? undefined : await reads.file(path);
            if (!moved && (!current || tagOf(current) !== tag)) return undefined;
            await place(path, true, async () => {
              if (!moved) await files.rename(file, path);
              moved = true;
            });
            return tagOf(body);
          }),
        ),
      );
    },

    ...createFileListing(folder, { reads, files, explained }),

    async *leftovers(olderThanMilliseconds) {
      const names = await readdir(temporary).catch(() => []);
      for (const name of names) {
        const file = join(temporary, name);
        const status = await stat(file).catch(() => undefined);
        if (!status?.isFile() || Date.now() - status.mtimeMs < olderThanMilliseconds) continue;
        yield { what: `${reservedFolder}/temporary/${name}`, bytes: status.size, remove: () => unlink(file) };
      }
    },

    async delete(key) {
      const path = pathOf(key);
      await explained('delete', key, async () => {
        // A store that was never written to has nothing to delete, and no folder for locks.
        if (!(await files.stat(path).catch(() => undefined))) return;
        await prepare();
        await locks.hold(key, async () => {
          try {
            await files.unlink(path);
          } catch (error) {
            if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return;
            throw error;
          }
          await files.syncFolder(dirname(path));
          await removeEmptyFolders(path);
        });
      });
    },

    async download(key, file) {
      const path = pathOf(key);
      const exists = () =>
        files.stat(path).then(
          (status) => status.isFile(),
          () => false,
        );
      return explained('copy', `${key} to ${file}`, async () => {
        if (!(await exists())) return false;
        await files.mkdir(dirname(file));
        const partial = `${file}.${randomUUID()}.partial`;
        try {
          await files.copy(path, partial, false);
        } catch (error) {
          if (!(await exists())) return false;
          throw error;
        }
        await files.rename(partial, file);
        return true;
      });
    },

    async upload(key, file) {
      if (!(await files.stat(file).catch(() => undefined)))
        throw new RgsweepError('data-missing', `there is no file ${file} to copy to ${url}`);
      await replace(key, (copy) => files.copy(file, copy, true));
    },
  };
}
