import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identify } from '../../src/stack/identity.js';
import { pinnedVersion } from '../../src/stack/temporalPins.js';
import { eventually, linesOf, realTemporalCli, temporaryFolder } from './helpers.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The compiled command line: what users run. */
const mainFile = join(root, 'dist/src/cli/main.js');

const sweepFile = `
name: small
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space:
  parameters:
    kernel: sigmoid
    ordering: log-variance
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true }
pruner: { name: asha, reduction: 2, rungs: [40, 80] }
sampler: { name: random, seed: 3 }
budget: { trials: 2, concurrency: 1 }
baselines: [standard]
train: { checkpointEverySteps: 5 }
`;

interface Signal {
  pid: number;
  args: string[];
  what: string;
}

interface Run {
  child: ChildProcess;
  /** Everything it printed. */
  output: () => string;
  /** Exit code. */
  end: Promise<number | null>;
}

/** A home folder with a sweep file, and a trainer whose steps last 50 ms. */
class Home {
  readonly folder = temporaryFolder();
  readonly signalFile = join(this.folder, 'signals.jsonl');

  async prepare(): Promise<this> {
    const { path, source } = await realTemporalCli();
    if (source !== 'path') {
      // Fetched once for all tests, and not again for each home.
      mkdirSync(join(this.folder, '.rgsweep/bin'), { recursive: true });
      const target = join(this.folder, '.rgsweep/bin', `temporal-${pinnedVersion}`);
      try {
        linkSync(path, target);
      } catch {
        copyFileSync(path, target);
      }
    }
    writeFileSync(join(this.folder, 'small.yaml'), sweepFile);
    return this;
  }

  /** Starts a program in a process group of its own, as a shell does for a terminal's foreground. */
  start(command: string, args: string[]): Run {
    const child = spawn(command, args, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        RGSWEEP_TRAINER: JSON.stringify([process.execPath, join(root, 'test/fixtures/trainer.mjs')]),
        RGSWEEP_TEST_STEP_MILLISECONDS: '50',
        RGSWEEP_TEST_SIGNALS: this.signalFile,
        NODE_OPTIONS: `--import ${join(root, 'test/fixtures/signals.mjs')}`,
      },
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    // A shell reports a program that died of Ctrl-C as 130: npm does, once its script has ended.
    const end = once(child, 'close').then(([code, signal]) =>
      signal === 'SIGINT' ? 130 : (code as number | null),
    );
    onTestFinished(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await end;
    });
    return { child, output: () => output, end };
  }

  up(...args: string[]): Run {
    return this.start(process.execPath, [mainFile, 'up', 'small.yaml', ...args]);
  }

  signals(): Signal[] {
    return linesOf(this.signalFile).map((line) => JSON.parse(line) as Signal);
  }

  /** Number of every signal by process, for processes whose arguments contain a word. */
  received(word: string): string[][] {
    const of = new Map<number, string[]>();
    for (const { pid, args, what } of this.signals()) {
      if (!args.some((argument) => argument.includes(word))) continue;
      if (what === 'start') of.set(pid, []);
      else of.get(pid)?.push(what);
    }
    return [...of.values()];
  }

  server(): number {
    return (JSON.parse(readFileSync(join(this.folder, '.rgsweep/temporal.json'), 'utf8')) as { pid: number })
      .pid;
  }

  /** Processes of ours that still live. */
  survivors(): number[] {
    return [...new Set(this.signals().map(({ pid }) => pid))].filter((pid) => identify(pid) !== undefined);
  }
}

const trainingHasBegun = (home: Home): boolean => home.received('task.json').length > 0;

