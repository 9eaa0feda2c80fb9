import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeStatistics } from '../../src/basis/statistics.js';
import { prepareTaskDataset } from '../../src/data/taskDataset.js';
import { createProcess } from '../../src/schedule/process.js';
import { loadTask } from '../../src/tasks/registry.js';
import { startBackend } from '../../src/train/backend.js';
import { createTraining } from '../../src/train/loop.js';
import { readTrainingParameters } from '../../src/train/parameters.js';
import type { TaskDescription } from '../../src/train/protocol.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-tensors-'));
beforeAll(() => startBackend('wasm', 1));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lattice: TaskDescription = { name: 'phi4', size: 4, mass2: -4, coupling: 6.975 };
const leaves: TaskDescription = {
  name: 'images',
  kind: 'dead-leaves',
  size: 4,
  channels: 1,
  exponent: 2,
  count: 64,
};

it.each([
  ['the φ⁴ network', lattice, { batchSize: 16, channels: 4 }],
  ['the U-Net', leaves, { batchSize: 1, dropout: 0.1 }],
] as const)(
  'ten thousand steps of %s leave no tensor behind, and the process does not grow',
  async (name, task, parameters) => {
    const dataFolder = join(folder, task.name);
    await prepareTaskDataset({ task, folder: dataFolder });
    const statistics = decodeStatistics(readFileSync(join(dataFolder, 'statistics.safetensors')));
    const training = readTrainingParameters(parameters);
    const process_ = createProcess({ colour: 'matched', kernel: 'uniform' }, statistics);
    const model = (await loadTask(task.name)).createModel({ task, process: process_, training, seed: 1 });
    const session = createTraining({
      objective: model.objective(dataFolder),
      initialize: () => model.initialize(),
      training,
    });
    const tell = () => {
      const { numTensors, numBytes } = tf.memory();
      const megabytes = Math.round(process.memoryUsage().rss / 2 ** 20);
      console.log(
        `${name}, step ${session.step}: ${numTensors} tensors, ${numBytes} bytes; process ${megabytes} MiB`,
      );
      return { numTensors, numBytes, megabytes };
    };
    const begin = tell();
    while (session.step < 1000) await session.advance();
    const early = tell();
    while (session.step < 10_000) await session.advance();
    const late = tell();
    session.dispose();
    expect([late.numTensors, late.numBytes]).toEqual([begin.numTensors, begin.numBytes]);
    expect(late.megabytes).toBeLessThan(1.3 * early.megabytes);
  },
  3_600_000,
);
