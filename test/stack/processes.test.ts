import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identify, isAlive } from '../../src/stack/identity.js';
import { supervise, type Supervised, type SupervisedOptions } from '../../src/stack/processes.js';
import { eventually, linesOf, temporaryFolder } from './helpers.js';

/** A child that says it is ready, writes down every signal, and ends at SIGTERM unless told not to. */
const child = `
  const { appendFileSync } = require('node:fs');
  const [file, stubborn] = process.argv.slice(1);
  const note = (what) => appendFileSync(file, process.pid + ' ' + what + '\\n');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => { note(signal); if (stubborn !== 'stubborn') setTimeout(() => process.exit(0), 100); });
  process.stdin.on('end', () => { note('stdin closed'); if (stubborn !== 'deaf') process.exit(0); });
  process.stdin.resume();
  setInterval(() => {}, 1000);
  note('started');
  console.log(JSON.stringify({ ready: true }));
`;

function options(folder: string, extra: Partial<SupervisedOptions> = {}, behaviour = ''): SupervisedOptions {
  return {
    name: 'test child',
    command: process.execPath,
    args: ['-e', child, join(folder, 'notes'), behaviour],
    logFile: join(folder, 'logs', 'child.log'),
    readsOutput: true,
    ready: async ({ firstLine }) => void (await firstLine),
    backOff: { firstMs: 20, maximumMs: 100, attempts: 3, settledMs: 60_000 },
    ...extra,
  };
}

function endAfterTest(supervised: Supervised): Supervised {
  onTestFinished(() => supervised.kill());
  return supervised;
}

describe('a supervised process', () => {
  it('is asked to end exactly once, however often stop is called', async () => {
    const folder = temporaryFolder();
    const supervised = endAfterTest(await supervise(options(folder)));
    const identity = identify(supervised.pid()!)!;
    await Promise.all([supervised.stop(5_000), supervised.stop(5_000)]);
    await supervised.stop(5_000);
    expect(isAlive(identity)).toBe(false);
    expect(linesOf(join(folder, 'notes'))).toEqual([`${identity.pid} started`, `${identity.pid} SIGTERM`]);
  });

  it('comes back after kill -9, as another process, and says so', async () => {
    const folder = temporaryFolder();
    const notices: string[] = [];
    const supervised = endAfterTest(
      await supervise(options(folder, { notice: (line) => void notices.push(line) })),
    );
    const first = supervised.pid()!;
    process.kill(first, 'SIGKILL');
    await eventually('restart', () => notices.some((line) => /runs again/.test(line)));
    expect(supervised.pid()).not.toBe(first);
    expect(supervised.restarts()).toBe(1);
    expect(notices[0]).toContain('the test child ended unexpectedly (SIGKILL)');
    await supervised.stop(5_000);
    expect(linesOf(join(folder, 'notes')).filter((line) => line.endsWith('SIGTERM'))).toHaveLength(1);
  });

  it('is given up after too many deaths in a row, with its log named', async () => {
    const folder = temporaryFolder();
    // Ready each time, dead at once each time: only the count of deaths ends this.
    let message = '';
    const supervised = endAfterTest(
      await supervise({
        ...options(folder),
        args: ['-e', 'console.log("{}"); setTimeout(() => process.exit(3), 50)'],
        onGivenUp: (error) => (message = `${error.message} ${error.remedy}`),
      }),
    );
    await eventually('giving up', () => message !== '');
    expect(message).toMatch(/exit code 3.*4 times in a row: given up/);
    expect(message).toContain(join(folder, 'logs', 'child.log'));
    expect(supervised.restarts()).toBe(3);
  });

  it('that does not start is an error with the end of its log, and nothing stays behind', async () => {
    const folder = temporaryFolder();
    const crashing = supervise({
      ...options(folder),
      args: ['-e', 'console.error("no such luck"); process.exit(7)'],
    });
    await expect(crashing).rejects.toThrow(
      /the test child did not start: ended with exit code 7\nno such luck/,
    );
    const missing = supervise({ ...options(folder), command: join(folder, 'nothing') });
    await expect(missing).rejects.toThrow(/ENOENT/);
    let pid = 0;
    const silent = supervise({
      ...options(folder),
      args: ['-e', 'setInterval(() => {}, 1000)'],
      readyTimeoutMs: 300,
      onStart: (identity) => (pid = identity.pid),
    });
    await expect(silent).rejects.toThrow(/not ready within 0.3 s/);
    expect(identify(pid)).toBeUndefined();
  });

  it('that ignores SIGTERM is ended by force after the grace time, and that is said', async () => {
    const folder = temporaryFolder();
    const notices: string[] = [];
    const supervised = endAfterTest(
      await supervise(options(folder, { notice: (line) => void notices.push(line) }, 'stubborn')),
    );
    const identity = identify(supervised.pid()!)!;
    await supervised.stop(300);
    expect(isAlive(identity)).toBe(false);
    expect(notices).toEqual(['the test child did not end within 0.3 s: ending it by force']);
  });

  it('stopped while it waits for its restart does not come back', async () => {
    const folder = temporaryFolder();
    const supervised = endAfterTest(await supervise(options(folder, { backOff: { firstMs: 500 } })));
    process.kill(supervised.pid()!, 'SIGKILL');
    await eventually('death', () => supervised.pid() === undefined);
    await supervised.stop(1_000);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(linesOf(join(folder, 'notes')).filter((line) => line.endsWith('started'))).toHaveLength(1);
  });
});

