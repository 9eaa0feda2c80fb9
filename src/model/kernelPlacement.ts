import * as tf from '@tensorflow/tfjs';
import { matMulConstant } from './matMul.js';

/** Kernels of more entries are placed by indices: a product with their one-hot matrix would take more time and memory. */
const largestProduct = 200;

/** Where the entries of a kernel stand in the matrix between sites. */
export interface KernelPlacement {
  /** Kernels [C, entries] as [C, V²]: the matrix entry of each pair of sites (p, q), p·V + q. Differentiable. */
  place(kernels: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

/**
 * The placement of kernels of `size` entries in a matrix between V sites, each entry V²/size times.
 * @param entryAt the entry that stands at the pair (p, q)
 */
export function kernelPlacement(
  sites: number,
  size: number,
  entryAt: (p: number, q: number) => number,
): KernelPlacement {
  const entries = Int32Array.from({ length: sites * sites }, (_, pair) =>
    entryAt(Math.floor(pair / sites), pair % sites),
  );
  return size <= largestProduct ? byProduct(entries, size) : byIndices(entries, size);
}

/** As a product with a one-hot matrix [entries, V²]: for small kernels ten times faster than a gather on wasm. */
function byProduct(entries: Int32Array, size: number): KernelPlacement {
  const fold = tf.tidy(() => {
    const indices = tf.tensor1d(entries, 'int32');
    return tf.oneHot(indices, size).toFloat().reshape<tf.Tensor2D>([entries.length, size]);
  });
  const spread = tf.transpose(fold);
  return {
    place: (kernels) => matMulConstant(kernels, spread, fold),
    dispose: () => tf.dispose([spread, fold]),
  };
}

/** As a gather; its gradient is written out, since the stock one needs an operation that the wasm backend does not have. */
function byIndices(entries: Int32Array, size: number): KernelPlacement {
  const copies = entries.length / size;
  const pairs = new Int32Array(entries.length);
  const used = new Int32Array(size);
  entries.forEach((entry, pair) => {
    pairs[entry * copies + used[entry]!++] = pair;
  });
  const from = tf.tensor1d(entries, 'int32');
  const back = tf.tensor1d(pairs, 'int32');
  const gather = tf.customGrad((...inputs) => {
    const [x] = inputs as unknown as [tf.Tensor2D];
    return {
      value: tf.gather(x, from, 1),
      gradFunc: (gradient: tf.Tensor) =>
        tf.gather(gradient, back, 1).reshape([x.shape[0], size, copies]).sum(2),
    };
  });
  return {
    place: (kernels) => gather(kernels) as tf.Tensor2D,
    dispose: () => tf.dispose([from, back]),
  };
}
