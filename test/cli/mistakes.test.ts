import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { backendNames } from '../../src/train/protocol.js';

const mainFile = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const quick = fileURLToPath(new URL('../../sweeps/phi4-quick.yaml', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rgsweep-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'a-file'), '');
const unknownLogZ = join(folder, 'unknown.yaml');
writeFileSync(
  unknownLogZ,
  'name: a\ntask: { name: phi4, size: 5 }\nspace: { parameters: { kernel: uniform } }\npruner: { rungs: [9] }\nbudget: { trials: 1 }\n',
);

/** Runs the command line in an empty folder of its own, with nothing configured. */
const run = (...args: string[]) => runWith({}, ...args);

function runWith(more: NodeJS.ProcessEnv, ...args: string[]) {
  const configured = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL_|RGSWEEP_STORE)/.test(name));
  const environment = { ...Object.fromEntries(configured), RGSWEEP_HOME: join(folder, 'home'), ...more };
  return spawnSync(process.execPath, [mainFile, ...args], {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
    timeout: 50_000,
  });
}

describe('a mistake on the command line', () => {
  const mistakes: [string, string[], number, RegExp][] = [
    ['an unknown verb', ['lunch', quick], 2, /unknown command 'lunch'.*launch/s],
    ['an unknown option', ['status', 'a', '--jsn'], 2, /--jsn/],
    ['no sweep file', ['launch'], 2, /file/],
    [
      'pictures into what is no folder',
      ['schedule', 'standard', '--samples', '50', '--pictures', join(folder, 'a-file', 'x')],
      2,
      /a-file.*cannot be written.*\n.*another folder/,
    ],
    ['a sweep file that is not there', ['launch', 'nowhere.yaml'], 2, /nowhere\.yaml/],
    [
      'KL of a lattice whose log Z nobody knows',
      ['launch', unknownLogZ, '--dry-run'],
      2,
      /kl needs log Z.*5×5.*metric: nll/s,
    ],
    ['a number that is none', ['extend', 'a', '--trials', 'many'], 2, /--trials.*"many"/],
    ['a role that is none', ['worker', '--role', 'trainer'], 2, /--role.*"trainer".*train/],
    ['a store of an unknown kind', ['list', '--store', 'ftp://x/y'], 2, /ftp/],
    ['a store that is a file', ['list', '--store', join(folder, 'a-file')], 1, /a-file/],
    ['a sweep that is not there', ['trials', 'nobody'], 1, /"nobody"/],
    ['parameters that are no JSON', ['enqueue', 'a', '--params', '{'], 2, /--params/],
    ['a server that does not answer', ['launch', quick, '--address', '127.0.0.1:1'], 1, /127\.0\.0\.1:1/],
    ['a port that is none', ['ui', '--port', '80000'], 2, /--port.*0 to 65535.*"80000"/],
    // Nobody can make a folder there, not even the superuser.
    [
      'a store that takes no writes',
      ['up', quick, '--store', '/sys/none'],
      1,
      /^rgsweep: file:\/\/\/sys\/none cannot/,
    ],
    ['a worker without a server', ['worker', '--address', '127.0.0.1:1'], 1, /127\.0\.0\.1:1/],
  ];
  it.each(mistakes)('%s: one message, the right exit code, nothing begun', (_what, args, code, message) => {
    const result = run(...args);
    expect(result.stderr).toMatch(message);
    expect(result.status).toBe(code);
    expect(result.stderr).not.toMatch(/^\s+at .*\.js:\d+/m);
    expect(result.stdout).toBe('');
    // Nothing was launched: no store has a sweep.
    expect(existsSync(join(folder, 'home/store/sweeps'))).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(expect.arrayContaining(['a-file']));
  });

  it('in the environment of a worker is told by workers alone, and nothing is no mistake', () => {
    const bad = { RGSWEEP_NOTICE_SECONDS: 'soon' };
    const absent = ['worker', '--address', '127.0.0.1:1'];
    const told = runWith(bad, ...absent);
    expect(told.stderr).toMatch(
      /^rgsweep: RGSWEEP_NOTICE_SECONDS.*at least 2, not "soon".*\n {2}→ .*unset it\n$/,
    );
    expect(told.status).toBe(2);
    expect(runWith(bad, ...absent, '--notice', '9').stderr).toMatch(/127\.0\.0\.1:1/);
    expect(runWith({ RGSWEEP_NOTICE_SECONDS: '' }, ...absent).stderr).toMatch(/127\.0\.0\.1:1/);
    expect(runWith(bad, '--version')).toMatchObject({ status: 0, stderr: '' });
  });

  it('a worker goes to the server of the running stack, as other verbs do', () => {
    mkdirSync(join(folder, 'running'));
    const running = { address: '127.0.0.1:2', store: `file://${join(folder, 'running/store')}`, pid: 1 };
    writeFileSync(join(folder, 'running/stack.json'), JSON.stringify(running));
    // Of no server: a worker that went to the default address must not take the tasks of whoever runs there.
    const nobodys = { RGSWEEP_HOME: join(folder, 'running'), TEMPORAL_NAMESPACE: 'nobodys-namespace' };
    for (const verb of [['worker'], ['pause', 'a']]) {
      const result = runWith(nobodys, ...verb);
      expect(result.stderr, verb[0]).toContain('127.0.0.1:2');
    }
    const told = runWith({ ...nobodys, TEMPORAL_ADDRESS: '127.0.0.1:3' }, 'worker');
    expect(told.stderr).toContain('127.0.0.1:3');
  });

  it('backend list has every backend that a sweep may name', () => {
    const rows = JSON.parse(run('backend', 'list', '--json').stdout) as { name: string }[];
    expect(rows.map(({ name }) => name).sort()).toEqual([...backendNames].sort());
  });

  it('is told from help and version, which are none', () => {
    expect(run('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    });
    expect(run('launch', '--help')).toMatchObject({ status: 0, stderr: '' });
    expect(run('launch', quick, '--dry-run')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('12 searched trials') as string,
    });
  });
});
