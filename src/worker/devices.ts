import type { TrainerEnd, TrainerRun } from '../../activities/trainerProcess.js';
import { RgsweepError } from '../errors.js';
import { deviceMemoryVariable } from '../train/memory.js';
import type { Gpu } from './gpus.js';

type RunTrainer = (run: TrainerRun) => Promise<TrainerEnd>;

/**
 * Gives each trainer a GPU of its own, by CUDA_VISIBLE_DEVICES, for as long as it runs, and tells it how much memory that has.
 * @param devices at least as many as trainers may run at a time; none: trainers see what the worker sees
 */
export function oneTrainerPerDevice(
  devices: readonly Pick<Gpu, 'uuid' | 'memoryMiB'>[],
  runTrainer: RunTrainer,
): RunTrainer {
  if (devices.length === 0) return runTrainer;
  const free = [...devices];
  return async (run) => {
    const device = free.shift();
    if (device === undefined)
      throw new RgsweepError('internal', `${devices.length} GPUs and more trainers than that`);
    try {
      return await runTrainer({
        ...run,
        environment: {
          ...run.environment,
          CUDA_VISIBLE_DEVICES: device.uuid,
          [deviceMemoryVariable]: String(device.memoryMiB),
        },
      });
    } finally {
      free.push(device);
    }
  };
}
