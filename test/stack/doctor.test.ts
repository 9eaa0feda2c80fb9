import { execFile } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { examine, firstLineOf, freeBytes, nodeIsAtLeast, type Finding } from '../../src/stack/doctor.js';
import { pinnedVersion } from '../../src/stack/temporalPins.js';
import { realTemporalCli, temporaryFolder } from './helpers.js';

const mainFile = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

async function doctor(
  home: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; healthy: boolean; findings: Finding[] }> {
  const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) =>
    execFile(
      process.execPath,
      [mainFile, 'doctor', '--json', '--address', '127.0.0.1:1', ...args],
      { env: { ...process.env, RGSWEEP_HOME: home, ...env }, encoding: 'utf8' },
      (error, out) => resolve({ code: Number(error?.code ?? 0), stdout: out }),
    ),
  );
  return { code, ...(JSON.parse(stdout) as { healthy: boolean; findings: Finding[] }) };
}

describe('rgsweep doctor', () => {
  it('finds this machine fit, and leaves nothing in the store', async () => {
    const home = temporaryFolder();
    const { path, source } = await realTemporalCli();
    if (source !== 'path') {
      mkdirSync(join(home, 'bin'));
      try {
        linkSync(path, join(home, 'bin', `temporal-${pinnedVersion}`));
      } catch {
        copyFileSync(path, join(home, 'bin', `temporal-${pinnedVersion}`));
      }
    }
    const store = join(home, 'store');
    const { code, healthy, findings } = await doctor(home, ['--store', `file://${store}`]);
    expect(findings.filter(({ state }) => state === 'fail')).toEqual([]);
    expect({ code, healthy }).toEqual({ code: 0, healthy: true });
    const of = (what: string): Finding => findings.find((finding) => finding.what === what)!;
    expect(of('Node')).toEqual({ what: 'Node', state: 'ok', found: process.versions.node });
    expect(of('Temporal server')).toMatchObject({ state: 'warn', found: 'none answers' });
    expect(of('backend').found).toMatch(/^(wasm|tensorflow) starts$/);
    const files = readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map(({ name }) => name)).toEqual([]);
  });

  it('fails with a remedy for a store that cannot be written and a CLI that cannot be had', async () => {
    const home = temporaryFolder();
    writeFileSync(join(home, 'file'), '');
    const { code, healthy, findings } = await doctor(home, ['--store', join(home, 'file', 'store')], {
      PATH: home,
    });
    expect({ code, healthy }).toEqual({ code: 1, healthy: false });
    const failed = findings.filter(({ state }) => state === 'fail');
    expect(failed.map(({ what }) => what)).toEqual(['Temporal CLI', 'store']);
    for (const { remedy } of failed) expect(remedy).toBeTruthy();
    expect(failed[1]!.found).toContain(join(home, 'file'));
    // Go and Python are not on this PATH either, which only warns.
    expect(findings.find(({ what }) => what === 'Go')).toMatchObject({
      state: 'warn',
      found: 'no go on PATH',
    });
  });
});

describe('checks', () => {
  it('turn what they throw into findings, with the error’s own remedy where it has one', async () => {
    const findings: Finding[] = [];
    const checks = [
      { what: 'good', onError: 'fail' as const, remedy: 'general', run: () => 'fine' },
      {
        what: 'plain',
        onError: 'warn' as const,
        remedy: 'general',
        run: () => Promise.reject(new Error('broken')),
      },
      {
        what: 'ours',
        onError: 'fail' as const,
        remedy: 'general',
        run: () => {
          throw new RgsweepError('store-unavailable', 'broken', { remedy: 'special' });
        },
      },
    ];
    for await (const finding of examine(checks)) findings.push(finding);
    expect(findings).toEqual([
      { what: 'good', state: 'ok', found: 'fine' },
      { what: 'plain', state: 'warn', found: 'broken', remedy: 'general' },
      { what: 'ours', state: 'fail', found: 'broken', remedy: 'special' },
    ]);
  });

  it.each([
    ['20.19.0', true],
    ['20.18.9', false],
    ['22.0.0', true],
    ['18.20.0', false],
  ])('Node %s is new enough: %s', (version, enough) => {
    expect(nodeIsAtLeast(version, [20, 19])).toBe(enough);
  });

  it('measure the disk of a folder that is not made yet', () => {
    const folder = temporaryFolder();
    expect(freeBytes(join(folder, 'not', 'yet'))).toBeGreaterThan(0);
  });
});

it('a program that does not answer in time is told from one that is missing or fails', async () => {
  const node = (script: string) => firstLineOf(process.execPath, ['-e', script], 5);
  await expect(firstLineOf(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], 0.3)).rejects.toThrow(
    /did not answer within 0\.3 s/,
  );
  await expect(firstLineOf('no-such-program', ['--version'])).rejects.toThrow('no no-such-program on PATH');
  await expect(node('process.exit(3)')).rejects.toThrow(/Command failed/);
  expect(await node("console.log('one\\ntwo')")).toBe('one');
});
