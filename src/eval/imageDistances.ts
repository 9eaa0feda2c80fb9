import { createFourierBasis } from '../basis/fourier.js';
import type { FieldShape } from '../basis/types.js';
import { CounterRandom } from '../random/philox.js';

/** Sets of images are rows of D numbers, row, column, channel; two that are compared have as many rows. */
type Rows = Float32Array | Float64Array;

/** Mean power of the Fourier modes by radius: shell r holds the modes with |k| rounding to r; the zero mode is shell 0. */
export function radialSpectrum(images: Rows, shape: FieldShape): Float64Array {
  const { height, width, channels } = shape;
  const basis = createFourierBasis(shape);
  const { dimension } = basis;
  const count = images.length / dimension;
  const shells = Math.floor(Math.hypot(height / 2, width / 2)) + 1;
  const power = new Float64Array(shells);
  const modes = new Float64Array(shells);
  const shellOf = Int32Array.from({ length: height * width }, (_, mode) => {
    const along = (n: number, size: number) => Math.min(n, size - n);
    return Math.round(Math.hypot(along(Math.floor(mode / width), height), along(mode % width, width)));
  });
  const encoded = basis.encode(images, count);
  for (let n = 0; n < encoded.length; n++) {
    const shell = shellOf[Math.floor((n % dimension) / channels)]!;
    if (shell >= shells) continue;
    power[shell]! += encoded[n]! ** 2;
    modes[shell]!++;
  }
  return power.map((sum, shell) => sum / modes[shell]!);
}

/** √⟨(log P − log P′)²⟩ over the radial shells of two sets: 0.1 is a tenth of the power, scale by scale. */
export function spectrumDistance(first: Rows, second: Rows, shape: FieldShape): number {
  const a = radialSpectrum(first, shape);
  const b = radialSpectrum(second, shape);
  const squares = a.map((power, shell) => Math.log(power / b[shell]!) ** 2);
  return Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / squares.length);
}

/** Directions of a sliced distance. */
const directions = 128;

/**
 * The sliced Wasserstein distance W₁ of two sets of vectors (Rabin et al. 2012): the mean over random directions of ⟨|x₍ₙ₎ − y₍ₙ₎|⟩,
 * sorted along the direction. In the data's own unit; `seed` fixes the directions.
 */
export function slicedWasserstein(first: Rows, second: Rows, dimension: number, seed: number): number {
  const count = first.length / dimension;
  const direction = new Float64Array(dimension);
  const along = (rows: Rows) =>
    Float64Array.from({ length: count }, (_, n) => {
      let sum = 0;
      for (let i = 0; i < dimension; i++) sum += rows[n * dimension + i]! * direction[i]!;
      return sum;
    }).sort();
  let total = 0;
  for (let which = 0; which < directions; which++) {
    new CounterRandom(seed, 'sliced', which).fillNormal(direction);
    const length = Math.hypot(...direction);
    for (let i = 0; i < dimension; i++) direction[i]! /= length;
    const a = along(first);
    const b = along(second);
    for (let n = 0; n < count; n++) total += Math.abs(a[n]! - b[n]!) / count;
  }
  return total / directions;
}

/** Side of a patch, and patches taken of each image. */
const patchSide = 4;
const patchesEach = 8;

/** The sliced distance of random patches of 4 × 4 pixels without their mean: textures and edges, wherever they are. */
export function patchWasserstein(first: Rows, second: Rows, shape: FieldShape, seed: number): number {
  const length = patchSide * patchSide * shape.channels;
  return slicedWasserstein(patchesOf(first, shape, seed), patchesOf(second, shape, seed), length, seed);
}

function patchesOf(images: Rows, { height, width, channels }: FieldShape, seed: number): Float64Array {
  const dimension = height * width * channels;
  const count = images.length / dimension;
  const length = patchSide * patchSide * channels;
  const out = new Float64Array(count * patchesEach * length);
  for (let n = 0, at = 0; n < count; n++) {
    const random = new CounterRandom(seed, 'patches', n);
    for (let patch = 0; patch < patchesEach; patch++, at += length) {
      const top = random.integer(height - patchSide + 1);
      const left = random.integer(width - patchSide + 1);
      const means = new Float64Array(channels);
      for (let i = 0; i < length; i++) {
        const site = Math.floor(i / channels);
        const row = top + Math.floor(site / patchSide);
        const column = left + (site % patchSide);
        const value = images[n * dimension + (row * width + column) * channels + (i % channels)]!;
        out[at + i] = value;
        means[i % channels]! += value / (patchSide * patchSide);
      }
      for (let i = 0; i < length; i++) out[at + i]! -= means[i % channels]!;
    }
  }
  return out;
}