describe('a process that supervises', () => {
  /** Supervises one child and stops it at SIGINT, as `rgsweep up` does. */
  async function startSupervisor(folder: string): Promise<ReturnType<typeof spawn>> {
    const module = fileURLToPath(new URL('../../src/stack/processes.ts', import.meta.url));
    const script = `
      import { runnerImport } from 'vite';
      const [folder, child] = process.argv.slice(1);
      const { module: { supervise } } = await runnerImport(${JSON.stringify(module)}, { configFile: false });
      const supervised = await supervise({
        name: 'child', command: process.execPath, args: ['-e', child, folder + '/notes'],
        logFile: folder + '/child.log', readsOutput: true, ready: async ({ firstLine }) => { await firstLine; },
      });
      process.on('SIGINT', () => void supervised.stop(5000).then(() => process.exit(0)));
      console.log('ready');
    `;
    const supervisor = spawn(process.execPath, ['--input-type=module', '-e', script, folder, child], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    onTestFinished(() => void supervisor.kill('SIGKILL'));
    await once(supervisor.stdout, 'data');
    return supervisor;
  }

  const childOf = (folder: string): number =>
    Number(readFileSync(join(folder, 'notes'), 'utf8').split(' ')[0]);

  it('keeps its child out of the group that a terminal signals: Ctrl-C arrives once, from the supervisor', async () => {
    const folder = temporaryFolder();
    const supervisor = await startSupervisor(folder);
    const pid = childOf(folder);
    // What a terminal does at Ctrl-C: the signal goes to every process of the foreground group.
    process.kill(-supervisor.pid!, 'SIGINT');
    await once(supervisor, 'exit');
    expect(linesOf(join(folder, 'notes'))).toEqual([`${pid} started`, `${pid} SIGTERM`]);
    expect(identify(pid)).toBeUndefined();
  });

  it('leaves no child when it is killed: the child sees its input close', async () => {
    const folder = temporaryFolder();
    const supervisor = await startSupervisor(folder);
    const pid = childOf(folder);
    supervisor.kill('SIGKILL');
    await eventually('end of the child', () => identify(pid) === undefined);
    expect(linesOf(join(folder, 'notes'))).toEqual([`${pid} started`, `${pid} stdin closed`]);
  });
});
