import * as tf from '@tensorflow/tfjs';
import { countParameters, type ParameterArrays } from '../model/arrays.js';
import type { Backend } from './backend.js';
import type { BatchMaker } from './batchSource.js';
import { lossAndGradients, type TrainingObjective } from './loop.js';
import { deviceMemory } from './memory.js';
import type { MemoryForecast } from './protocol.js';

/**
 * What a step of a training will hold on the backend, before the first one is made: the peak of tensors in a step of one row
 * and of two, and from there in a straight line. Costs three rows' work; changes nothing that a step depends on.
 * @param rows of a batch
 * @returns undefined on webgpu, where a result cannot be waited for in the middle of a step
 */
export async function forecastMemory<Batch>(
  objective: TrainingObjective<Batch>,
  batches: BatchMaker<Batch>,
  parameters: ParameterArrays,
  rows: number,
  backend: Backend,
): Promise<MemoryForecast | undefined> {
  if (backend.name === 'webgpu') return undefined;
  const weightBytes = 4 * countParameters(parameters);
  const constantBytes = tf.memory().numBytes;
  const peak = (count: number) => peakBytes(objective, parameters, batches(0, count));
  const one = await peak(1);
  const row = rows === 1 ? 0 : (await peak(2)) - one;
  const neededBytes = Math.max(one, one + (rows - 1) * row);
  const available = deviceMemory(backend.name, process.env);
  return {
    batchSize: rows,
    weightBytes,
    // The moving average and Adam's two moments, on the host.
    optimizerBytes: 3 * weightBytes,
    constantBytes,
    batchBytes: Math.max(0, neededBytes - constantBytes - 2 * weightBytes),
    neededBytes,
    ...(available === undefined ? {} : { availableBytes: available }),
    device: backend.name,
  };
}

/** The most bytes of tensors at any time of one step, those that were there before included. */
async function peakBytes<Batch>(
  objective: TrainingObjective<Batch>,
  parameters: ParameterArrays,
  batch: Batch,
): Promise<number> {
  const { peakBytes: peak } = await tf.profile(async () => {
    await lossAndGradients(objective, parameters, batch);
    return [];
  });
  return peak;
}
