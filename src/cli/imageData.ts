import { decodeStatistics } from '../basis/statistics.js';
import type { DataStatistics } from '../basis/types.js';
import { drawDeadLeaves } from '../data/images/deadLeaves.js';
import { drawGaussianFields, gaussianFieldStatistics } from '../data/images/gaussianField.js';
import { decodeImages, imagesOf } from '../data/images/pixels.js';
import { imageStatistics } from '../data/images/statistics.js';
import { taskDatasetKey, taskShape } from '../data/taskDataset.js';
import { whereToGetIt } from '../data/cifar10/read.js';
import { RgsweepError } from '../errors.js';
import { layout } from '../store/layout.js';
import { checkImagesTask } from '../sweep/imagesTask.js';
import type { ImagesTask } from '../train/protocol.js';
import { connectStore, type StoreOption } from './connection.js';

/** Images to draw. */
const pictured = 16;

/** Statistics of image data and some of its images, for views of schedules. */
export interface ImageData {
  statistics: DataStatistics;
  samples: Float32Array;
}

/**
 * Generated images, made for this view; statistics of Gaussian fields are the exact ones.
 * @param task `count` images are what the statistics of dead leaves are estimated from
 */
export async function generatedImages(task: ImagesTask): Promise<ImageData> {
  checkImagesTask(task);
  const shape = taskShape(task);
  if (task.kind === 'gaussian-field')
    return {
      statistics: gaussianFieldStatistics(shape, task.exponent),
      samples: drawGaussianFields(shape, task.exponent, pictured, 1, 'schedule view'),
    };
  const dimension = shape.height * shape.width * shape.channels;
  const images = imagesOf(drawDeadLeaves(shape, task.count, 1, 'schedule view'), dimension);
  const samples = new Float32Array(Math.min(pictured, images.count) * dimension);
  for (let n = 0; n * dimension < samples.length; n++) images.write(n, samples, n * dimension);
  return { statistics: await imageStatistics(images, shape, async () => undefined), samples };
}

/**
 * CIFAR-10 as the store has it.
 * @throws RgsweepError('data-missing') saying how to bring it there
 */
export async function storedCifar10(options: StoreOption): Promise<ImageData> {
  const store = await connectStore(options);
  const folder = layout.dataset(taskDatasetKey({ name: 'cifar10' }));
  const [statistics, test] = await Promise.all(
    ['statistics', 'test'].map((name) => store.get(`${folder}/${name}.safetensors`)),
  );
  const images = test && decodeImages(test.body);
  if (!statistics || !images)
    throw new RgsweepError('data-missing', `${store.url} has no CIFAR-10`, { remedy: whereToGetIt });
  const samples = new Float32Array(pictured * images.dimension);
  for (let n = 0; n < pictured; n++) images.write(n, samples, n * images.dimension);
  return { statistics: decodeStatistics(statistics.body), samples };
}
