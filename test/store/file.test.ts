import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { openFileStore } from '../../src/store/file.js';
import { createLocks } from '../../src/store/lock.js';
import { bundleProgram } from './bundle.js';

let root: string;
let program: { file: string; remove: () => void };

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rgsweep-file-test-'));
  program = await bundleProgram(new URL('programs.ts', import.meta.url));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  program.remove();
});

function start(...args: string[]): { child: ChildProcess; lines: string[]; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [program.file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, lines, ended: once(child, 'close').then(([code]) => code as number | null) };
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !condition(); await sleep(5))
    if (Date.now() > deadline) throw new Error('waited for 30 s');
}

async function failureOf(promise: Promise<unknown>): Promise<RgsweepError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RgsweepError);
  return error as RgsweepError;
}

describe('several processes on one folder', () => {
  it('lose no increment of a counter', async () => {
    const folder = join(root, 'counter');
    const store = await openFileStore(folder);
    await store.put('counter', Buffer.from('0'));
    const children = Array.from({ length: 4 }, () => start('increment', folder, '40'));
    expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    expect(Buffer.from((await store.get('counter'))!.body).toString()).toBe('160');
  });

  it('lose no reported increment when they are killed, and make none twice', async () => {
    const folder = join(root, 'killed-counter');
    const store = await openFileStore(folder);
    await store.put('counter', Buffer.from('0'));
    let kills = 0;
    let reported = 0;
    await Promise.all(
      Array.from({ length: 3 }, async (_, index) => {
        for (let round = 0; round < 4; round++) {
          const { child, lines, ended } = start('increment', folder, '100000');
          await until(() => lines.length >= 3 + 5 * index);
          child.kill('SIGKILL');
          await ended;
          kills++;
          reported += lines.length;
        }
      }),
    );
    const counted = Number(Buffer.from((await store.get('counter'))!.body).toString());
    expect(counted).toBeGreaterThanOrEqual(reported);
    expect(counted).toBeLessThanOrEqual(reported + kills);
  });

  it('may fill and empty the same folder', async () => {
    const folder = join(root, 'come-and-go');
    const children = Array.from({ length: 3 }, () => start('comeAndGo', folder, '60'));
    expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    expect(readdirSync(folder)).toEqual(['.rgsweep-store']);
  });

  it('agree on who was first', async () => {
    const folder = join(root, 'race');
    const children = Array.from({ length: 4 }, () => start('race', folder, '60'));
    await Promise.all(children.map(({ ended }) => ended));
    const first = children.flatMap(({ lines }) => lines.map(Number)).sort((a, b) => a - b);
    expect(first).toEqual(Array.from({ length: 60 }, (_, key) => key));
    const store = await openFileStore(folder);
    for (const { child, lines } of children)
      for (const key of lines)
        expect(Buffer.from((await store.get(`race/${key}`))!.body).toString()).toBe(String(child.pid));
  });

  it('leave only whole objects when killed, and every one that was reported', async () => {
    const folder = join(root, 'killed');
    for (let round = 0; round < 5; round++) {
      const { child, lines, ended } = start('writeForever', folder, '3000000');
      await until(() => lines.length >= 2 + round);
      await sleep(7 * round);
      child.kill('SIGKILL');
      await ended;
      const store = await openFileStore(folder);
      const reported = new Map(lines.map((line) => line.split(' ') as [string, string]));
      for (const [key, fill] of reported) {
        const { body } = (await store.get(key))!;
        expect(Buffer.alloc(3_000_000, body[0]).equals(body)).toBe(true);
        // The write in progress may have been finished without being reported; keys repeat after five.
        expect([Number(fill), Number(fill) + 5]).toContain(body[0]);
      }
      for await (const { bytes } of store.list('')) expect(bytes).toBe(3_000_000);
    }
  });
});

