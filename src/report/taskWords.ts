import type { SweepSnapshot } from '../sweep/types.js';
import type { SweepTask } from '../train/protocol.js';
import { fitLine } from './text.js';
import { formatPlain } from './figures.js';

/** Where the three splits come from. */
export const dataWords: Readonly<Record<SweepTask['name'], string>> = {
  phi4: 'training, validation and test configurations come from separate Markov chains',
  images: 'training, validation and test images have none in common',
  cifar10: 'training, validation and test images have none in common',
  module: 'training, validation and test data are as the task’s module makes them',
  command: 'training, validation and test data are those of the task, if it has any',
};

const converged = (bound: string) =>
  `; likelihoods are integrated until doubling the steps changes them by less than ${bound}, or not reported`;
/** When a likelihood counts, where it is ours to say. */
export const convergenceWords: Partial<Record<SweepTask['name'], string>> = {
  phi4: converged('0.002 nats'),
  images: converged('0.001 bits per dimension'),
  cifar10: converged('0.001 bits per dimension'),
};

/** What was trained, in words. */
export function taskWords({ spec }: Pick<SweepSnapshot, 'spec'>): string {
  const { task } = spec;
  switch (task.name) {
    case 'phi4':
      return `φ⁴ theory on a periodic ${task.size} × ${task.size} lattice, m² = ${formatPlain(task.mass2)}, coupling ${task.coupling}`;
    case 'images': {
      const kind =
        task.kind === 'dead-leaves' ? 'dead leaves' : `Gaussian fields of spectrum 1/k^${task.exponent}`;
      return `generated images of ${task.size} × ${task.size} pixels, channels ${task.channels}: ${kind}`;
    }
    case 'cifar10':
      return 'CIFAR-10, 32 × 32 colour images';
    case 'module': {
      const { height, width, channels } = task.shape;
      const settings = Object.entries(task.settings).map(
        ([name, value]) => `${name} ${JSON.stringify(value)}`,
      );
      return fitLine(
        `${task.title}, a task of its own (${task.module.split('/').at(-1)}), fields of ${height} × ${width} × ${channels}${settings.length > 0 ? `: ${settings.join(', ')}` : ''}`,
        300,
      );
    }
    case 'command':
      return `a program of its own, ${fitLine(task.command.join(' '), 120)}${task.data ? `, on ${taskWords({ spec: { ...spec, task: task.data } })}` : ''}`;
  }
}
