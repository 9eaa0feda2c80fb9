import { createHash } from 'node:crypto';
import type { FieldShape } from '../basis/types.js';
import type { BuiltInTask, TaskDescription, TaskOf } from '../train/protocol.js';
import { datasetKey, defaultRecipe, prepareDataset, type DatasetFiles } from './dataset.js';
import { imageDatasetKey, prepareImages } from './images/dataset.js';

/** Where a data set is made, and whom it tells. */
export interface DatasetWork {
  /** Made when missing; files of the same names are replaced. */
  folder: string;
  /** The data set's name in the store. */
  key: string;
  /** `fraction` of the whole work done, from 0 to 1, and what is being done. */
  onProgress?: (fraction: number, what: string) => void;
  signal?: AbortSignal;
}

/** The data of a task: fields of one shape in three splits. */
export interface TaskDataset<Settings> {
  /** The shape of one field. */
  shape(this: void, settings: Settings): FieldShape;
  /**
   * A hash of the files that the data come from, taken at launch: with other files it is another data set. Absent where the
   * settings alone say what the data are.
   * @throws RgsweepError('data-missing') when they cannot be read
   */
  source?(this: void, settings: Settings): string;
  /**
   * Makes {train,validation,test}.safetensors, statistics.safetensors and, last, dataset.json with every file's size and hash.
   * The same settings and source must give the same data.
   * @throws RgsweepError: 'bad-configuration' for data that cannot be made, 'data-missing' for source files that are missing
   *   or damaged, 'cancelled' by the signal, 'store-unavailable' when the folder cannot be written
   */
  prepare(this: void, settings: Settings, work: DatasetWork): Promise<DatasetFiles>;
}

/** A data set whose name is a hash of its own. */
type NamedDataset<Settings> = TaskDataset<Settings> & { key(settings: Settings): string };

/** The data sets of the tasks that come with rgsweep, in no need of a numerical backend. */
export const builtInDatasets: { [Name in BuiltInTask['name']]: NamedDataset<TaskOf<Name>> } = {
  phi4: {
    shape: ({ size }) => ({ height: size, width: size, channels: 1 }),
    key: (task) => datasetKey(task, defaultRecipe),
    prepare: (task, work) => prepareDataset({ task, recipe: defaultRecipe, ...work }),
  },
  images: {
    shape: ({ size, channels }) => ({ height: size, width: size, channels }),
    key: imageDatasetKey,
    prepare: prepareImages,
  },
  cifar10: {
    shape: () => ({ height: 32, width: 32, channels: 3 }),
    key: imageDatasetKey,
    prepare: prepareImages,
  },
};

function builtIn(task: BuiltInTask): NamedDataset<BuiltInTask> {
  return builtInDatasets[task.name];
}

/** The shape of one field of the task's data. */
export function taskShape(task: TaskDescription): FieldShape {
  return task.name === 'module' ? task.shape : builtIn(task).shape(task);
}

/** The name of the task's data set in the store: a hash of everything that determines its content. */
export function taskDatasetKey(task: TaskDescription): string {
  if (task.name !== 'module') return builtIn(task).key(task);
  return createHash('sha256')
    .update(JSON.stringify(['module-1', task.sha256, task.settings, task.source]))
    .digest('hex')
    .slice(0, 16);
}
