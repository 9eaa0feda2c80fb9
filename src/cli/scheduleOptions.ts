import { RgsweepError } from '../errors.js';
import { phi4SideBounds } from '../sweep/phi4Task.js';
import type { ScheduleViewOptions } from './scheduleView.js';

type Task = NonNullable<ScheduleViewOptions['task']>;

/** Options that say what the data are, with the tasks that have them. */
const ofTasks: [
  option: 'size' | 'mass2' | 'coupling' | 'kind' | 'channels' | 'exponent' | 'store',
  tasks: Task[],
][] = [
  ['size', ['phi4', 'images']],
  ['mass2', ['phi4']],
  ['coupling', ['phi4']],
  ['kind', ['images']],
  ['channels', ['images']],
  ['exponent', ['images']],
  ['store', ['cifar10']],
];

/**
 * Refuses options that the data asked for do not have, and lattices out of bounds, before minutes go into data that were not meant.
 * @throws RgsweepError('usage') naming the option and what it is of
 */
export function checkScheduleOptions(options: ScheduleViewOptions): void {
  const { task = 'phi4', size, kind = 'dead-leaves' } = options;
  for (const [option, tasks] of ofTasks) {
    if (options[option] === undefined) continue;
    if (options.statistics !== undefined)
      throw new RgsweepError(
        'usage',
        `--${option} says what the data are, and --statistics names a file of them`,
        {
          remedy: `leave out --statistics, or --${option}`,
        },
      );
    if (!tasks.includes(task))
      throw new RgsweepError(
        'usage',
        `--${option} is of --task ${tasks.join(' and ')}; the task is ${task}`,
        {
          remedy: `leave it out, or give --task ${tasks[0]}`,
        },
      );
  }
  if (options.exponent !== undefined && kind !== 'gaussian-field')
    throw new RgsweepError('usage', `--exponent is of --kind gaussian-field; the kind is ${kind}`, {
      remedy: 'leave it out, or give --kind gaussian-field',
    });
  const { low, high } = phi4SideBounds;
  if (task === 'phi4' && size !== undefined && (size < low || size > high))
    throw new RgsweepError('usage', `--size is ${size}; φ⁴ has ${low} to ${high} sites a side`);
}
