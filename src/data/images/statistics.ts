import { symmetricEigenSteps } from '../../basis/eigen.js';
import { principalOf } from '../../basis/pca.js';
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
  const mean = new Float64Array(dimension);
  const row = new Float32Array(dimension);
  for (let n = 0; n < count; n++) {
    images.write(n, row, 0);
    for (let i = 0; i < dimension; i++) mean[i]! += row[i]! / count;
  }
  const covariance = new Float64Array(dimension * dimension);
  const chunk = 512;
  const band = 64;
  const columns = new Float32Array(dimension * chunk);
  for (let start = 0; start < count; start += chunk) {
    const size = Math.min(chunk, count - start);
    for (let n = 0; n < size; n++) {
      images.write(start + n, row, 0);
      for (let i = 0; i < dimension; i++) columns[i * chunk + n] = row[i]! - mean[i]!;
    }
    for (let first = 0; first < dimension; first += band) {
      addBand(columns, chunk, size, dimension, first, Math.min(dimension, first + band), covariance);
      await breathe((start + (size * (first + band)) / dimension) / count);
    }
  }
  const added = images.quantized ? dequantizationVariance : 0;
  for (let i = 0; i < dimension; i++)
    for (let j = i; j < dimension; j++) {
      const value = covariance[i * dimension + j]! / count + (i === j ? added : 0);
      covariance[i * dimension + j] = value;
      covariance[j * dimension + i] = value;
    }
  return { shape, count, mean, covariance };
}

/** The statistics with their principal components: minutes for 3,072 dimensions, between which `breathe` is awaited. */
export async function withPrincipal(
  statistics: DataStatistics,
  breathe: (fraction: number) => Promise<void>,
): Promise<DataStatistics> {
  const steps = symmetricEigenSteps(statistics.covariance, statistics.mean.length);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return { ...statistics, principal: principalOf(value) };
    await breathe(value);
  }
}

/** Adds Σ_n x_i x_j for i in [first, end) and j ≥ first, four sums at a time; what lies below the diagonal is overwritten. */
function addBand(
  columns: Float32Array,
  stride: number,
  size: number,
  dimension: number,
  first: number,
  end: number,
  covariance: Float64Array,
): void {
  for (let i = first; i < end; i += 2) {
    const a = i * stride;
    const b = i + 1 < end ? a + stride : a;
    for (let j = i; j < dimension; j += 2) {
      const c = j * stride;
      const d = j + 1 < dimension ? c + stride : c;
      let ac = 0;
      let ad = 0;
      let bc = 0;
      let bd = 0;
      for (let n = 0; n < size; n++) {
        const p = columns[a + n]!;
        const q = columns[b + n]!;
        const u = columns[c + n]!;
        const v = columns[d + n]!;
        ac += p * u;
        ad += p * v;
        bc += q * u;
        bd += q * v;
      }
      const at = i * dimension + j;
      covariance[at]! += ac;
      if (d !== c) covariance[at + 1]! += ad;
      if (b !== a) covariance[at + dimension]! += bc;
      if (b !== a && d !== c) covariance[at + dimension + 1]! += bd;
    }
  }
}
