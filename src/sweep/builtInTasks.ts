import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { BuiltInTask } from '../train/protocol.js';
import { imagesTaskBounds } from './imagesTask.js';
import { phi4Defaults, phi4SideBounds } from './phi4Task.js';

const { low, high, trained } = phi4SideBounds;

/** φ⁴ as data, of a program or a task of one's own. */
export const phi4 = z.strictObject({
  name: z.literal('phi4'),
  size: z.int().min(low).max(high).default(phi4Defaults.size),
  mass2: z.number().default(phi4Defaults.mass2),
  coupling: z.number().min(0).default(phi4Defaults.coupling),
});

/** φ⁴ as the task of a sweep, which rgsweep's own network is trained on. */
const trainedPhi4 = phi4.extend({
  size: z
    .int()
    .min(low)
    .max(
      trained,
      `the built-in network takes at most ${trained} × ${trained} sites; larger lattices, to ${high} a side, are data of a task of your own (docs/trainer-protocol.md)`,
    )
    .default(phi4Defaults.size),
});

export const images = z.strictObject({
  name: z.literal('images'),
  kind: z.enum(['gaussian-field', 'dead-leaves']).default('dead-leaves'),
  size: z.int().min(imagesTaskBounds.size.low).max(imagesTaskBounds.size.high).default(16),
  channels: z.union([z.literal(1), z.literal(3)]).default(1),
  exponent: z.number().min(imagesTaskBounds.exponent.low).max(imagesTaskBounds.exponent.high).default(2),
  count: z.int().min(imagesTaskBounds.count.low).max(imagesTaskBounds.count.high).default(10_000),
});

export const cifar10 = z.strictObject({
  name: z.literal('cifar10'),
  from: z
    .string()
    .optional()
    .describe(
      'Folder, cifar-10-binary.tar.gz or store URL of its files, when the store does not have them yet',
    ),
});

/** `task` of a sweep file, but for programs of one's own. */
export const builtInTasks = [trainedPhi4, images, cifar10] as const;

/** A path of CIFAR-10's files is relative to the sweep file; workers know nothing of where that lies. */
export function resolveTask(task: BuiltInTask, file: string): BuiltInTask {
  if (task.name !== 'cifar10') return task;
  const { name, from } = task;
  if (from === undefined) return { name };
  return { name, from: /^[a-z][a-z0-9+.-]*:\/\//i.test(from) ? from : resolve(dirname(file), from) };
}
