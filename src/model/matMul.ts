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
        // Native TensorFlow transposes within the product.
        if (tf.getBackend() === 'tensorflow')
          return [tf.matMul(gradient, right, false, true), tf.matMul(left, gradient, true, false)];
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

/**
 * The product aᵀb [m, n] of a [k, m] and b [k, c, v], n = c·v; not differentiable. The wasm backend packs the right operand of a
 * product, which for a wide b takes longer than the product: there b is turned (in three dimensions, where that is
 * twice as fast) and stands left. Native TensorFlow transposes within the product.
 */
export function transposedProduct(a: tf.Tensor2D, b: tf.Tensor3D): tf.Tensor2D {
  const [k, c, v] = b.shape;
  if (tf.getBackend() !== 'wasm') return tf.matMul(a, b.reshape<tf.Tensor2D>([k, c * v]), true, false);
  return tf.transpose(tf.matMul(turned(b), a));
}

/** The product bᵀa [n, m] of b [k, c, v], n = c·v, and a [k, m]; as `transposedProduct`. */
export function transposedWideProduct(b: tf.Tensor3D, a: tf.Tensor2D): tf.Tensor2D {
  const [k, c, v] = b.shape;
  if (tf.getBackend() !== 'wasm')
    return tf.transpose(tf.matMul(a, b.reshape<tf.Tensor2D>([k, c * v]), true, false));
  return tf.matMul(turned(b), a);
}

function turned(b: tf.Tensor3D): tf.Tensor2D {
  const [k, c, v] = b.shape;
  return tf.transpose(b, [1, 2, 0]).reshape<tf.Tensor2D>([c * v, k]);
}
