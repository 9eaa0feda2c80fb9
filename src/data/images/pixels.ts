import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, RgsweepError } from '../../errors.js';
import { CounterRandom } from '../../random/philox.js';
import { decodeSafetensors } from '../../tensors/safetensors.js';
import type { Split } from '../dataset.js';

/** One split of an image data set: floats as they are, or 256 levels a channel. */
export interface Images {
  count: number;
  dimension: number;
  /** Levels 0 to 255 that become x = (level + u)/128 − 1 with u in [0, 1): dequantized. False: real numbers. */
  quantized: boolean;
  /**
   * Writes image n at `offset` of `out`. `uniform` gives u for each pixel of quantized images; absent: ½, the level's
   * middle.
   */
  write(n: number, out: Float32Array, offset: number, uniform?: () => number): void;
}

/** Added to nats/(D ln 2) of dequantized images: [−1, 1] holds 256 levels of width 1/128. */
export const bitsOffset = 7;

/** Images over an array, `dimension` values each. */
export function imagesOf(values: Float32Array | Uint8Array, dimension: number): Images {
  const quantized = values instanceof Uint8Array;
  return {
    count: values.length / dimension,
    dimension,
    quantized,
    write(n, out, offset, uniform) {
      const from = n * dimension;
      if (!quantized) out.set(values.subarray(from, from + dimension), offset);
      else
        for (let i = 0; i < dimension; i++)
          out[offset + i] = (values[from + i]! + (uniform ? uniform() : 0.5)) / 128 - 1;
    },
  };
}

/**
 * The images of one split of a data set: tensor `samples` (float32) or `pixels` (uint8), [N, D]. Hashes are not checked here.
 * @throws RgsweepError('data-missing') when the file is not there or is no such file
 */
export function readImages(folder: string, split: Split): Images {
  const file = join(folder, `${split}.safetensors`);
  const refuse = (why: string) =>
    new RgsweepError('data-missing', `${file}: ${why}`, { remedy: 'make the data set again' });
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw refuse(messageOf(error));
  }
  const images = decodeImages(content);
  if (!images) throw refuse('it has neither a float32 tensor "samples" nor a uint8 tensor "pixels"');
  return images;
}

/** The images of one split's file; undefined when it has neither of the tensors. */
export function decodeImages(content: Uint8Array): Images | undefined {
  const { samples, pixels } = decodeSafetensors(content).tensors;
  const found = samples ?? pixels;
  if (!found || !(found.data instanceof Float32Array || found.data instanceof Uint8Array)) return undefined;
  return imagesOf(found.data, found.shape.at(-1)!);
}

/** `count` images evenly spaced over the split, the same for every trial, dequantized by (seed, stream). */
export function evenlySpacedImages(
  images: Images,
  count: number,
  seed: number,
  stream: string,
): Float32Array {
  const taken = Math.min(count, images.count);
  const out = new Float32Array(taken * images.dimension);
  for (let n = 0; n < taken; n++) {
    const from = Math.floor((n * images.count) / taken);
    const random = new CounterRandom(seed, stream, from);
    images.write(from, out, n * images.dimension, () => random.uniform());
  }
  return out;
}
