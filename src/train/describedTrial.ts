import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeStatistics } from '../basis/statistics.js';
import type { FieldShape } from '../basis/types.js';
import { taskShape } from '../data/taskDataset.js';
import { RgsweepError } from '../errors.js';
import { createProcess } from '../schedule/process.js';
import { checkTaskModel } from '../tasks/define.js';
import { loadTask } from '../tasks/registry.js';
import type { ModelInput, TaskDefinition, TaskModel } from '../tasks/types.js';
import { readTrainingParameters } from './parameters.js';
import type { TrainerTask } from './protocol.js';

/** What of a task file describes a trial's training. */
export type TrialDescription = Pick<TrainerTask, 'task' | 'parameters' | 'seed' | 'dataFolder'>;

/** What it describes, a function of it and the data folder alone: every thread that reads them has the same. */
export interface DescribedTrial {
  definition: TaskDefinition<unknown>;
  input: ModelInput<unknown>;
  model: TaskModel;
}

/**
 * Noise schedule, task and network of a task file; needs no backend.
 * @throws RgsweepError('bad-configuration') for parameters, tasks or networks that cannot be, ('data-missing') for data of another
 * shape
 */
export async function describedTrial(task: TrialDescription): Promise<DescribedTrial> {
  if (task.task.name === 'command')
    throw new RgsweepError(
      'bad-configuration',
      'the task is a command of its own; this is the built-in trainer',
    );
  const training = readTrainingParameters(task.parameters);
  const { definition, settings } = await loadTask(task.task);
  const statistics = decodeStatistics(readFileSync(path.join(task.dataFolder, 'statistics.safetensors')));
  const wanted = taskShape(task.task);
  const found = statistics.shape;
  const words = (shape: FieldShape) => `${shape.height} × ${shape.width} × ${shape.channels}`;
  if (words(found) !== words(wanted))
    throw new RgsweepError(
      'data-missing',
      `${task.dataFolder} holds fields of ${words(found)}; the task's are ${words(wanted)}`,
    );
  const diffusion = createProcess(task.parameters, statistics);
  const { parameters, seed } = task;
  const input = { settings, process: diffusion, parameters, training, seed };
  const model: unknown = await definition.model(input);
  checkTaskModel(definition.name, model);
  return { definition, input, model };
}
