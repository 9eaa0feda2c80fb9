import * as tf from '@tensorflow/tfjs';
import type { Images } from '../data/images/pixels.js';
import type { ParameterTensors } from '../model/arrays.js';
import type { UnetArchitecture } from '../model/unet/architecture.js';
import { createBasisTensors } from '../model/unet/basisTensors.js';
import { createUnetNetwork, emptyLevelRows, writeLevelRow, type LevelRows } from '../model/unet/network.js';
import type { DropoutMask } from '../model/unet/unet.js';
import { CounterRandom } from '../random/philox.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { TrainingObjective } from '../train/loop.js';
import { createNoising, type Noising } from '../train/noising.js';
import type { TrainingParameters } from '../train/parameters.js';

export interface ImagesObjectiveOptions {
  process: DiffusionProcess;
  training: TrainingParameters;
  architecture: UnetArchitecture;
  images: Images;
  /** Part of the U-Net's hidden values that is dropped in training, from 0 to below 1. */
  dropout: number;
  seed: number;
}

/** One batch on the host: B rows of D numbers each, and what the network is told. */
export interface ImagesBatch extends Noising {
  /** φ − μ, dequantized and mirrored at random. */
  fields: Float32Array;
  levels: LevelRows;
}

/** Makes the batch of any step from (seed, step) alone. */
export function createImagesBatchMaker({
  process,
  training,
  images,
  seed,
}: Omit<ImagesObjectiveOptions, 'architecture' | 'dropout'>): (step: number) => ImagesBatch {
  const { dimension } = process;
  const { batchSize, gaussianScore, augmentation } = training;
  const noising = createNoising(process, training, seed);
  return (step) => {
    const fields = new Float32Array(batchSize * dimension);
    const levels = emptyLevelRows(batchSize, dimension);
    fillImages(images, process, augmentation, seed, step, fields);
    const noised = noising(step, (at, row) => writeLevelRow(process, gaussianScore, at, levels, row));
    return { ...noised, fields, levels };
  };
}

/** Fills rows with random images minus μ, dequantized, half of them mirrored where `augmentation` is set. */
function fillImages(
  images: Images,
  { basis, dimension, mean }: DiffusionProcess,
  augmentation: boolean,
  seed: number,
  step: number,
  out: Float32Array,
): void {
  const { width, channels } = basis.shape;
  const random = new CounterRandom(seed, 'batch', step);
  for (let start = 0; start < out.length; start += dimension) {
    images.write(random.integer(images.count), out, start, () => random.uniform());
    if (augmentation && random.integer(2) === 1)
      for (let row = start; row < start + dimension; row += width * channels)
        for (let left = 0, right = width - 1; left < right; left++, right--)
          for (let channel = 0; channel < channels; channel++) {
            const a = row + left * channels + channel;
            const b = row + right * channels + channel;
            [out[a], out[b]] = [out[b]!, out[a]!];
          }
    for (let i = 0; i < dimension; i++) out[start + i]! -= mean[i]!;
  }
}

/**
 * The U-Net's loss on the batch of any step, (B·D)⁻¹ Σ_b Σ_i w_i (ε_i − ε̂_i)².
 *
 * With the Gaussian score ε̂ = sin θ u + cos θ NN(u), and since u = cos θ ĉ + sin θ ε, ε − ε̂ = cos θ (cos θ ε − sin θ ĉ − NN): the
 * network's target has variance 1 at every noise level (Salimans and Ho 2022, arXiv 2202.00512, call it v). Images are edges and
 * flat areas, whose score grows as the noise falls; without them, as for φ⁴, a factor sin θ would be right. Without the
 * Gaussian score ε̂ = NN(χ).
 */
export function createImagesObjective(options: ImagesObjectiveOptions): TrainingObjective {
  const { process, training, architecture, dropout, seed } = options;
  const { dimension, scale, dataVariance } = process;
  const batchesOf = (batchSize: number) =>
    createImagesBatchMaker({ ...options, training: { ...training, batchSize } });
  const makeBatch = batchesOf(training.batchSize);
  const network = createUnetNetwork(process, architecture);
  const basis = createBasisTensors(process.basis);
  const whiten = tf.tensor2d(
    Float32Array.from(scale, (value, i) => 1 / (value * Math.sqrt(dataVariance[i]!))),
    [1, dimension],
  );
  const loss = (parameters: ParameterTensors, step: number, count?: number): tf.Scalar => {
    const batch = (count === undefined ? makeBatch : batchesOf(count))(step);
    const rows = (values: Float32Array) => tf.tensor2d(values, [batch.count, dimension]);
    const clean = basis.encode(rows(batch.fields)).mul(whiten);
    const noise = rows(batch.noise);
    const sine = rows(batch.sine);
    const cosine = rows(batch.cosine);
    const u = clean.mul(cosine).add<tf.Tensor2D>(noise.mul(sine));
    const output = network.apply(parameters, u, batch.levels, dropoutMask(dropout, seed, step));
    const weight = rows(batch.rootWeight);
    const error = training.gaussianScore
      ? noise.mul(cosine).sub(clean.mul(sine)).sub(output).mul(weight.mul(cosine))
      : noise.sub(output).mul(weight);
    return error
      .square()
      .sum()
      .div(batch.count * dimension);
  };
  return {
    loss,
    dispose() {
      network.dispose();
      basis.dispose();
      whiten.dispose();
    },
  };
}

/** Masks of dropout, functions of (seed, step, block). */
function dropoutMask(rate: number, seed: number, step: number): DropoutMask {
  if (rate === 0) return () => undefined;
  return (name, shape) => {
    const random = new CounterRandom(seed, `dropout/${name}`, step);
    const length = shape.reduce((product, size) => product * size, 1);
    return tf.tensor(
      Float32Array.from({ length }, () => (random.uniform() < rate ? 0 : 1 / (1 - rate))),
      shape,
    );
  };
}
