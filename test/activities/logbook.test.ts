import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLogbook } from '../../activities/logbook.js';
import { openFileStore } from '../../src/store/file.js';
import { logLimits, readLogs } from '../../src/store/logs.js';
import type { ObjectInfo, ObjectStore } from '../../src/store/types.js';

const at = { sweep: 'logged', trial: 3, purpose: 'train' };

let folder: string;
let store: ObjectStore;
let writes: number;
let broken: boolean;
let problems: string[];
const onProblem = (error: unknown) => void problems.push(String(error));
const texts = async () => (await readLogs(store, at.sweep, at.trial)).map(({ text }) => text);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rgsweep-logbook-test-'));
  const files = await openFileStore(folder);
  writes = 0;
  broken = false;
  problems = [];
  store = {
    ...files,
    async put(...input) {
      if (broken) throw new Error('no store');
      writes += 1;
      return files.put(...input);
    },
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A listing that never begins. */
// eslint-disable-next-line require-yield
async function* neverListed(): AsyncGenerator<ObjectInfo> {
  await new Promise(() => undefined);
}

describe('what an attempt says', () => {
  it('soon is written once the moment is over, all of it at once', async () => {
    const logbook = openLogbook(store, at, onProblem);
    logbook.add('output', 'one');
    await logbook.flushSoon();
    logbook.add('output', 'two');
    await logbook.flushSoon();
    expect(writes).toBe(0);
    while (writes === 0) await sleep(50);
    await logbook.flush();
    expect(await texts()).toEqual(['one', 'two']);
    expect(writes).toBe(1);
  });

  it('is written at the end, once, though a moment was being waited for', async () => {
    const logbook = openLogbook(store, at, onProblem);
    logbook.add('output', 'one');
    await logbook.flushSoon();
    await logbook.close();
    expect(await texts()).toEqual(['one']);
    await sleep(2500);
    expect(writes).toBe(1);
  });

  it('is kept for the next time where it cannot be written, which is told and no failure', async () => {
    const logbook = openLogbook(store, at, onProblem);
    broken = true;
    logbook.add('warning', 'one');
    await logbook.flush();
    expect(problems).toEqual(['Error: no store']);
    broken = false;
    await logbook.flush();
    expect(await texts()).toEqual(['one']);
    await logbook.flush();
    expect(writes).toBe(1);
    expect(logbook.warnings).toEqual(['one']);
  });

  it('does not keep an attempt waiting where the store does not list old logs', async () => {
    const files = store;
    store = { ...files, list: () => neverListed() };
    const logbook = openLogbook(store, at, onProblem);
    logbook.add('output', 'one');
    const started = performance.now();
    await logbook.close();
    expect(performance.now() - started).toBeLessThan(8000);
    store = files;
    expect(await texts()).toEqual(['one']);
  });

  it('is cut in the middle where it is long, without terminal sequences', async () => {
    const logbook = openLogbook(store, at, onProblem);
    const said = Array.from({ length: 3000 }, (_, line) => `line ${line}`);
    for (const line of said) logbook.add('output', `\u001b[31m${line}\u0007`);
    await logbook.close();
    const kept = await texts();
    const gap = kept.findIndex((text) => /lines are left out/.test(text));
    expect(gap).toBe(logLimits.firstLines);
    const left = Number(/… (\d+) lines/.exec(kept[gap]!)![1]);
    expect(kept.filter((_, index) => index !== gap)).toEqual([
      ...said.slice(0, gap),
      ...said.slice(gap + left),
    ]);
    expect(kept.length - 1 - gap).toBeGreaterThanOrEqual(logLimits.lastLines);
  });
});
