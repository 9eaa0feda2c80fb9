import * as tf from '@tensorflow/tfjs';
import { matMul } from '../matMul.js';

/**
 * Layers of the U-Net with gradients written out for backends that lack them or take a slow path: the wasm backend has no
 * filter gradient of a convolution and multiplies transposed operands slowly. Images are [B, H, W, C].
 */

/** A 3 × 3 convolution, stride 1, with zeros or the other side's pixels beyond the border; filter [3, 3, C, C′]. */
export function convolve(
  image: tf.Tensor4D,
  filter: tf.Tensor4D,
  border: 'zero' | 'periodic' = 'zero',
): tf.Tensor4D {
  const padded1 = border === 'zero' ? withZeros : withOtherSide;
  // The native backend has both gradients, and takes longer by the detour below.
  if (tf.getBackend() === 'tensorflow')
    return border === 'zero'
      ? tf.conv2d(image, filter, 1, 'same')
      : tf.conv2d(padded1(image), filter, 1, 'valid');
  const layer = tf.customGrad((...inputs) => {
    const [x, w, save] = inputs as unknown as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    const padded = padded1(x);
    save([padded, w]);
    return {
      value: tf.conv2d(padded, w, 1, 'valid'),
      gradFunc: (upstream: tf.Tensor, saved: tf.Tensor[]) => {
        const dy = upstream as tf.Tensor4D;
        const [input, weights] = saved as [tf.Tensor4D, tf.Tensor4D];
        // The gradient of the input is a convolution with the filter turned by 180° and its channels exchanged.
        const turned = tf.transpose(tf.reverse(weights, [0, 1]), [0, 1, 3, 2]);
        // That of the filter is the correlation of input and gradient, with the batch in the place of the channels.
        const correlated = tf.conv2d(
          tf.transpose(input, [3, 1, 2, 0]),
          tf.transpose(dy, [1, 2, 0, 3]),
          1,
          'valid',
        );
        return [tf.conv2d(padded1(dy), turned, 1, 'valid'), tf.transpose(correlated, [1, 2, 0, 3])];
      },
    };
  });
  return layer(image, filter);
}

function withZeros(x: tf.Tensor4D): tf.Tensor4D {
  return tf.pad(x, [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
}

function withOtherSide(x: tf.Tensor4D): tf.Tensor4D {
  const around = (y: tf.Tensor4D, axis: 1 | 2) => {
    const line = (at: number) => {
      const begin: [number, number, number, number] = [0, 0, 0, 0];
      const size = [...y.shape] as [number, number, number, number];
      begin[axis] = at;
      size[axis] = 1;
      return tf.slice(y, begin, size);
    };
    return tf.concat([line(y.shape[axis] - 1), y, line(0)], axis);
  };
  return around(around(x, 1), 2);
}

/** The same linear map [C, C′] at every pixel. */
export function everywhere(image: tf.Tensor4D, weight: tf.Tensor2D): tf.Tensor4D {
  const [count, height, width, channels] = image.shape;
  return matMul(image.reshape([count * height * width, channels]), weight).reshape([
    count,
    height,
    width,
    weight.shape[1],
  ]);
}

/** x · sigmoid(x). */
export function silu<T extends tf.Tensor>(input: T): T {
  const layer = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const s = tf.sigmoid(x);
    const y = x.mul(s);
    save([y, s]);
    return {
      value: y,
      // With y = xs: y′ = s + xs(1 − s) = s + y − ys.
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [value, sigmoid] = saved as [tf.Tensor, tf.Tensor];
        return dy.mul(sigmoid.add(value).sub(value.mul(sigmoid)));
      },
    };
  });
  return layer(input) as T;
}

/**
 * Group normalization (Wu and He 2018) over the pixels and the channels of each of `groups` groups, with gain and bias [C]. Gain and
 * 1/σ are one factor for each image and channel, and all gradients come from two sums over pixels, so that few passes over the
 * image are made.
 */
export function groupNorm(image: tf.Tensor4D, groups: number, gain: tf.Tensor, bias: tf.Tensor): tf.Tensor4D {
  const [count, height, width, channels] = image.shape;
  const pixels = height * width;
  const layer = tf.customGrad((...inputs) => {
    const [x, g, b, save] = inputs as unknown as [tf.Tensor4D, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const mean = groupMeans(channels, groups, pixels);
    const rows = x.reshape<tf.Tensor3D>([count, pixels, channels]);
    const centred = rows.sub<tf.Tensor3D>(mean(pixelSums(rows)));
    const inverse = mean(pixelSums(centred.square())).add<tf.Tensor3D>(1e-5).rsqrt();
    save([centred, inverse, g]);
    return {
      value: centred.mul(inverse.mul(g)).add(b).reshape(image.shape),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [unscaled, scale, amplitude] = saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor1D];
        const average = groupMeans(channels, groups, pixels);
        const slope = dy.reshape<tf.Tensor3D>([count, pixels, channels]);
        const total = pixelSums(slope);
        const along = pixelSums(slope.mul(unscaled)).mul<tf.Tensor3D>(scale);
        const meanSlope = average(total.mul(amplitude));
        const meanAlong = average(along.mul(amplitude));
        return [
          slope
            .mul(scale.mul(amplitude))
            .sub(unscaled.mul(scale.square().mul(meanAlong)))
            .sub(scale.mul(meanSlope))
            .reshape(image.shape),
          along.sum([0, 1]),
          total.sum([0, 1]),
        ];
      },
    };
  });
  return layer(image, gain, bias) as tf.Tensor4D;
}

