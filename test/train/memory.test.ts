import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStatistics } from '../../src/basis/statistics.js';
import { countParameters } from '../../src/model/arrays.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { loadTask, prepareTaskDataset } from '../../src/tasks/registry.js';
import { startBackend, type Backend } from '../../src/train/backend.js';
import { createTraining, lossAndGradients } from '../../src/train/loop.js';
import { deviceMemory, requireMemory } from '../../src/train/memory.js';
import { forecastMemory } from '../../src/train/memoryProbe.js';
import { readTrainingParameters } from '../../src/train/parameters.js';
import type { MemoryForecast, TaskDescription } from '../../src/train/protocol.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-memory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let backend: Backend;

const tasks: Record<string, TaskDescription> = {
  phi4: { name: 'phi4', size: 4, mass2: -4, coupling: 6.975 },
  images: { name: 'images', kind: 'dead-leaves', size: 8, channels: 3, exponent: 2, count: 64 },
  smallest: { name: 'images', kind: 'dead-leaves', size: 4, channels: 1, exponent: 2, count: 64 },
};

beforeAll(async () => {
  backend = await startBackend('wasm', 1);
  for (const [name, task] of Object.entries(tasks))
    await prepareTaskDataset(task, { folder: join(folder, name) });
});

async function model(name: string, parameters: Parameters) {
  const dataFolder = join(folder, name);
  const statistics = decodeStatistics(readFileSync(join(dataFolder, 'statistics.safetensors')));
  const process = createProcess(parameters, statistics);
  const training = readTrainingParameters(parameters);
  const { definition, settings } = await loadTask(tasks[name]!);
  const made = await definition.model({ settings, process, parameters, training, seed: 1 });
  return {
    training,
    objective: made.objective(),
    batch: made.batches(dataFolder),
    initialize: () => made.initialize(),
  };
}

describe('what a training needs of memory', () => {
  it.each([
    ['phi4', { batchSize: 512 }],
    ['phi4', { batchSize: 1 }],
    ['images', { batchSize: 32, basis: 'haar' }],
    ['images', { batchSize: 24, basis: 'fourier', unetSize: 'small' }],
  ] as const)('is foretold from two rows, of %s with %j', async (name, parameters) => {
    const { training, objective, batch, initialize } = await model(name, parameters);
    const weights = initialize();
    const forecast = (await forecastMemory(objective, batch, weights, training.batchSize, backend))!;
    const { peakBytes } = await tf.profile(async () => {
      await lossAndGradients(objective, weights, batch(7));
      return [];
    });
    objective.dispose();
    expect(forecast.neededBytes / peakBytes).toBeCloseTo(1, 2);
    expect(forecast.weightBytes).toBe(4 * countParameters(weights));
    expect(forecast.availableBytes).toBeLessThanOrEqual(2 ** 32);
  });
});

describe('a device', () => {
  const forecast: MemoryForecast = {
    batchSize: 128,
    weightBytes: 2 ** 20,
    optimizerBytes: 3 * 2 ** 20,
    constantBytes: 2 * 2 ** 20,
    batchBytes: 256 * 2 ** 20,
    neededBytes: 260 * 2 ** 20,
    device: 'wasm',
  };

  it('that has less than a training needs refuses it, with both numbers and what would fit', () => {
    requireMemory(forecast);
    requireMemory({ ...forecast, availableBytes: 260 * 2 ** 20 });
    expect(() => requireMemory({ ...forecast, availableBytes: 105 * 2 ** 20 })).toThrow(
      expect.objectContaining({
        kind: 'out-of-memory',
        message: expect.stringMatching(/a step of 128 needs 260 MiB, wasm has 105 MiB: /) as string,
        // (105 − 4)/2 = 50.5
        remedy: expect.stringMatching(/a batch of 50 would fit/) as string,
      }),
    );
    expect(() => requireMemory({ ...forecast, availableBytes: 5 * 2 ** 20 })).toThrow(
      expect.objectContaining({ remedy: expect.stringMatching(/not even a batch of 1/) as string }),
    );
  });

  it('has what the environment says, else what its backend can address or the process may use', () => {
    expect(deviceMemory('wasm', { RGSWEEP_DEVICE_MEMORY_MIB: '512' })).toBe(512 * 2 ** 20);
    expect(deviceMemory('wasm', {})).toBeLessThanOrEqual(2 ** 32);
    // Of a GPU that is not used: WebAssembly addresses no more for it.
    expect(deviceMemory('wasm', { RGSWEEP_DEVICE_MEMORY_MIB: '40000' })).toBeLessThanOrEqual(2 ** 32);
    expect(deviceMemory('tensorflow', { RGSWEEP_DEVICE_MEMORY_MIB: '40000' })).toBe(40000 * 2 ** 20);
    expect(deviceMemory('tensorflow', {})).toBeGreaterThan(2 ** 28);
    expect(deviceMemory('webgpu', {})).toBeUndefined();
    expect(() => deviceMemory('wasm', { RGSWEEP_DEVICE_MEMORY_MIB: 'much' })).toThrow(
      /RGSWEEP_DEVICE_MEMORY_MIB is "much"/,
    );
  });
});

describe('tensors', () => {
  it.each([
    ['phi4', 200, { batchSize: 16, channels: 4 }],
    ['smallest', 60, { batchSize: 2, dropout: 0.1, basis: 'pca' }],
  ] as const)('of %s are as many after %i steps as before them', async (name, steps, parameters) => {
    const { training, objective, batch, initialize } = await model(name, parameters);
    const before = tf.memory();
    const session = createTraining({ objective, batch, initialize, training });
    await session.advance();
    await session.advance();
    const early = tf.memory();
    while (session.step < steps) await session.advance();
    const late = tf.memory();
    expect([late.numTensors, late.numBytes]).toEqual([early.numTensors, early.numBytes]);
    expect([late.numTensors, late.numBytes]).toEqual([before.numTensors, before.numBytes]);
    session.dispose();
    expect(tf.memory().numTensors).toBeLessThan(late.numTensors);
  });
});
