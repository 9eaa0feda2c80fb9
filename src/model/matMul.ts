import * as tf from '@tensorflow/tfjs';

/**
 * Matrix product [m, k] × [k, n] whose gradients transpose explicitly. The stock gradient asks the backend for a product
 * with a transposed operand, which the wasm backend computes on a path about five times slower.
 */
export function matMul(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const product = tf.customGrad((...inputs) => {
    const [x, y, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    save([x, y]);
    return {
      value: tf.matMul(x, y),
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => {
        const [left, right] = saved as [tf.Tensor2D, tf.Tensor2D];
        return [tf.matMul(gradient, tf.transpose(right)), tf.matMul(tf.transpose(left), gradient)];
      },
    };
  });
  return product(a, b) as tf.Tensor2D;
}

/** The product a × b with a constant b, given with its transpose; differentiable in a. */
export function matMulConstant(a: tf.Tensor2D, b: tf.Tensor2D, transposed: tf.Tensor2D): tf.Tensor2D {
  const product = tf.customGrad((...inputs) => {
    const [x] = inputs as unknown as [tf.Tensor2D];
    return {
      value: tf.matMul(x, b),
      gradFunc: (gradient: tf.Tensor) => tf.matMul(gradient, transposed),
    };
  });
  return product(a) as tf.Tensor2D;
}
