import { RgsweepError } from '../errors.js';
import type { DatasetFiles } from '../data/dataset.js';
import { builtInDatasets, taskDatasetKey, type DatasetWork } from '../data/taskDataset.js';
import type { BuiltInTask, TaskDescription, TaskOf } from '../train/protocol.js';
import { loadLaunchedModule } from './module.js';
import type { TaskDefinition } from './types.js';

/** Each task's definition, loaded when it is asked for: a φ⁴ trainer loads no image code. */
const definitions: { [Name in BuiltInTask['name']]: () => Promise<TaskDefinition<TaskOf<Name>>> } = {
  phi4: () => import('./phi4.js').then((module) => module.phi4Task),
  images: () => import('./images.js').then((module) => module.imagesTask),
  cifar10: () => import('./images.js').then((module) => module.cifar10Task),
};

/** A task's definition, and what it is to be given as its settings. */
export interface LoadedTask {
  definition: TaskDefinition<unknown>;
  settings: unknown;
}

/**
 * The definition of a described task.
 * @throws RgsweepError('bad-configuration') for a name that no task has, and as `loadLaunchedModule`
 */
export async function loadTask(task: TaskDescription): Promise<LoadedTask> {
  if (task.name === 'module') return { definition: await loadLaunchedModule(task), settings: task.settings };
  const load = definitions[task.name] as (() => Promise<TaskDefinition<unknown>>) | undefined;
  if (load) return { definition: await load(), settings: task };
  throw new RgsweepError('bad-configuration', `no task is called ${JSON.stringify(task.name)}`, {
    remedy: `tasks: ${Object.keys(definitions).join(', ')}, module`,
  });
}

/**
 * Makes the task's data set in a folder, without loading a numerical backend for a built-in task.
 * @throws RgsweepError as `TaskDataset.prepare` and `loadLaunchedModule`
 */
export async function prepareTaskDataset(
  task: TaskDescription,
  work: Omit<DatasetWork, 'key'>,
): Promise<DatasetFiles> {
  const key = taskDatasetKey(task);
  if (task.name !== 'module') {
    const dataset = builtInDatasets[task.name] as TaskDefinition<unknown>['dataset'];
    return dataset.prepare(task, { ...work, key });
  }
  const { dataset } = await loadLaunchedModule(task);
  if (task.source !== undefined && dataset.source?.(task.settings) !== task.source)
    throw new RgsweepError(
      'data-missing',
      `the files of ${task.title}'s data have changed since the launch`,
      {
        remedy: 'put them back as they were, or launch the sweep under another name',
      },
    );
  return dataset.prepare(task.settings, { ...work, key });
}
