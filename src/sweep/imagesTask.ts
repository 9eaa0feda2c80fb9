import { RgsweepError } from '../errors.js';
import type { ImagesTask } from '../train/protocol.js';

/** Bounds of a task of generated images, both ends allowed. */
export const imagesTaskBounds = {
  size: { low: 4, high: 64 },
  exponent: { low: 0, high: 6 },
  count: { low: 50, high: 1_000_000 },
} as const;

/** @throws RgsweepError('bad-configuration') naming the first field that is out of bounds */
export function checkImagesTask(task: ImagesTask): void {
  for (const [name, { low, high }] of Object.entries(imagesTaskBounds)) {
    const value = task[name as keyof typeof imagesTaskBounds];
    const whole = name === 'exponent' || Number.isInteger(value);
    if (!whole || !(value >= low && value <= high))
      throw new RgsweepError(
        'bad-configuration',
        `images: ${name} is ${value}; it must be ${name === 'exponent' ? 'a number' : 'an integer'} from ${low} to ${high}`,
      );
  }
  if (task.channels !== 1 && task.channels !== 3)
    throw new RgsweepError('bad-configuration', `images: channels is ${task.channels}; it must be 1 or 3`);
}
