import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { register } from '../../src/cli/verbs/data.js';

let folder: string;
let output = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rgsweep-data-verb-'));
  output = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

async function rgsweep(...args: string[]): Promise<string> {
  const program = new Command('rgsweep');
  register(program);
  output = '';
  await program.parseAsync(['data', ...args], { from: 'user' });
  return output;
}

const few = ['--size', '3', '--train', '200', '--validation', '100', '--test', '100'];

describe('rgsweep data', () => {
  it('makes a set once, shows it and checks it', async () => {
    const made = await rgsweep('prepare', 'phi4', ...few, '--folder', folder);
    expect(made).toMatch(/φ⁴ on 3 × 3 sites, m² = -4, coupling 6\.975/);
    expect(made).toMatch(/train +200 configurations of 1 chain, 9\d\.\d % accepted/);
    expect(made).toMatch(/susceptibility +\d\.\d+ ± \d/);
    const bytes = readFileSync(join(folder, 'dataset.json'));
    expect(await rgsweep('prepare', 'phi4', ...few, '--folder', folder)).toMatch(/^it is there already/);
    expect(readFileSync(join(folder, 'dataset.json'))).toEqual(bytes);
    expect(`${made}`).toBe(await rgsweep('show', folder));
    expect(JSON.parse(await rgsweep('show', folder, '--json'))).toEqual(JSON.parse(bytes.toString()));
    expect(await rgsweep('check', folder)).toMatch(/is whole: 4 files/);
    expect(JSON.parse(await rgsweep('check', folder, '--json'))).toMatchObject({ ok: true });
  });

  it('makes a damaged set again, and leaves another set alone', async () => {
    await rgsweep('prepare', 'phi4', ...few, '--folder', folder);
    writeFileSync(join(folder, 'test.safetensors'), 'gone');
    await expect(rgsweep('check', folder)).rejects.toMatchObject({ kind: 'data-missing' });
    await rgsweep('prepare', 'phi4', ...few, '--folder', folder);
    expect(await rgsweep('check', folder)).toMatch(/is whole/);
    const other = rgsweep('prepare', 'phi4', ...few, '--seed', '8', '--folder', folder);
    await expect(other).rejects.toMatchObject({ kind: 'conflict' });
    expect(await rgsweep('check', folder)).toMatch(/is whole/);
  });

  it('refuses tasks and numbers that make no sense, and writes nothing', async () => {
    const at = join(folder, 'new');
    await expect(rgsweep('prepare', 'ising', '--folder', at)).rejects.toMatchObject({ kind: 'usage' });
    await expect(rgsweep('prepare', 'phi4', '--coupling', '0', '--folder', at)).rejects.toMatchObject({
      kind: 'bad-configuration',
    });
    await expect(rgsweep('show', at)).rejects.toMatchObject({ kind: 'data-missing' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('estimates log Z beside the value that is known', async () => {
    const text = await rgsweep('logz', 'phi4', '--size', '2', '--trajectories', '64');
    expect(text).toMatch(
      /^log Z = 1\.\d+ ± 0\.\d+\n {2}routes: straight .* corner .* sites .* \(at most .* standard errors apart\)/,
    );
    expect(text).toMatch(/known: {2}1\.173185 \(quadrature\)/);
    const found = JSON.parse(
      await rgsweep('logz', 'phi4', '--size', '2', '--trajectories', '64', '--json'),
    ) as { value: number; error: number };
    expect(Math.abs(found.value - 1.173185)).toBeLessThan(5 * found.error);
  });
});