/** Sums over pixels, [B, P, C] to [B, 1, C]; on wasm as a product with ones, since it sums over the last axis fastest. */
function pixelSums(rows: tf.Tensor3D): tf.Tensor3D {
  if (tf.getBackend() === 'tensorflow') return rows.sum<tf.Tensor3D>(1, true);
  const [count, pixels] = rows.shape;
  return tf.matMul(tf.ones([count, 1, pixels]), rows);
}

/** From each channel's sum over pixels the mean of its group, [B, 1, C] to [B, 1, C], as products with the membership [C, G]. */
function groupMeans(channels: number, groups: number, pixels: number): (sums: tf.Tensor) => tf.Tensor3D {
  const size = channels / groups;
  const membership = tf.tensor2d(
    Float32Array.from({ length: channels * groups }, (_, at) =>
      Math.floor(at / groups / size) === at % groups ? 1 : 0,
    ),
    [channels, groups],
  );
  const back = tf.transpose(membership).div<tf.Tensor2D>(pixels * size);
  return (sums) => {
    const [count] = sums.shape as [number];
    return tf
      .matMul(tf.matMul(sums.reshape<tf.Tensor2D>([count, channels]), membership), back)
      .reshape([count, 1, channels]);
  };
}

/** Means over blocks of 2 × 2 pixels. */
export function halve(image: tf.Tensor4D): tf.Tensor4D {
  const layer = tf.customGrad((...inputs) => {
    const [x] = inputs as unknown as [tf.Tensor4D];
    return {
      value: sumOfBlocks(x).mul(0.25),
      gradFunc: (dy: tf.Tensor) => repeated(dy as tf.Tensor4D).mul(0.25),
    };
  });
  return layer(image) as tf.Tensor4D;
}

/** Each pixel repeated 2 × 2. */
export function double(image: tf.Tensor4D): tf.Tensor4D {
  const layer = tf.customGrad((...inputs) => {
    const [x] = inputs as unknown as [tf.Tensor4D];
    return { value: repeated(x), gradFunc: (dy: tf.Tensor) => sumOfBlocks(dy as tf.Tensor4D) };
  });
  return layer(image) as tf.Tensor4D;
}

function sumOfBlocks(x: tf.Tensor4D): tf.Tensor4D {
  const [count, height, width, channels] = x.shape;
  const pairsOfRows = x.reshape<tf.Tensor3D>([(count * height) / 2, 2, width * channels]);
  const rows = halvesAdded(pairsOfRows);
  const pairs = rows.reshape<tf.Tensor3D>([(count * height * width) / 4, 2, channels]);
  return halvesAdded(pairs).reshape([count, height / 2, width / 2, channels]);
}

function halvesAdded(pairs: tf.Tensor3D): tf.Tensor {
  const [count, , length] = pairs.shape;
  return tf.slice(pairs, [0, 0, 0], [count, 1, length]).add(tf.slice(pairs, [0, 1, 0], [count, 1, length]));
}

function repeated(x: tf.Tensor4D): tf.Tensor4D {
  const [count, height, width, channels] = x.shape;
  const columns = x.reshape([count * height * width, 1, channels]);
  const wide = tf.concat([columns, columns], 1).reshape([count * height, 1, 2 * width * channels]);
  return tf.concat([wide, wide], 1).reshape([count, 2 * height, 2 * width, channels]);
}

/** a × b of batches of matrices, with gradients that transpose explicitly. */
export function batchMatMul(a: tf.Tensor3D, b: tf.Tensor3D): tf.Tensor3D {
  const flip = (x: tf.Tensor) => tf.transpose(x, [0, 2, 1]);
  const product = tf.customGrad((...inputs) => {
    const [x, y, save] = inputs as unknown as [tf.Tensor3D, tf.Tensor3D, tf.GradSaveFunc];
    save([x, y]);
    return {
      value: tf.matMul(x, y),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [left, right] = saved as [tf.Tensor3D, tf.Tensor3D];
        return [tf.matMul(dy, flip(right)), tf.matMul(flip(left), dy)];
      },
    };
  });
  return product(a, b) as tf.Tensor3D;
}
