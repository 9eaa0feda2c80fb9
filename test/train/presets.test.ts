import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStatistics } from '../../src/basis/statistics.js';
import type { DataStatistics } from '../../src/basis/types.js';
import { prepareDataset } from '../../src/data/dataset.js';
import { presets } from '../../src/schedule/presets.js';
import { createProcess } from '../../src/schedule/process.js';
import { parseSweepFile } from '../../src/sweep/spec.js';
import { phi4Task } from '../../src/tasks/phi4.js';
import { startBackend } from '../../src/train/backend.js';
import { createTraining } from '../../src/train/loop.js';
import { readTrainingParameters } from '../../src/train/parameters.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-presets-'));
const task = { name: 'phi4', size: 4, mass2: -4, coupling: 6.975 } as const;
const names = Object.keys(presets);
let statistics: DataStatistics;

beforeAll(async () => {
  await startBackend('wasm', 1);
  const counts = { train: 300, validation: 20, test: 20 };
  await prepareDataset({ task, recipe: { seed: 1, counts, perChain: 100 }, folder });
  statistics = decodeStatistics(readFileSync(join(folder, 'statistics.safetensors')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('every preset is a trial', () => {
  it('by its name in a sweep file', () => {
    const spec = parseSweepFile(
      `name: all
task: { name: phi4, size: 4, mass2: -4, coupling: 6.975 }
space: { parameters: { cutoffWidth: { type: float, low: 0.3, high: 3 } } }
pruner: { name: none, rungs: [3] }
budget: { trials: 1 }
baselines: [${names.join(', ')}]
`,
      'all.yaml',
      () => '',
    );
    expect(spec.baselines).toEqual(names);
  });

  // What the trainer does with a task file, without its process: data from the folder, network, loss, steps.
  it.each(names)('%s trains', async (name) => {
    const parameters = { ...presets[name]!, batchSize: 32, channels: 4 };
    const training = readTrainingParameters(parameters);
    const process = createProcess(parameters, statistics);
    const model = await phi4Task.model({ settings: task, process, parameters, training, seed: 3 });
    const session = createTraining({
      objective: model.objective(),
      batch: model.batches(folder),
      initialize: () => model.initialize(),
      training,
    });
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) losses.push(await session.advance());
    const before = model.initialize();
    const moved = Object.entries(session.state.parameters).filter(([key, { data }]) =>
      data.some((value, i) => value !== before[key]!.data[i]),
    );
    session.dispose();
    for (const loss of losses) expect(Number.isFinite(loss)).toBe(true);
    for (const [, { data }] of Object.entries(session.state.parameters))
      for (const value of data) expect(Number.isFinite(value)).toBe(true);
    expect(moved.length).toBeGreaterThan(0);
  });
});
