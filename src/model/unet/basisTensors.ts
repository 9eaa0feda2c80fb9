import * as tf from '@tensorflow/tfjs';
import type { Basis } from '../../basis/types.js';
import { matMulConstant } from '../matMul.js';

/** A basis on the backend: rows of D numbers, differentiable both ways. */
export interface BasisTensors {
  /** φ = Uc of each row. */
  decode(components: tf.Tensor2D): tf.Tensor2D;
  /** c = Uᵀφ of each row. */
  encode(fields: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

/**
 * Puts a basis on the backend: nothing for pixels, products with L × L matrices along rows and columns for Fourier, a D × D
 * matrix and its transpose for the others.
 */
export function createBasisTensors(basis: Basis): BasisTensors {
  if (basis.name === 'pixel') return { decode: (x) => x, encode: (x) => x, dispose: () => undefined };
  if (basis.name === 'fourier') return createFourierTensors(basis);
  const { dimension } = basis;
  const matrix = tf.tensor2d(Float32Array.from(basis.matrix()), [dimension, dimension]);
  const transposed = tf.transpose(matrix);
  return {
    decode: (x) => matMulConstant(x, transposed, matrix),
    encode: (x) => matMulConstant(x, matrix, transposed),
    dispose: () => tf.dispose([matrix, transposed]),
  };
}

/**
 * The Hartley transform H(n, m) = Σ cas(k_n x + k_m y) φ(x, y), from cas(a + b) = cos a cas b + sin a cas(−b): two products along
 * rows, two along columns. It is symmetric and its own inverse, so its gradient is itself.
 */
function createFourierTensors({ shape, dimension }: Basis): BasisTensors {
  const { height, width, channels } = shape;
  const table = (size: number, value: (angle: number) => number) =>
    tf.tensor2d(
      Float32Array.from({ length: size * size }, (_, at) => {
        const angle = (2 * Math.PI * ((Math.floor(at / size) * (at % size)) % size)) / size;
        return value(angle) / Math.sqrt(size);
      }),
      [size, size],
    );
  const cosine = table(height, Math.cos);
  const sine = table(height, Math.sin);
  // Symmetric in frequency and place, so that no transposition is needed anywhere.
  const cas = table(width, (angle) => Math.cos(angle) + Math.sin(angle));
  const reflected = table(width, (angle) => Math.cos(angle) - Math.sin(angle));

  const transform = (values: tf.Tensor2D): tf.Tensor2D => {
    const count = values.shape[0];
    // [B, H, W, C] to [W, B·C·H] and so on would transpose; with the image's axes last both products are plain ones.
    const planes = tf.transpose(values.reshape<tf.Tensor4D>([count, height, width, channels]), [0, 3, 1, 2]);
    const rows = planes.reshape<tf.Tensor2D>([count * channels * height, width]);
    const alongRows = (matrix: tf.Tensor2D) =>
      tf.matMul(rows, matrix).reshape<tf.Tensor3D>([count * channels, height, width]);
    const alongColumns = (matrix: tf.Tensor2D, x: tf.Tensor3D): tf.Tensor =>
      tf
        .matMul(tf.transpose(x, [0, 2, 1]).reshape([count * channels * width, height]), matrix)
        .reshape([count * channels, width, height]);
    const sum = alongColumns(cosine, alongRows(cas)).add(alongColumns(sine, alongRows(reflected)));
    return tf
      .transpose(sum.reshape<tf.Tensor4D>([count, channels, width, height]), [0, 3, 2, 1])
      .reshape([count, dimension]);
  };
  const differentiable = (values: tf.Tensor2D): tf.Tensor2D =>
    tf.customGrad((...inputs) => ({
      value: transform((inputs as unknown as [tf.Tensor2D])[0]),
      gradFunc: (dy: tf.Tensor) => transform(dy as tf.Tensor2D),
    }))(values) as tf.Tensor2D;
  return {
    decode: differentiable,
    encode: differentiable,
    dispose: () => tf.dispose([cosine, sine, cas, reflected]),
  };
}
