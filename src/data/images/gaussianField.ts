import { createFourierBasis } from '../../basis/fourier.js';
import { latticeMomentumSquared } from '../../basis/labels.js';
import { statisticsOfSpectrum } from '../../basis/statistics.js';
import type { DataStatistics, FieldShape } from '../../basis/types.js';
import { fillNormals } from '../../random/normals.js';

/** Standard deviation of a pixel. */
const pixelDeviation = 0.5;

/**
 * Variance of the Fourier mode with integer momentum (row, column) of a periodic Gaussian field with power spectrum
 * ∝ 1/|k̂|^α, the zero mode like the smallest momentum, scaled to a variance of ¼ in each pixel.
 */
export function powerSpectrum(shape: FieldShape, exponent: number): (row: number, column: number) => number {
  const { height, width } = shape;
  const smallest = Math.min(latticeMomentumSquared(1, 0, shape), latticeMomentumSquared(0, 1, shape));
  const raw = (row: number, column: number) =>
    Math.max(latticeMomentumSquared(row, column, shape), smallest) ** (-exponent / 2);
  let total = 0;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) total += raw(row, column);
  const factor = (pixelDeviation ** 2 * height * width) / total;
  return (row, column) => factor * raw(row, column);
}

/** The exact mean (0) and covariance of the fields. */
export function gaussianFieldStatistics(shape: FieldShape, exponent: number): DataStatistics {
  return statisticsOfSpectrum(shape, powerSpectrum(shape, exponent));
}

/** Draws `count` independent fields, row, column, channel; channels are independent. A function of (seed, stream). */
export function drawGaussianFields(
  shape: FieldShape,
  exponent: number,
  count: number,
  seed: number,
  stream: string,
): Float32Array {
  const basis = createFourierBasis(shape);
  const deviations = modeDeviations(shape, exponent);
  const out = new Float32Array(count * basis.dimension);
  const batch = 256;
  for (let start = 0; start < count; start += batch) {
    const size = Math.min(batch, count - start);
    const modes = new Float32Array(size * basis.dimension);
    fillNormals(modes, seed, stream, start);
    for (let n = 0; n < modes.length; n++) modes[n]! *= deviations[n % basis.dimension]!;
    out.set(basis.decode(modes, size), start * basis.dimension);
  }
  return out;
}

/** −log p(φ) in nats of each field, exact: ½ Σ_k [c_k²/Var c_k + log 2π Var c_k]. */
export function gaussianFieldNll(
  fields: Float32Array | Float64Array,
  shape: FieldShape,
  exponent: number,
): Float64Array {
  const basis = createFourierBasis(shape);
  const { dimension } = basis;
  const deviations = modeDeviations(shape, exponent);
  const modes = basis.encode(fields, fields.length / dimension);
  const constant =
    deviations.reduce((sum, value) => sum + Math.log(value), 0) + 0.5 * dimension * Math.log(2 * Math.PI);
  return Float64Array.from({ length: fields.length / dimension }, (_, n) => {
    let sum = constant;
    for (let i = 0; i < dimension; i++) sum += 0.5 * (modes[n * dimension + i]! / deviations[i]!) ** 2;
    return sum;
  });
}

/** √Var of each Fourier component. */
function modeDeviations(shape: FieldShape, exponent: number): Float64Array {
  const { width, channels } = shape;
  const variance = powerSpectrum(shape, exponent);
  return Float64Array.from({ length: shape.height * width * channels }, (_, i) => {
    const mode = Math.floor(i / channels);
    return Math.sqrt(variance(Math.floor(mode / width), mode % width));
  });
}
