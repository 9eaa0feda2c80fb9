import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runTrainer } from '../../activities/trainerProcess.js';
import type { TrainerTask } from '../../src/train/protocol.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-trainer-ends-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How a program that stands where a trainer would is said to have ended. */
function endOf(program: string, options: readonly string[] = []) {
  const file = join(folder, 'trainer.mjs');
  writeFileSync(file, program);
  return runTrainer({
    command: [process.execPath, ...options, file],
    task: { threads: 1 } as TrainerTask,
    folder,
    onMessage: () => undefined,
    onMemory: () => undefined,
    onNoise: () => undefined,
    stop: new AbortController().signal,
    kill: new AbortController().signal,
    stallSeconds: 60,
    graceSeconds: 1,
  }).then(
    () => Promise.reject(new Error('it ended well')),
    (error: unknown) => error as Error,
  );
}

describe('the end of a trainer', () => {
  it('for want of memory is told with the sizes', async () => {
    // A real one: the heap is limited and filled.
    const end = await endOf(
      `setTimeout(() => { const kept = []; for (;;) kept.push(new Array(1e6).fill(Math.random())); }, 1500);`,
      ['--max-old-space-size=40'],
    );
    expect(end).toMatchObject({ kind: 'out-of-memory' });
    expect(end.message).toMatch(/heap out of memory/);
    const sizes = /it had (\d+) MiB of the ([\d.]+) (MiB|GiB) that this worker may use$/.exec(end.message)!;
    expect(Number(sizes[1])).toBeGreaterThan(20);
    expect(Number(sizes[2])).toBeGreaterThan(1);
  });

  it('by SIGKILL without a word of the system is a crash, which says that it cannot know more', async () => {
    const end = await endOf(`process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 1e6);`);
    expect(end).toMatchObject({
      kind: 'crashed',
      message: 'the trainer was killed by SIGKILL (by hand, or by the system for want of memory)',
    });
  });
});
