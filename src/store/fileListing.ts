import { join } from 'node:path';
import type { FileReads } from './fileReads.js';
import type { FileWrites } from './fileWrites.js';
import { checkPrefix, compareKeys, reservedFolder } from './keys.js';
import { mapLimited } from './limits.js';
import type { ObjectInfo, ObjectStore } from './types.js';

/** Files of one folder that are asked for their size and age at a time. */
const parallelStatuses = 32;

/** Of a store's file system, and how its errors are explained: to do what, with which key. */
interface Operations {
  reads: FileReads;
  files: Pick<FileWrites, 'stat'>;
  explained: <T>(action: string, key: string, work: () => Promise<T>) => Promise<T>;
}

/** How a store in a folder is listed: its folders are walked in the order of the keys, its own folder left out. */
export function createFileListing(
  folder: string,
  { reads, files, explained }: Operations,
): Pick<ObjectStore, 'list' | 'listFolders'> {
  async function entriesOf(path: string): Promise<{ name: string; isFolder: boolean }[]> {
    return (await reads.folder(path))
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .filter((entry) => !(path === folder && entry.name === reservedFolder))
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => compareKeys(a.isFolder ? `${a.name}/` : a.name, b.isFolder ? `${b.name}/` : b.name));
  }

  /** Objects below a folder whose first component begins with `start`. */
  async function* walk(folderKey: string, start: string): AsyncGenerator<ObjectInfo> {
    const path = folderKey === '' ? folder : join(folder, folderKey);
    const entries = (await explained('list', folderKey, () => entriesOf(path))).filter(({ name }) =>
      name.startsWith(start),
    );
    const statuses = await mapLimited(entries, parallelStatuses, ({ name, isFolder }) =>
      isFolder ? Promise.resolve(undefined) : files.stat(join(path, name)).catch(() => undefined),
    );
    for (const [index, { name, isFolder }] of entries.entries()) {
      const key = folderKey === '' ? name : `${folderKey}/${name}`;
      const status = statuses[index];
      if (isFolder) yield* walk(key, '');
      else if (status) yield { key, bytes: status.size, modifiedAt: status.mtime };
    }
  }

  /** Is there a file in a folder, however deep? */
  async function hasObject(path: string): Promise<boolean> {
    const entries = await reads.folder(path);
    if (entries.some((entry) => entry.isFile())) return true;
    for (const entry of entries)
      if (entry.isDirectory() && (await hasObject(join(path, entry.name)))) return true;
    return false;
  }

  return {
    async *list(prefix) {
      checkPrefix(prefix);
      const slash = prefix.lastIndexOf('/');
      yield* walk(prefix.slice(0, Math.max(0, slash)), prefix.slice(slash + 1));
    },

    async *listFolders(prefix) {
      checkPrefix(prefix);
      const folderKey = prefix.replace(/\/$/, '');
      const path = folderKey === '' ? folder : join(folder, folderKey);
      for (const { name, isFolder } of await explained('list', prefix, () => entriesOf(path)))
        if (isFolder && (await explained('list', prefix, () => hasObject(join(path, name))))) yield name;
    },
  };
}
