import * as tf from '@tensorflow/tfjs';
import type { ParameterTensors } from '../model/arrays.js';
import { createBasisTensors } from '../model/unet/basisTensors.js';
import { createUnetNetwork } from '../model/unet/network.js';
import type { DropoutMask } from '../model/unet/unet.js';
import type { TrainingObjective } from '../train/loop.js';
import type { ImagesBatch, ImagesBatchOptions } from './imagesBatch.js';

/**
 * The U-Net's loss on the batch of any step, (B·D)⁻¹ Σ_b Σ_i w_i (ε_i − ε̂_i)².
 *
 * With the Gaussian score ε̂ = sin θ u + cos θ NN(u), and since u = cos θ ĉ + sin θ ε, ε − ε̂ = cos θ (cos θ ε − sin θ ĉ − NN): the
 * network's target has variance 1 at every noise level (Salimans and Ho 2022, arXiv 2202.00512, call it v). Images are edges and
 * flat areas, whose score grows as the noise falls; without them, as for φ⁴, a factor sin θ would be right. Without the
 * Gaussian score ε̂ = NN(χ).
 */
export function createImagesObjective({
  process,
  training,
  architecture,
}: Pick<ImagesBatchOptions, 'process' | 'training' | 'architecture'>): TrainingObjective<ImagesBatch> {
  const { dimension, scale, dataVariance } = process;
  const network = createUnetNetwork(process, architecture);
  const basis = createBasisTensors(process.basis);
  const whiten = tf.tensor2d(
    Float32Array.from(scale, (value, i) => 1 / (value * Math.sqrt(dataVariance[i]!))),
    [1, dimension],
  );
  const loss = (parameters: ParameterTensors, batch: ImagesBatch): tf.Scalar => {
    const rows = (values: Float32Array) => tf.tensor2d(values, [batch.count, dimension]);
    const clean = basis.encode(rows(batch.fields)).mul(whiten);
    const noise = rows(batch.noise);
    const sine = rows(batch.sine);
    const cosine = rows(batch.cosine);
    const u = clean.mul(cosine).add<tf.Tensor2D>(noise.mul(sine));
    const output = network.apply(parameters, u, batch.levels, dropoutMask(batch, training.dropout));
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

/** Multiplies what is kept so that the mean stays. */
function dropoutMask({ kept }: ImagesBatch, rate: number): DropoutMask {
  if (!kept) return () => undefined;
  return (name, shape) =>
    tf
      .tensor(kept[name]!, shape, 'bool')
      .toFloat()
      .mul(1 / (1 - rate));
}
