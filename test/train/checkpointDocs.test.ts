/** What docs/checkpoints.md and the README tell a reader in Python: their code is run, and the page's table is what the file holds. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { createProcess } from '../../src/schedule/process.js';
import { initialPhi4 } from '../../src/tasks/phi4Loss.js';
import { writeCheckpoint } from '../../src/train/checkpoint.js';
import { createOptimizerState } from '../../src/train/optimizer.js';
import { readTrainingParameters } from '../../src/train/parameters.js';
import { pythonWith } from '../e2e/python.js';
import { freeField } from '../schedule/freeField.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-checkpoint-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('loads into NumPy by the lines of the page and of the README, with the documented names and shapes', () => {
  const text = readFileSync(fileURLToPath(new URL('../../docs/checkpoints.md', import.meta.url)), 'utf8');
  const process = createProcess({}, freeField(0.25, { height: 6, width: 6, channels: 1 }));
  const state = createOptimizerState(initialPhi4(process, readTrainingParameters({}), 1));
  const step = join(folder, 'step-2000');
  mkdirSync(step);
  renameSync(writeCheckpoint(folder, { step: 7, loss: 1, state }), join(step, 'one'));
  writeFileSync(join(step, 'manifest.json'), JSON.stringify({ attempt: 'one' }));

  const code = /```python\n([\s\S]*?)```/
    .exec(text)![1]!
    .replace(/Path\("[^"]*step-2000"\)/, `Path(${JSON.stringify(step)})`);
  const python = join(pythonWith('numpy', 'safetensors'), 'python3');
  const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  const shown = /```python\n(from glob[\s\S]*?)```/
    .exec(readme)![1]!
    .replace(/"\.rgsweep\/.*?step-2000/, `"${step}`);
  const printed = spawnSync(python, ['-c', shown], { encoding: 'utf8' });
  expect(printed.stderr).toBe('');
  for (const [name, { shape }] of Object.entries(state.ema))
    expect(printed.stdout).toMatch(
      new RegExp(`^${name.replace('.', '\\.')} \\(${shape.join(', ')},?\\) float32$`, 'm'),
    );
  const print =
    'print(json.dumps({name: [list(a.shape), str(a.dtype), float(a.sum())] for name, a in weights.items()}))';
  const { stdout, stderr } = spawnSync(python, ['-c', `${code}\n${print}`], { encoding: 'utf8' });
  const loaded = JSON.parse(stdout || JSON.stringify(stderr)) as Record<string, [number[], string, number]>;

  const table = text.slice(text.indexOf('## φ⁴'), text.indexOf('## Images'));
  const documented = [...table.matchAll(/^\| `(.+?)` \| (\[.+?\]) /gm)].map(
    ([, name, shape]): [string, unknown] => [name!, JSON.parse(shape!)],
  );
  expect(Object.fromEntries(Object.entries(loaded).map(([name, [shape]]) => [name, shape]))).toEqual(
    Object.fromEntries(documented),
  );
  for (const [name, { data }] of Object.entries(state.ema)) {
    expect(loaded[name]![1]).toBe('float32');
    expect(loaded[name]![2]).toBeCloseTo(
      data.reduce((sum, value) => sum + value, 0),
      3,
    );
  }
}, 240_000);
