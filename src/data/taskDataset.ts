import type { FieldShape } from '../basis/types.js';
import type { TaskDescription } from '../train/protocol.js';
import { datasetKey, defaultRecipe, prepareDataset, type DatasetFiles } from './dataset.js';
import { imageDatasetKey, prepareImages } from './images/dataset.js';

export interface PrepareTaskDatasetInput {
  task: TaskDescription;
  /** Made when missing; files of the same names are replaced. */
  folder: string;
  /** `fraction` of the whole work done, from 0 to 1, and what is being done. */
  onProgress?: (fraction: number, what: string) => void;
  signal?: AbortSignal;
}

/** The shape of one field of the task's data. */
export function taskShape(task: TaskDescription): FieldShape {
  switch (task.name) {
    case 'phi4':
      return { height: task.size, width: task.size, channels: 1 };
    case 'images':
      return { height: task.size, width: task.size, channels: task.channels };
    case 'cifar10':
      return { height: 32, width: 32, channels: 3 };
  }
}

/** The name of the task's data set in the store: a hash of everything that determines its content. */
export function taskDatasetKey(task: TaskDescription): string {
  return task.name === 'phi4' ? datasetKey(task, defaultRecipe) : imageDatasetKey(task);
}

/**
 * Makes the task's data set in a folder: {train,validation,test}.safetensors, statistics.safetensors and, last,
 * dataset.json with every file's size and hash.
 * @throws RgsweepError: 'bad-configuration' for data that cannot be made, 'data-missing' for source files that are missing
 *   or damaged, 'cancelled' by the signal, 'store-unavailable' when the folder cannot be written
 */
export function prepareTaskDataset({ task, ...input }: PrepareTaskDatasetInput): Promise<DatasetFiles> {
  return task.name === 'phi4'
    ? prepareDataset({ task, recipe: defaultRecipe, ...input })
    : prepareImages(task, input);
}