describe('locks', () => {
  const folders = (name: string) => {
    const made = { locks: join(root, name, 'locks'), temporary: join(root, name, 'temporary') };
    mkdirSync(made.locks, { recursive: true });
    mkdirSync(made.temporary, { recursive: true });
    return made;
  };

  it('wait for a living holder in another process, and inherit from a killed one', async () => {
    const { locks, temporary } = folders('inherit');
    const { child, lines, ended } = start('holdForever', locks, temporary, 'a');
    await until(() => lines.includes('held'));
    let entered = false;
    const waiting = createLocks(locks, temporary).hold('a', async () => {
      entered = true;
    });
    await sleep(300);
    expect(entered).toBe(false);
    child.kill('SIGKILL');
    await ended;
    await waiting;
    expect(readdirSync(locks)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('are inherited by one at a time, through a chain of dead holders', async () => {
    const { locks, temporary } = folders('chain');
    for (let dead = 0; dead < 3; dead++) {
      const { child, lines, ended } = start('holdForever', locks, temporary, 'a');
      await until(() => lines.includes('held'));
      child.kill('SIGKILL');
      await ended;
    }
    expect(readdirSync(locks)).toHaveLength(3);
    let inside = 0;
    let entries = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        // Each its own, as processes have: nothing but the files keeps them apart.
        const own = createLocks(locks, temporary);
        for (let round = 0; round < 5; round++)
          await own.hold('a', async () => {
            expect(++inside).toBe(1);
            await sleep(1);
            inside--;
            entries++;
          });
      }),
    );
    expect(entries).toBe(40);
    expect(readdirSync(locks)).toEqual([]);
  });

  it('are given back when the work fails', async () => {
    const { locks, temporary } = folders('fails');
    const own = createLocks(locks, temporary);
    await expect(own.hold('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await own.hold('a', async () => 1)).toBe(1);
  });

  it('of a file that a power failure emptied are inherited once they are old', async () => {
    const { locks, temporary } = folders('emptied');
    const own = createLocks(locks, temporary);
    let lock = '';
    await own.hold('a', async () => {
      lock = join(locks, readdirSync(locks)[0]!);
    });
    writeFileSync(lock, '');
    const old = Date.now() / 1000 - 120;
    utimesSync(lock, old, old);
    expect(await own.hold('a', async () => 1)).toBe(1);
    expect(readdirSync(locks)).toEqual([]);
  });
});

describe('disk trouble', () => {
  const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

  it('tells of a full disk, keeps the old object and goes on when there is space again', () => {
    const folder = join(root, 'full');
    mkdirSync(folder);
    // Without the right to mount, a limit of file sizes makes writes fail half-way too.
    const [command, script] = canMount
      ? ['unshare', 'mount -t tmpfs -o size=1m none "$0" && exec "$@"']
      : ['sh', 'ulimit -f 1000; exec "$@"'];
    const { stdout, stderr, status } = spawnSync(
      command,
      [
        ...(canMount ? ['-rm', 'sh'] : []),
        ...['-c', script, folder, process.execPath, program.file, 'fill', folder, '3000000', '0.5'],
      ],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const outcome = JSON.parse(stdout) as { message: string; remedy: string };
    expect(outcome).toMatchObject({
      isOurs: true,
      kind: 'store-unavailable',
      small: 'before',
      keys: ['after', 'small'],
    });
    expect(outcome.message).toMatch(
      canMount ? /^file:.*full cannot write small: the disk is full \(ENOSPC\)$/ : /larger than allowed/,
    );
    expect(outcome.remedy).toMatch(canMount ? /free some space/ : /ulimit/);
  });

  it('tells of a place that cannot be a folder', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, 'x');
    for (const folder of [file, join(file, 'below')]) {
      const { kind, message, remedy } = await failureOf(openFileStore(folder));
      expect(kind).toBe('store-unavailable');
      expect(message).toMatch(/a-file.* cannot be opened: something on its path is not a folder/);
      expect(remedy).toBeDefined();
    }
  });

  it('tells of a folder that may not be written to, and does not touch it', async () => {
    const parent = join(root, 'read-only');
    mkdirSync(parent, { mode: 0o555 });
    const folder = join(parent, 'store');
    const store = await openFileStore(folder);
    expect(await store.get('a')).toBeUndefined();
    // Rights do not hold back the superuser: be nobody for a moment.
    const superuser = process.getuid?.() === 0;
    chmodSync(root, 0o755);
    if (superuser) process.seteuid!(65534);
    let error: RgsweepError;
    try {
      error = await failureOf(store.put('a', Buffer.from('x')));
    } finally {
      if (superuser) process.seteuid!(0);
    }
    expect(error.kind).toBe('store-unavailable');
    expect(error.message).toMatch(/read-only\/store cannot write a: permission denied \(EACCES\)/);
    expect(error.remedy).toMatch(/right to write/);
    expect(readdirSync(parent)).toEqual([]);
  });

  it('tells of a key that lies below an object, or is a folder', async () => {
    const store = await openFileStore(join(root, 'nested'));
    await store.put('a', Buffer.from('x'));
    expect((await failureOf(store.put('a/b', Buffer.from('y')))).message).toMatch(/cannot write a\/b: /);
    await store.put('c/d', Buffer.from('x'));
    for (const name of ['put', 'putIfAbsent'] as const)
      expect((await failureOf(store[name]('c', Buffer.from('y')))).message).toMatch(
        /cannot write c: there is a folder of that name/,
      );
    expect(await store.putIfMatch('c', Buffer.from('y'), 'tag')).toBeUndefined();
    expect(await store.download('c', join(root, 'nested-download'))).toBe(false);
    expect(existsSync(join(root, 'nested-download'))).toBe(false);
  });
});

describe('housekeeping', () => {
  it('reads without making the folder', async () => {
    const folder = join(root, 'untouched');
    const store = await openFileStore(folder);
    expect(await store.get('a')).toBeUndefined();
    for await (const object of store.list('')) expect(object).toBeUndefined();
    await store.delete('a');
    expect(await store.download('a', join(root, 'x'))).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  it('hides its own files, and removes those that killed processes left behind', async () => {
    const folder = join(root, 'leftovers');
    const store = await openFileStore(folder);
    await store.put('a/b', Buffer.from('x'));
    const temporary = join(folder, '.rgsweep-store', 'temporary');
    const old = join(temporary, 'old');
    const recent = join(temporary, 'recent');
    for (const file of [old, recent]) writeFileSync(file, 'half');
    utimesSync(old, Date.now() / 1000 - 7200, Date.now() / 1000 - 7200);
    const keys = [];
    for await (const { key } of store.list('')) keys.push(key);
    expect(keys).toEqual(['a/b']);
    expect((await failureOf(store.get('.rgsweep-store/temporary/old'))).kind).toBe('usage');
    const later = await openFileStore(folder);
    await later.put('a/b', Buffer.from('y'));
    expect([existsSync(old), existsSync(recent)]).toEqual([false, true]);
  });

  it('leaves no empty folders behind', async () => {
    const folder = join(root, 'pruned');
    const store = await openFileStore(folder);
    await store.put('a/b/c/d', Buffer.from('x'));
    await store.put('a/e', Buffer.from('x'));
    await store.delete('a/b/c/d');
    expect(readdirSync(join(folder, 'a'))).toEqual(['e']);
    await store.delete('a/e');
    expect(readdirSync(folder)).toEqual(['.rgsweep-store']);
  });
});
