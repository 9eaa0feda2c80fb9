import * as tf from '@tensorflow/tfjs';
import type { DiffusionProcess } from '../../schedule/types.js';
import type { ParameterTensors } from '../arrays.js';
import { unetConditioningSize, writeUnetConditioning } from './conditioning.js';
import { marginalDeviation, type NoiseLevels } from '../noiseLevels.js';
import type { UnetArchitecture } from './architecture.js';
import { createBasisTensors, type BasisTensors } from './basisTensors.js';
import { applyUnet, type DropoutMask } from './unet.js';

/** What the network is told of the noise in each row of a batch. */
export interface LevelRows {
  /** What the components u are multiplied with: 1 with the Gaussian score, √v_i without. [B, D] */
  inputScale: Float32Array;
  /** From u to the field as it is, over its typical size: s_i √v_i / √(mean s² v). [B, D] */
  naturalScale: Float32Array;
  /** sin²θ_i. [B, D] */
  noise: Float32Array;
  /** Variance of the noise in the field as it is, in the same unit: sin²θ_i times the square of `naturalScale`. [B, D] */
  noiseVariance: Float32Array;
  /** [B, F] */
  conditioning: Float32Array;
}

/** Room for `count` rows. */
export function emptyLevelRows(count: number, dimension: number): LevelRows {
  const matrix = () => new Float32Array(count * dimension);
  return {
    inputScale: matrix(),
    naturalScale: matrix(),
    noise: matrix(),
    noiseVariance: matrix(),
    conditioning: new Float32Array(count * unetConditioningSize),
  };
}

/** Writes row `n` from the noise levels of its time. */
export function writeLevelRow(
  process: DiffusionProcess,
  gaussianScore: boolean,
  levels: NoiseLevels,
  rows: LevelRows,
  n: number,
): void {
  const { dimension, dataVariance, scale } = process;
  const at = n * dimension;
  writeUnetConditioning(levels, rows.conditioning, n * unetConditioningSize);
  let square = 0;
  for (let i = 0; i < dimension; i++) {
    const deviation = marginalDeviation(levels.sine[i]!, levels.cosine[i]!, dataVariance[i]!);
    rows.inputScale[at + i] = gaussianScore ? 1 : deviation;
    rows.naturalScale[at + i] = scale[i]! * deviation;
    rows.noise[at + i] = levels.sine[i]! ** 2;
    square += (scale[i]! * deviation) ** 2;
  }
  const size = Math.sqrt(square / dimension);
  for (let i = at; i < at + dimension; i++) {
    rows.naturalScale[i]! /= size;
    rows.noiseVariance[i] = rows.naturalScale[i]! ** 2 * rows.noise[i]!;
  }
}

/**
 * The U-Net between components: from whitened components u = χ/√v [B, D] to its output's components [B, D].
 *
 * It sees the field whose components are u (or χ, without the Gaussian score), the field as it is over its typical size,
 * how far its neighbours are in units of the noise, the logarithm of the noise level Σ_i U_xi² sin²θ_i at each place, and each
 * place's row and column: whatever the basis, every trial of a comparison sees the same things.
 */
export interface UnetNetwork {
  apply(parameters: ParameterTensors, u: tf.Tensor2D, rows: LevelRows, dropout?: DropoutMask): tf.Tensor2D;
  dispose(): void;
}

/** Makes the network of an architecture for a process's basis. */
export function createUnetNetwork(process: DiffusionProcess, architecture: UnetArchitecture): UnetNetwork {
  const { basis, dimension } = process;
  const { height, width, channels } = architecture.shape;
  const tensors: BasisTensors = createBasisTensors(basis);
  const squares = noiseSpread(process);
  const place = tf.tensor4d(
    Float32Array.from({ length: height * width * 2 }, (_, at) => {
      const site = Math.floor(at / 2);
      return at % 2 === 0
        ? (2 * Math.floor(site / width)) / (height - 1) - 1
        : (2 * (site % width)) / (width - 1) - 1;
    }),
    [1, height, width, 2],
  );
  return {
    apply(parameters, u, rows, dropout) {
      const count = u.shape[0];
      const matrix = (values: Float32Array) => tf.tensor2d(values, [count, dimension]);
      const image = (x: tf.Tensor) => x.reshape<tf.Tensor4D>([count, height, width, channels]);
      const atPlaces = (values: Float32Array) => {
        const x = matrix(values);
        return image(
          squares === 'pixel' ? x : squares === 'mean' ? channelMeans(x, channels) : tf.matMul(x, squares),
        );
      };
      const whitened = image(tensors.decode(u.mul(matrix(rows.inputScale))));
      const natural = image(tensors.decode(u.mul(matrix(rows.naturalScale))));
      const deviation = atPlaces(rows.noiseVariance).mul<tf.Tensor4D>(2).sqrt();
      const input = tf.concat<tf.Tensor4D>(
        [
          whitened,
          natural,
          contrast(natural, deviation, 1),
          contrast(natural, deviation, 2),
          // From about e⁻¹² to 1, as a number of order 1.
          atPlaces(rows.noise).log().div(6).add(1),
          place.tile<tf.Tensor4D>([count, 1, 1, 1]),
        ],
        3,
      );
      const conditioning = tf.tensor2d(rows.conditioning, [count, unetConditioningSize]);
      const output = applyUnet(architecture, parameters, input, conditioning, dropout);
      return tensors.encode(output.reshape([count, dimension]));
    },
    dispose() {
      tensors.dispose();
      place.dispose();
      if (typeof squares !== 'string') squares.dispose();
    },
  };
}

/**
 * How far each pixel's next neighbour along an axis is, in units of what the noise puts between them: d/√(1 + d²), 0 at the
 * border. Where the noise is far below the image's own contrasts a smooth area and an edge look alike in the field; here they
 * are noise of size 1 and ±1.
 */
function contrast(field: tf.Tensor4D, deviation: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const size = field.shape.slice() as [number, number, number, number];
  size[axis]--;
  const from = (start: number): [number, number, number, number] =>
    axis === 1 ? [0, start, 0, 0] : [0, 0, start, 0];
  const step: tf.Tensor = tf
    .slice(field, from(1), size)
    .sub(tf.slice(field, from(0), size))
    .div(tf.slice(deviation, from(0), size));
  const padding: [number, number][] = [0, 1, 2, 3].map((n) => [0, n === axis ? 1 : 0]);
  return tf.pad<tf.Tensor4D>(step.div(step.square().add(1).sqrt()), padding);
}

/** Each row's mean in each channel, at every pixel. */
function channelMeans(rows: tf.Tensor2D, channels: number): tf.Tensor {
  const [count, dimension] = rows.shape;
  return rows
    .reshape([count, dimension / channels, channels])
    .mean(1, true)
    .tile([1, dimension / channels, 1]);
}

/**
 * How noise levels of components become noise levels of places: as they are for pixels, their mean in a channel for Fourier,
 * else the matrix U_xi² [D, D] (component by place).
 */
function noiseSpread({ basis, dimension }: DiffusionProcess): 'pixel' | 'mean' | tf.Tensor2D {
  if (basis.name === 'pixel') return 'pixel';
  if (basis.name === 'fourier') return 'mean';
  return tf.tidy(() => {
    const matrix = tf.tensor2d(Float32Array.from(basis.matrix()), [dimension, dimension]);
    return tf.transpose(matrix.square<tf.Tensor2D>());
  });
}
