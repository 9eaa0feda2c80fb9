import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLog } from '../../src/store/logs.js';
import { keepArtifacts, keepSweep, temporaryStore } from '../page/store.js';
import { fixtureSnapshot } from '../report/fixture.js';
import { mainFile } from './harness.js';

/** Sets a window's title, clears the screen, asks the terminal for its state, turns the text round, begins a formula. */
const hostile =
  '\u001b]0;owned\u0007\u001b[2J\u001b[31mred\r\n=1+1\u202e<img src=x onerror=alert(1)>\u009b5n';
// eslint-disable-next-line no-control-regex
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/**
 * Names, values and messages that a program of one's own may have left in the store reach a terminal as text: no verb prints what would
 * steer it.
 */
describe('a store of hostile names, read on the command line', () => {
  let folder: string;
  let store: string;

  beforeAll(async () => {
    const made = await temporaryStore();
    ({ folder } = made);
    store = made.store.url;
    const snapshot = fixtureSnapshot();
    snapshot.trials = snapshot.trials.map((trial) => ({
      ...trial,
      label: `${hostile} ${trial.label}`,
      backend: hostile,
      parameters: { ...trial.parameters, [hostile]: hostile },
      failures: [{ kind: 'crashed', message: hostile, step: 3, at: trial.updatedAt }],
      warnings: [{ at: trial.updatedAt, message: hostile }],
      rungs: trial.rungs.map((rung) => ({ ...rung, metrics: { ...rung.metrics, [hostile]: 1 } })),
    }));
    await keepSweep(made.store, snapshot);
    await keepArtifacts(made.store, snapshot, 9);
    await writeLog(made.store, { sweep: 'phi4-quick', trial: 9, part: '20260301T090000Z-1' }, [
      { at: '2026-03-01T09:00:01.000Z', level: 'output', text: hostile },
    ]);
    writeFileSync(join(folder, 'schedule.yaml'), JSON.stringify({ colour: hostile }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (args: readonly string[]) =>
    new Promise<{ stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [mainFile, ...args], { maxBuffer: 2 ** 26 }, (_, stdout, stderr) =>
        resolve({ stdout, stderr }),
      );
    });

  it.each([
    // Nothing listens on the port of `discard`.
    ['status', ['phi4-quick', '--address', '127.0.0.1:9'], 'phi4-quick'],
    ['trials', ['phi4-quick'], 'red'],
    ['best', ['phi4-quick'], '[31mred'],
    ['show', ['phi4-quick', '9'], '[31mred'],
    ['logs', ['phi4-quick', '9'], '[31mred'],
    ['list', [], 'phi4-quick'],
    ['compare', ['phi4-quick', 'phi4-quick'], 'phi4-quick'],
    ['report', ['phi4-quick', '--format', 'md', '--out', '-'], 'red'],
    ['report', ['phi4-quick', '--out', '-'], 'red'],
    ['export', ['phi4-quick'], '=1+1'],
    ['trials', ['phi4-quick', '--state', hostile], 'red'],
    ['export', ['phi4-quick', '--format', 'jsonl'], 'red'],
    ['trials', ['phi4-quick', '--json'], 'red'],
    ['show', ['phi4-quick', '9', '--json'], 'red'],
  ])(
    '%s %j',
    async (verb, args, shown) => {
      const { stdout, stderr } = await run([verb, ...args, '--store', store]);
      expect(stdout + stderr).toContain(shown);
      // CSV has the line ends of RFC 4180, and no way to write otherwise what turns text round.
      const csv = verb === 'export' && args.length === 1;
      const text = stdout + stderr;
      expect(steering.exec(csv ? text.replaceAll(/\r\n|\u202e/g, '\n') : text)).toBeNull();
    },
    60_000,
  );

  it('an error that quotes a file', async () => {
    const { stdout, stderr } = await run(['schedule', join(folder, 'schedule.yaml')]);
    expect(stderr).toContain('red');
    expect(steering.exec(stdout + stderr)).toBeNull();
  }, 60_000);
});