describe('rgsweep up', () => {
  it('stops at Ctrl-C below npm, with one signal to each process, and goes on to the end the next time', async () => {
    const home = await new Home().prepare();
    const script = `node ${JSON.stringify(mainFile)} up small.yaml`;
    writeFileSync(join(home.folder, 'package.json'), JSON.stringify({ scripts: { start: script } }));
    const first = home.start('npm', ['start', '--silent']);
    await eventually('training', () => trainingHasBegun(home), 120_000);
    const server = home.server();
    // What a terminal does at Ctrl-C: npm, its shell and the command all get it; npm passes it on once more.
    process.kill(-first.child.pid!, 'SIGINT');
    expect(await first.end).toBe(130);
    expect(first.output()).toContain('launched small');
    expect(first.output()).toMatch(
      /stopping: trainers write their checkpoints[^]*stopped; the same command goes on/,
    );
    expect(home.received('--role')).toEqual([['SIGTERM'], ['SIGTERM']]);
    // The trainer that ran had one; those that had ended before, none.
    expect(home.received('task.json').at(-1)).toEqual(['SIGTERM']);
    expect(home.received('task.json').flat()).toHaveLength(1);
    expect(home.survivors()).toEqual([]);
    expect(identify(server)).toBeUndefined();
    expect(existsSync(join(home.folder, '.rgsweep/stack.json'))).toBe(false);

    const second = home.up();
    expect(await second.end).toBe(0);
    expect(second.output()).toContain('going on with small');
    expect(second.output()).toMatch(/standard \(baseline\)/);
    const report = /^report {2}(.+)$/m.exec(second.output())?.[1] ?? 'no report was named';
    expect(report).toBe(join('.rgsweep', 'reports', 'small.html'));
    expect(readFileSync(join(home.folder, report), 'utf8')).toMatch(/^<!doctype html>/i);
    expect(home.survivors()).toEqual([]);

    // Finished: shown at once, without any other process.
    const before = new Set(home.signals().map(({ pid }) => pid));
    const third = home.up();
    expect(await third.end).toBe(0);
    expect(third.output()).toContain('small has finished already');
    expect(third.output()).toMatch(/standard \(baseline\)/);
    expect(new Set(home.signals().map(({ pid }) => pid)).size).toBe(before.size + 1);
  }, 240_000);

  it('is one a folder; killed, it leaves no worker or trainer, and the next one ends its server and goes on', async () => {
    const home = await new Home().prepare();
    const first = home.up();
    await eventually('training', () => trainingHasBegun(home), 120_000);
    const second = home.up();
    expect(await second.end).toBe(1);
    expect(second.output()).toContain(`another rgsweep (process ${first.child.pid}) is using`);

    const server = home.server();
    first.child.kill('SIGKILL');
    await first.end;
    await eventually('end of workers and trainers', () => home.survivors().length === 0, 60_000);
    expect(identify(server)).toBeDefined();

    const third = home.up();
    expect(await third.end).toBe(0);
    expect(third.output()).toContain(`ending the Temporal server (process ${server})`);
    expect(third.output()).toContain('going on with small');
    expect(identify(server)).toBeUndefined();
    expect(home.survivors()).toEqual([]);
  }, 240_000);

  it('says which other sweep of its home takes the trainers that it waits for', async () => {
    const home = await new Home().prepare();
    const first = home.up('--slots', '1');
    await eventually('training', () => trainingHasBegun(home), 120_000);
    first.child.kill('SIGINT');
    expect(await first.end).toBe(130);
    writeFileSync(join(home.folder, 'other.yaml'), sweepFile.replace('name: small', 'name: other'));
    const second = home.start(process.execPath, [mainFile, 'up', 'other.yaml', '--slots', '1']);
    await eventually('the line', () => /waits for a trainer/.test(second.output()), 120_000);
    expect(second.output()).toContain(
      'other waits for a trainer: small is going on in this home and takes the one trainer; `npx rgsweep pause small --now`',
    );
    second.child.kill('SIGINT');
    expect(await second.end).toBe(130);
  }, 240_000);

  it('starts and changes nothing on bad input', async () => {
    const home = await new Home().prepare();
    const missing = home.start(process.execPath, [mainFile, 'up', 'nothing.yaml']);
    expect(await missing.end).toBe(2);
    expect(missing.output()).toContain('cannot read the sweep file nothing.yaml');
    const slots = home.up('--slots', '0');
    expect(await slots.end).toBe(2);
    expect(slots.output()).toContain('--slots takes a whole number of at least 1, not "0"');
    const store = home.up('--store', 'ftp://nowhere');
    expect(await store.end).toBe(2);
    expect(store.output()).toContain('a store cannot be of the scheme "ftp:"');
    expect(existsSync(join(home.folder, '.rgsweep/temporal.db'))).toBe(false);
    expect(existsSync(join(home.folder, '.rgsweep/up.lock'))).toBe(false);
  }, 60_000);
});
