import { createHash } from 'node:crypto';
import { encodeStatistics } from '../../basis/statistics.js';
import type { FieldShape } from '../../basis/types.js';
import { RgsweepError } from '../../errors.js';
import { encodeSafetensors } from '../../tensors/safetensors.js';
import type { Cifar10Task, ImagesTask } from '../../train/protocol.js';
import { createBreather } from '../breathe.js';
import { readCifar10, whereToGetIt } from '../cifar10/read.js';
import { createDatasetFolder } from '../datasetFolder.js';
import { splits, type DatasetFiles, type Split } from '../dataset.js';
import type { DatasetWork } from '../taskDataset.js';
import { drawDeadLeaves } from './deadLeaves.js';
import { drawGaussianFields, gaussianFieldStatistics } from './gaussianField.js';
import { imagesOf } from './pixels.js';
import { imageStatistics, withPrincipal } from './statistics.js';

/** Raised whenever the same task would give other numbers. */
const generator = 'images-1';
const seed = 20240617;
/** The last of CIFAR-10's 50,000 training images are what the search sees; its test images are for the end alone. */
export const cifar10Validation = 5000;

/** dataset.json of an image data set. */
export interface ImageManifest extends DatasetFiles {
  task: ImagesTask | Omit<Cifar10Task, 'from'>;
  /** What the images are, in words. */
  content: string;
  counts: Record<Split, number>;
}

/** What determines the data set, and no more: not where CIFAR-10 was read from. */
export function imageDatasetKey(task: ImagesTask | Cifar10Task): string {
  const content =
    task.name === 'cifar10'
      ? [generator, task.name, cifar10Validation]
      : [
          generator,
          task.name,
          task.kind,
          task.size,
          task.channels,
          task.kind === 'gaussian-field' ? task.exponent : 0,
          task.count,
          seed,
        ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);
}

/**
 * Makes an image data set in a folder: {train,validation,test}.safetensors with a tensor `pixels` (uint8) or `samples` (float32)
 * [N, D], statistics.safetensors with mean, covariance and principal components, and, last, dataset.json. The statistics of
 * Gaussian fields are the exact ones, all others those of the training split. Lets other work of the process go on meanwhile.
 * @throws RgsweepError('data-missing') before anything is written when the source is missing or damaged
 */
export async function prepareImages(
  task: ImagesTask | Cifar10Task,
  { folder, onProgress, signal }: Omit<DatasetWork, 'key'>,
): Promise<ImageManifest> {
  let done = { fraction: 0, what: 'images' };
  const { due, breathe: turn } = createBreather('making the data set', signal, () =>
    onProgress?.(done.fraction, done.what),
  );
  /** Between pieces of work, with what part of all of it is done. */
  const breathe = async (fraction: number, what: string) => {
    done = { fraction, what };
    if (due()) await turn();
  };
  const { shape, values, content } = await imagesByName(task, (fraction) =>
    breathe(0.2 * fraction, 'images'),
  );
  const { keep, finish } = await createDatasetFolder(folder);
  const dimension = shape.height * shape.width * shape.channels;
  const counts = Object.fromEntries(
    splits.map((split) => [split, values[split].length / dimension]),
  ) as Record<Split, number>;
  for (const split of splits) {
    const data = values[split];
    const tensor = { shape: [counts[split], dimension], data };
    await keep(
      `${split}.safetensors`,
      encodeSafetensors(data instanceof Uint8Array ? { pixels: tensor } : { samples: tensor }),
    );
  }
  const moments =
    task.name === 'images' && task.kind === 'gaussian-field'
      ? gaussianFieldStatistics(shape, task.exponent)
      : await imageStatistics(imagesOf(values.train, dimension), shape, (fraction) =>
          breathe(0.2 + 0.4 * fraction, 'mean and covariance'),
        );
  const statistics = await withPrincipal(moments, (fraction) =>
    breathe(0.6 + 0.4 * fraction, 'principal components'),
  );
  await keep('statistics.safetensors', encodeStatistics(statistics));
  const manifest = await finish<ImageManifest>({
    key: imageDatasetKey(task),
    generator,
    task: task.name === 'cifar10' ? { name: task.name } : task,
    content,
    counts,
    warnings: [],
  });
  onProgress?.(1, 'done');
  return manifest;
}

interface ImagesByName {
  shape: FieldShape;
  values: Record<Split, Float32Array | Uint8Array>;
  content: string;
}

async function imagesByName(
  task: ImagesTask | Cifar10Task,
  breathe: (fraction: number) => Promise<void>,
): Promise<ImagesByName> {
  if (task.name === 'cifar10') {
    if (task.from === undefined)
      throw new RgsweepError(
        'data-missing',
        'the store has no CIFAR-10 yet, and task.from says not where it is',
        {
          remedy: `${whereToGetIt}; or name it as task.from in the sweep file`,
        },
      );
    const { train, test } = await readCifar10(task.from);
    const first = train.pixels.length - cifar10Validation * 3072;
    return {
      shape: { height: 32, width: 32, channels: 3 },
      values: {
        train: train.pixels.subarray(0, first),
        validation: train.pixels.subarray(first),
        test: test.pixels,
      },
      content: 'CIFAR-10, binary version, checked against its published hashes',
    };
  }
  const { size, channels, count, kind, exponent } = task;
  const shape = { height: size, width: size, channels };
  const counts = { train: count, validation: Math.ceil(count / 5), test: Math.ceil(count / 5) };
  const values: Partial<ImagesByName['values']> = {};
  for (const split of splits) {
    values[split] =
      kind === 'dead-leaves'
        ? drawDeadLeaves(shape, counts[split], seed, `dead-leaves/${split}`)
        : drawGaussianFields(shape, exponent, counts[split], seed, `gaussian-field/${split}`);
    await breathe(Object.keys(values).length / splits.length);
  }
  return {
    shape,
    values: values as ImagesByName['values'],
    content:
      kind === 'dead-leaves'
        ? 'generated: dead leaves, 256 levels'
        : `generated: Gaussian fields of spectrum 1/k^${exponent}, real numbers`,
  };
}
