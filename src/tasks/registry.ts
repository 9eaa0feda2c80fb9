import { RgsweepError } from '../errors.js';
import type { TaskName } from '../train/protocol.js';
import type { TaskDefinition } from './types.js';

/** Each task's definition, loaded when it is asked for: a φ⁴ trainer loads no image code. */
const definitions: { [Name in TaskName]?: () => Promise<TaskDefinition<Name>> } = {
  phi4: () => import('./phi4.js').then((module) => module.phi4Task),
  images: () => import('./images.js').then((module) => module.imagesTask),
  cifar10: () => import('./images.js').then((module) => module.cifar10Task),
};

/**
 * The definition of the task of this name.
 * @throws RgsweepError('bad-configuration') naming the tasks there are
 */
export async function loadTask<Name extends TaskName>(name: Name): Promise<TaskDefinition<Name>> {
  const load = definitions[name];
  if (load) return load();
  throw new RgsweepError('bad-configuration', `no task is called ${JSON.stringify(name)}`, {
    remedy: `tasks: ${Object.keys(definitions).join(', ')}`,
  });
}
