import { symmetricEigenSteps } from '../../basis/eigen.js';
import { momentSteps } from '../../basis/moments.js';
import { principalOf } from '../../basis/pca.js';
import { breathing } from '../../basis/steps.js';
import type { DataStatistics, FieldShape } from '../../basis/types.js';
import type { Images } from './pixels.js';

/** Variance of a uniform number in [0, 1/128): what dequantization adds to every pixel. */
const dequantizationVariance = 1 / 128 ** 2 / 12;

/**
 * Mean and covariance of images, block by block of the covariance so that other work of the process goes on: 45,000 images
 * of 3,072 numbers take minutes. Quantized images are taken at their levels' middles, with what dequantization adds to the
 * diagonal.
 * @param breathe awaited between blocks, with the fraction done
 */
export async function imageStatistics(
  images: Images,
  shape: FieldShape,
  breathe: (fraction: number) => Promise<void>,
): Promise<DataStatistics> {
  const { count, dimension } = images;
  const rows = { count, dimension, read: (n: number, out: Float32Array) => images.write(n, out, 0) };
  const { mean, covariance } = await breathing(momentSteps(rows), breathe);
  if (images.quantized)
    for (let i = 0; i < dimension; i++) covariance[i * (dimension + 1)]! += dequantizationVariance;
  return { shape, count, mean, covariance };
}

/** The statistics with their principal components: minutes for 3,072 dimensions, between which `breathe` is awaited. */
export async function withPrincipal(
  statistics: DataStatistics,
  breathe: (fraction: number) => Promise<void>,
): Promise<DataStatistics> {
  const steps = symmetricEigenSteps(statistics.covariance, statistics.mean.length);
  return { ...statistics, principal: principalOf(await breathing(steps, breathe)) };
}
