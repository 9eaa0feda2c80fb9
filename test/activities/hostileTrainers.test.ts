import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { runTrainer, type TrainerEnd, type TrainerRun } from '../../activities/trainerProcess.js';
import type { RgsweepError } from '../../src/errors.js';
import type { TrainerMessage, TrainerTask } from '../../src/train/protocol.js';

const hostile = fileURLToPath(new URL('../fixtures/hostile.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rgsweep-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  end?: TrainerEnd;
  error?: RgsweepError;
  noise: string[];
  messages: TrainerMessage[];
  seconds: number;
}

async function run(
  kind: string,
  changes: Partial<TrainerRun> = {},
  stopAt?: TrainerMessage['type'],
): Promise<Outcome> {
  const own = mkdtempSync(join(folder, `${kind}-`));
  const outputFolder = join(own, 'output');
  mkdirSync(outputFolder);
  const task: TrainerTask = {
    protocol: 1,
    mode: 'train',
    sweep: own,
    trial: 0,
    task: { name: 'command', command: ['python3'], folder: own },
    parameters: {},
    seed: 1,
    fromStep: 0,
    toStep: 10,
    resumeFrom: null,
    outputFolder,
    dataFolder: '',
    scheduleFile: null,
    checkpointEverySteps: 10,
    backend: 'auto',
    threads: 1,
    evaluation: { split: 'validation', samples: 256, level: 'rung' },
  };
  const outcome: Outcome = { noise: [], messages: [], seconds: 0 };
  const stop = new AbortController();
  const begun = performance.now();
  await runTrainer({
    command: ['python3', hostile, kind],
    task,
    folder: own,
    stop: stop.signal,
    kill: new AbortController().signal,
    stallSeconds: 10,
    graceSeconds: 1,
    foreign: { folder: own, memoryBytes: 200 * 2 ** 20 },
    onMemory: () => undefined,
    onNoise: (line) => outcome.noise.push(line),
    onMessage: (message) => {
      outcome.messages.push(message);
      if (message.type === stopAt) stop.abort();
    },
    ...changes,
  }).then(
    (end) => (outcome.end = end),
    (error: RgsweepError) => (outcome.error = error),
  );
  outcome.seconds = (performance.now() - begun) / 1000;
  return outcome;
}

/** Processes whose command line has these words. */
function running(words: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(words);
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe.concurrent('a trainer that', () => {
  it('does as it should has no objection to fear', async () => {
    const { end, error, noise } = await run('good');
    expect(error).toBeUndefined();
    expect(end).toEqual({ step: 10, preempted: false });
    expect(noise).toEqual([]);
  });

  it.each([
    ['hangs', 'stalled', /no step for \d+ s \(limit 2 s\)/],
    ['other-version', 'bad-configuration', /speaks version 2 of the protocol; this rgsweep speaks 1/],
    ['silent-about-start', 'crashed', /said progress before started/],
    ['lies-past-end', 'crashed', /reports step 10000 in a segment from 0 to 10/],
    ['lies-backwards', 'crashed', /reports step 2 after step 5/],
    ['garbage', 'crashed', /ended without saying that it was done/],
    ['half-lines', 'crashed', /ended without saying that it was done/],
    ['dies', 'crashed', /killed by SIGSEGV/],
    ['exits', 'crashed', /exited with code 1; its last words: the dog ate the gradients/],
    ['no-checkpoint', 'crashed', /done at step 10, but announced no checkpoint/],
    ['huge-line', 'crashed', /a line longer than 1048576 characters/],
    ['nan-loss', 'diverged', /not a finite number at step 3/],
    ['memory', 'out-of-memory', /uses \d+ MiB; its task allows 200 MiB/],
    ['says-memory', 'out-of-memory', /MemoryError/],
    ['wrong-types', 'crashed', /progress message has step "seven"/],
    ['preempts-itself', 'crashed', /nobody asked it to end/],
    ['claims-preemption', 'crashed', /failure message has kind "preempted"/],
  ])('%s is ended and named: %s', async (kind, failure, message) => {
    const { error } = await run(kind, kind === 'hangs' ? { stallSeconds: 2 } : {});
    expect(error?.message).toMatch(message);
    expect(error?.kind).toBe(failure);
  });

  it('says no more than that it is alive is ended after ten times as long', async () => {
    const { error, seconds } = await run('alive-forever', { stallSeconds: 1.5 });
    expect(error?.kind).toBe('stalled');
    expect(seconds).toBeGreaterThan(15);
  });

  it('prints half lines is understood, and garbage goes into the log', async () => {
    const half = await run('half-lines');
    expect(half.messages.map(({ type }) => type)).toEqual(['started', 'progress', 'checkpoint']);
    expect(half.noise).toEqual(['{"type": "done", "ste']);
    const garbage = await run('garbage');
    expect(garbage.noise.slice(-4)).toEqual(['{]', '[1,2', 'null', '{}']);
  });

  it('ignores SIGTERM is killed after its grace', async () => {
    const { error } = await run('ignores-sigterm', {}, 'progress');
    expect(error?.kind).toBe('stalled');
    expect(error?.message).toMatch(/wrote no checkpoint within 1 s of SIGTERM/);
  });

  it.each(['floods', 'floods-stderr'])('%s is slowed down, and the worker stays awake', async (kind) => {
    let longest = 0;
    let last = performance.now();
    const watch = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 50);
    const memory = process.memoryUsage().rss;
    const { error, noise } = await run(kind, { stallSeconds: 4 });
    clearInterval(watch);
    expect(error?.kind).toBe('stalled');
    expect(noise.length).toBeLessThan(1000);
    expect(noise.some((line) => /slowed down|too fast to keep|one line of over/.test(line))).toBe(true);
    expect(longest).toBeLessThan(5000);
    expect(process.memoryUsage().rss - memory).toBeLessThan(400 * 2 ** 20);
  });

  it.each(['leaves-children', 'leaves-sessions'])('%s behind is ended with them', async (kind) => {
    const { end, noise, messages, seconds } = await run(kind);
    expect(end).toEqual({ step: 10, preempted: false });
    expect(noise.join()).toMatch(/left 1 processes behind, which were ended/);
    expect(seconds).toBeLessThan(20);
    const { folder: written } = messages.find(({ type }) => type === 'checkpoint') as { folder: string };
    expect(running(written.split('/output')[0]!)).toEqual([]);
  });

  it('is not there, or whose folder is not, is named before it is started', async () => {
    const absent = await run('good', { command: ['no-such-program'] });
    expect(absent.error?.kind).toBe('bad-configuration');
    expect(absent.error?.message).toMatch(/no-such-program is no program on the PATH/);
    const nowhere = await run('good', { foreign: { folder: join(folder, 'nowhere') } });
    expect(nowhere.error?.message).toMatch(/nowhere is not on this worker’s machine/);
  });
});
