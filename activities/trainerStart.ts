import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Parameters } from '../src/space/types.js';
import { dataTaskOf, type SweepTask, type TrainerTask } from '../src/train/protocol.js';
import { encodeSchedule } from '../src/train/scheduleFile.js';
import { datasetStatistics, localDataset } from './dataset.js';
import type { Dependencies } from './dependencies.js';
import type { TrainerRun } from './trainerProcess.js';

/** What depends on the sweep's task when a trainer is started. */
export interface TrainerStart {
  run: Pick<TrainerRun, 'command' | 'environment' | 'foreign'>;
  task: Pick<TrainerTask, 'task' | 'dataFolder' | 'scheduleFile' | 'threads'>;
}

export interface TrainerStartInput {
  task: SweepTask;
  parameters: Parameters;
  /** Existing private folder, for the file of the schedule. */
  folder: string;
}

/**
 * How a sweep's trainer is started: the built-in one, or the task's own command with the schedule as numbers.
 * @throws RgsweepError as `localDataset` and `createProcess`
 */
export async function trainerStart(
  dependencies: Pick<Dependencies, 'store' | 'cacheFolder' | 'trainerCommand' | 'threads'>,
  { task, parameters, folder }: TrainerStartInput,
): Promise<TrainerStart> {
  const data = dataTaskOf(task);
  const dataFolder = data ? await localDataset(dependencies, data) : '';
  if (task.name !== 'command')
    return {
      run: { command: dependencies.trainerCommand },
      task: { task, dataFolder, scheduleFile: null, threads: dependencies.threads },
    };
  let scheduleFile: string | null = null;
  if (data) {
    scheduleFile = join(folder, 'schedule.safetensors');
    await writeFile(
      scheduleFile,
      encodeSchedule(parameters, await datasetStatistics(dependencies.store, data)),
    );
  }
  const { threads = dependencies.threads, memoryMiB } = task.resources ?? {};
  return {
    run: {
      command: task.command,
      environment: {
        OMP_NUM_THREADS: String(threads),
        OPENBLAS_NUM_THREADS: String(threads),
        ...task.environment,
      },
      foreign: {
        folder: task.folder,
        ...(memoryMiB === undefined ? {} : { memoryBytes: memoryMiB * 2 ** 20 }),
      },
    },
    task: { task, dataFolder, scheduleFile, threads },
  };
}
