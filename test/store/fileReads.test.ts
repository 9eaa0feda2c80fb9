import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFileReads } from '../../src/store/fileReads.js';
import { createPace } from '../../src/store/pace.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rgsweep-reads-'));
  writeFileSync(join(folder, 'small'), 'a record');
  writeFileSync(join(folder, 'large'), Buffer.alloc(1_000_000, 7));
  mkdirSync(join(folder, 'below'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Clocks of a quick disk and of one on which every read takes 5 ms. */
const clocks = {
  quick: () => () => 0,
  slow: () => {
    let time = 0;
    return () => (time += 5);
  },
};

describe.each(Object.entries(clocks))('reads of a %s disk', (_, clock) => {
  it('give whole files, and nothing where there is no file', async () => {
    const reads = createFileReads(createPace(clock()));
    for (let round = 0; round < 40; round++)
      expect(Buffer.from((await reads.file(join(folder, 'small')))!).toString()).toBe('a record');
    expect(Buffer.compare((await reads.file(join(folder, 'large')))!, Buffer.alloc(1_000_000, 7))).toBe(0);
    for (const name of ['absent', 'below', 'small/below'])
      expect(await reads.file(join(folder, name))).toBeUndefined();
    expect((await reads.folder(folder)).map(({ name }) => name).sort()).toEqual(['below', 'large', 'small']);
    expect(await reads.folder(join(folder, 'absent'))).toEqual([]);
  });
});

describe('reads at once', () => {
  it('leave the event loop its turn', async () => {
    const reads = createFileReads();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const end = performance.now() + 200;
    while (performance.now() < end) await reads.file(join(folder, 'small'));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
  });

  it('do not wait for the writer of a pipe', async () => {
    const pipe = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    expect(await createFileReads().file(pipe)).toBeUndefined();
    rmSync(pipe);
  });
});
