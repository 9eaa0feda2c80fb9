import { RgsweepError } from '../errors.js';
import type { TaskDefinition, TaskModel } from './types.js';

/** A task's name, as it stands in tables and file names. */
const taskName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * A task of rgsweep's trainer: what a sweep's `task` names. φ⁴ and images are defined by it as well as tasks of one's own
 * (docs/own-tasks.md).
 *
 * @throws RgsweepError('bad-configuration') naming the field that is missing or is not what it has to be
 */
export function defineTask<Settings>(definition: TaskDefinition<Settings>): TaskDefinition<Settings> {
  checkTaskDefinition(definition);
  return definition;
}

/** @throws RgsweepError('bad-configuration') naming the field that is missing or is not what it has to be */
export function checkTaskDefinition(value: unknown): asserts value is TaskDefinition<unknown> {
  const refuse = (problem: string) =>
    new RgsweepError('bad-configuration', `a task needs ${problem}`, {
      remedy:
        'defineTask({ name, schema, dataset: { shape, prepare }, metrics, model, evaluate }): docs/own-tasks.md',
    });
  if (typeof value !== 'object' || value === null)
    throw refuse(`an object, not ${value === null ? 'null' : typeof value}`);
  const { name, schema, dataset, metrics, model, evaluate } = value as Partial<TaskDefinition<unknown>>;
  if (typeof name !== 'string' || !taskName.test(name))
    throw refuse(
      `a name of letters, digits, dot, dash and underscore, at most 64; it has ${JSON.stringify(name)}`,
    );
  if (typeof schema?.['~standard']?.validate !== 'function')
    throw refuse('a schema that follows Standard Schema, as those of zod do');
  for (const [field, member] of Object.entries({
    'dataset.shape': dataset?.shape,
    'dataset.prepare': dataset?.prepare,
    model,
    evaluate,
  }))
    if (typeof member !== 'function') throw refuse(`a function ${field}; it has ${typeof member}`);
  if (
    !Array.isArray(metrics) ||
    metrics.length === 0 ||
    !metrics.every((metric) => /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(String(metric)))
  )
    throw refuse('metrics: the names of its figures, at least one; they begin with a letter');
}

/**
 * What a task's `model` returned, before a trial trains it.
 * @throws RgsweepError('bad-configuration') naming the function that is missing
 */
export function checkTaskModel(task: string, value: unknown): asserts value is TaskModel {
  const model = (typeof value === 'object' && value !== null ? value : {}) as Partial<TaskModel>;
  const { initialize, batches, objective, residual } = model;
  for (const [field, member] of Object.entries({ initialize, batches, objective, residual }))
    if (typeof member !== 'function')
      throw new RgsweepError(
        'bad-configuration',
        `what ${task}'s model() returns needs a function ${field}; it has ${typeof member}`,
        { remedy: 'model() returns { initialize, batches, objective, residual }: docs/own-tasks.md' },
      );
}
