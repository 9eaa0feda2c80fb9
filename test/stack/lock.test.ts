import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { identify, isAlive, waitForEnd } from '../../src/stack/identity.js';
import { lockFolder } from '../../src/stack/lock.js';
import { temporaryFolder } from './helpers.js';

async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

describe('the identity of a process', () => {
  it('tells a living process from an ended one and from a later one with its number', async () => {
    const own = identify(process.pid)!;
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, started: `${own.started}0` })).toBe(false);
    expect(identify(await endedProcess())).toBeUndefined();
  });

  it('sees a process end', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
    const identity = identify(child.pid!)!;
    expect(await waitForEnd(identity, 100)).toBe(false);
    child.kill('SIGKILL');
    expect(await waitForEnd(identity, 10_000)).toBe(true);
  });
});

describe('the lock of a folder', () => {
  it('is held by one, names its holder, and is free after release', async () => {
    const folder = temporaryFolder();
    const first = await lockFolder(folder);
    const refused = await lockFolder(folder).catch((error: unknown) => error as RgsweepError);
    expect(refused).toBeInstanceOf(RgsweepError);
    expect(refused).toMatchObject({ kind: 'conflict' });
    expect((refused as RgsweepError).message).toContain(`process ${process.pid}`);
    first.release();
    const second = await lockFolder(folder);
    // Releasing twice must not take the lock away from the next holder.
    first.release();
    await expect(lockFolder(folder)).rejects.toThrow(/another rgsweep/);
    second.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [
      'a process that ended',
      async () => JSON.stringify({ pid: await endedProcess(), started: 'then', token: 'x' }),
    ],
    [
      'a living process that only has the same number',
      async () => JSON.stringify({ pid: process.pid, started: 'before the last boot', token: 'x' }),
    ],
    ['half a file', async () => '{"pid": 12'],
  ])('is taken over from %s', async (_, content) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'up.lock'), await content());
    const lock = await lockFolder(folder);
    expect(JSON.parse(readFileSync(join(folder, 'up.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes to exactly one of many that find it stale at once', async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'up.lock'),
      JSON.stringify({ pid: await endedProcess(), started: 'then', token: 'x' }),
    );
    const results = await Promise.allSettled(Array.from({ length: 16 }, () => lockFolder(folder)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('says which folder cannot be written', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const blocked = join(folder, 'file', 'inside');
    await expect(lockFolder(blocked)).rejects.toMatchObject({ kind: 'store-unavailable' });
    await expect(lockFolder(blocked)).rejects.toThrow(blocked);
  });
});
