import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeStatistics } from '../../src/basis/statistics.js';
import { createProcess } from '../../src/schedule/process.js';
import { loadTask, prepareTaskDataset } from '../../src/tasks/registry.js';
import { startBackend } from '../../src/train/backend.js';
import { createTraining } from '../../src/train/loop.js';
import { readTrainingParameters } from '../../src/train/parameters.js';
import type { TaskDescription } from '../../src/train/protocol.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-tensors-'));
beforeAll(() => startBackend('wasm', 1));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes that the process holds once what nobody needs is collected; wasm's heap is one buffer of it. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

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
  'ten thousand steps of %s leave no tensor behind, and the process holds no more',
  async (name, task, parameters) => {
    const dataFolder = join(folder, task.name);
    await prepareTaskDataset(task, { folder: dataFolder });
    const statistics = decodeStatistics(readFileSync(join(dataFolder, 'statistics.safetensors')));
    const training = readTrainingParameters(parameters);
    const process_ = createProcess({ colour: 'matched', kernel: 'uniform' }, statistics);
    const { definition, settings } = await loadTask(task);
    const model = await definition.model({ settings, process: process_, parameters, training, seed: 1 });
    const session = createTraining({
      objective: model.objective(),
      batch: model.batches(dataFolder),
      initialize: () => model.initialize(),
      training,
    });
    const tell = () => {
      const { numTensors, numBytes } = tf.memory();
      const held = heldBytes() / 2 ** 20;
      console.log(
        `${name}, step ${session.step}: ${numTensors} tensors of ${numBytes} bytes; the process holds ${held.toFixed(1)} MiB`,
      );
      return { numTensors, numBytes, held };
    };
    const begin = tell();
    while (session.step < 1000) await session.advance();
    const early = tell();
    while (session.step < 10_000) await session.advance();
    const late = tell();
    session.dispose();
    expect([late.numTensors, late.numBytes]).toEqual([begin.numTensors, begin.numBytes]);
    expect(late.held).toBeLessThan(1.1 * early.held);
  },
  3_600_000,
);
