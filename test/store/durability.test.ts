/**
 * What survives a power failure, without one: which files and folders were synced to the disk before a write resolved, in which
 * order. POSIX promises nothing of a file that `fsync` was not called for, nor of its name without one of the folder.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileStore } from '../../src/store/file.js';
import { createFileWrites, type FileWrites } from '../../src/store/fileWrites.js';
import type { ObjectStore } from '../../src/store/types.js';

let root: string;
let store: ObjectStore;
/** What happened, oldest first: `sync FOLDER`, `move FILE`, `write durable` or `write loose`; paths relative to the store. */
let events: string[];

/** The same operations, written down once they are done. */
function recorded(files: FileWrites): FileWrites {
  const inside = (path: string) => relative(join(root, 'store'), path) || '.';
  const isObject = (path: string) => !inside(path).startsWith('.rgsweep-store');
  const note = (path: string, text: string) => void (isObject(path) && events.push(text));
  return {
    ...files,
    async write(path, body, isDurable) {
      await files.write(path, body, isDurable);
      // Locks are written in the same way; nothing of theirs has to survive.
      if (!String(Buffer.from(body)).includes('"pid"'))
        events.push(`write ${isDurable ? 'durable' : 'loose'}`);
    },
    async copy(from, to, isDurable) {
      await files.copy(from, to, isDurable);
      events.push(`write ${isDurable ? 'durable' : 'loose'}`);
    },
    async syncFolder(folder) {
      await files.syncFolder(folder);
      note(folder, `sync ${inside(folder)}`);
    },
    async link(from, to) {
      await files.link(from, to);
      note(to, `move ${inside(to)}`);
    },
    async rename(from, to) {
      await files.rename(from, to);
      note(to, `move ${inside(to)}`);
    },
  };
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'rgsweep-durability-test-'));
  events = [];
  writeFileSync(join(root, 'local'), 'x');
  store = await openFileStore(join(root, 'store'), { files: recorded(createFileWrites()) });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Everything that makes an object findable after a power failure, its content first. */
function expectOnDisk(key: string, foldersMade: readonly string[]): void {
  const [first, second, ...syncs] = events;
  expect(first).toBe('write durable');
  expect(second).toBe(`move ${key}`);
  const folders = new Set([dirname(key), ...foldersMade.map((folder) => dirname(folder))]);
  // That of the store itself lies outside.
  expect(syncs.filter((event) => event !== 'sync ..').sort()).toEqual(
    [...folders].map((folder) => `sync ${folder}`).sort(),
  );
}

describe('when a write resolves', () => {
  const writes: [string, (key: string) => Promise<unknown>][] = [
    ['put', (key) => store.put(key, Buffer.from('x'))],
    ['putIfAbsent', (key) => store.putIfAbsent(key, Buffer.from('x'))],
    ['upload', (key) => store.upload(key, join(root, 'local'))],
  ];
  for (const [name, write] of writes)
    it(`of ${name}, content, name and new folders are on the disk`, async () => {
      await write('a/b/c/object');
      expectOnDisk('a/b/c/object', ['a', 'a/b', 'a/b/c']);
      expect(events).toContain('sync ..');
      events = [];
      await write('a/b/c/second');
      expectOnDisk('a/b/c/second', []);
      events = [];
      await write('a/b/d/third');
      expectOnDisk('a/b/d/third', ['a/b/d']);
    });

  it('of putIfMatch, the new content is', async () => {
    const tag = await store.put('a/object', Buffer.from('x'));
    events = [];
    await store.putIfMatch('a/object', Buffer.from('y'), tag);
    expectOnDisk('a/object', []);
  });

  it('of a deletion, the folder is', async () => {
    await store.put('a/object', Buffer.from('x'));
    events = [];
    await store.delete('a/object');
    expect(events).toEqual(['sync a']);
  });

  it('that need not be durable, nothing waited for the disk, and folders it made count as not synced', async () => {
    await store.put('a/b/object', Buffer.from('x'), { isDurable: false });
    expect(events).toEqual(['write loose', 'move a/b/object']);
    expect(String((await store.get('a/b/object'))!.body)).toBe('x');
    events = [];
    await store.put('a/b/next', Buffer.from('y'));
    expectOnDisk('a/b/next', ['a', 'a/b']);
  });

  it('of a download, the file is whole, and the disk was not waited for', async () => {
    await store.put('object', Buffer.from('x'));
    events = [];
    expect(await store.download('object', join(root, 'copy'))).toBe(true);
    expect(events.filter((event) => event.startsWith('write') || event.startsWith('sync'))).toEqual([
      'write loose',
    ]);
  });
});

describe('should the disk fail at the folder', () => {
  it('the write fails, and the next one syncs what is not on the disk yet', async () => {
    const files = createFileWrites();
    let broken = true;
    const failing = await openFileStore(join(root, 'store'), {
      patienceSeconds: 0,
      files: recorded({
        ...files,
        async syncFolder(folder) {
          if (broken) throw Object.assign(new Error('i/o error'), { code: 'EIO' });
          await files.syncFolder(folder);
        },
      }),
    });
    await expect(failing.put('a/object', Buffer.from('x'))).rejects.toThrow(/EIO|i\/o error/);
    broken = false;
    events = [];
    await failing.put('a/object', Buffer.from('y'));
    expectOnDisk('a/object', ['a']);
  });
});
