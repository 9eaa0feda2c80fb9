import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { openFileStore } from '../../src/store/file.js';
import { appendCurve, writeSpec, writeTrial } from '../../src/store/records.js';
import { exampleTrial, exampleSpec } from '../store/example.js';
import { pythonWith } from './python.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-pandas-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('docs/read_a_sweep.py loads a finished sweep into pandas and draws its figure', async () => {
  const store = await openFileStore(join(folder, 'store'));
  await writeSpec(store, exampleSpec('read'));
  // The worst trial first: the table sorts by the objective.
  for (const [trial, kl] of [0.3, 0.1, 0.2].entries()) {
    const rungs = [100, 300].map((step, rung) => ({
      rung,
      step,
      metrics: { kl: kl / (rung + 1), klError: 0.01, ess: NaN },
      trainSeconds: 1,
      evaluateSeconds: 1,
      stepsPerSecond: 100,
      finishedAt: '2026-01-01T00:00:00.000Z',
    }));
    const record = exampleTrial(trial);
    await writeTrial(store, 'read', {
      ...record,
      ...(trial === 0 ? { baseline: 'standard' } : {}),
      state: 'complete',
      rungs,
    });
    const curve = (steps: number[]) => steps.map((step) => ({ step, loss: 1 / step, stepsPerSecond: 100 }));
    await appendCurve(store, 'read', trial, curve([50, 100]));
    await appendCurve(store, 'read', trial, curve([200, 300]));
  }
  const frame = spawnSync(
    join(pythonWith('numpy', 'pandas', 'matplotlib'), 'python3'),
    [
      '-c',
      `import sys; sys.path.insert(0, sys.argv[1])
from rgsweep.sweeps import open_sweep
frame = open_sweep(sys.argv[2], "read").frame()
print(frame.shape[0], frame["ess"].isna().all(), frame["ess"].dtype, frame["kl"].sum().round(6))`,
      fileURLToPath(new URL('../../python', import.meta.url)),
      store.url,
    ],
    { encoding: 'utf8' },
  );
  expect(frame.stdout.trim(), frame.stderr).toBe('6 True float64 0.9');
  const picture = join(folder, 'figure.png');
  const script = fileURLToPath(new URL('../../docs/read_a_sweep.py', import.meta.url));
  const python = join(pythonWith('numpy', 'pandas', 'matplotlib'), 'python3');
  const { status, stdout, stderr } = spawnSync(python, [script, join(folder, 'store'), 'read', picture], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  const rows = stdout.trim().split('\n');
  expect(rows[0]).toMatch(/trial +label +step +kl/);
  expect(
    rows
      .slice(1, 4)
      .map((row) => row.trim().split(/\s+/))
      .map((row) => [row[0], row.at(-1)]),
  ).toEqual([
    ['1', '0.05'],
    ['2', '0.10'],
    ['0', '0.15'],
  ]);
  expect(rows.at(-1)).toBe(picture);
  const png = readFileSync(picture);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  // 10 × 4 inches of 120 dots.
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1200, 480]);
}, 240_000);
