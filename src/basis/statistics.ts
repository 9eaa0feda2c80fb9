import { RgsweepError } from '../errors.js';
import { decodeSafetensors, encodeSafetensors } from '../tensors/safetensors.js';
import { createFourierBasis } from './fourier.js';
import { averageOverShells, momentumOrbit, numberShells } from './labels.js';
import { checkShape, dimensionOf, transpose } from './linear.js';
import { momentSteps } from './moments.js';
import { knownVariances } from './pca.js';
import { atOnce } from './steps.js';
import type { Basis, DataStatistics, FieldShape } from './types.js';

export interface StatisticsOptions {
  /**
   * `lattice`: the distribution has the symmetries of a periodic lattice and φ → −φ. The mean is exactly zero and
   * C_cc′(x − y) is averaged over translations, reflections and (square lattices) rotations, hence diagonal in the Fourier
   * basis with degenerate modes equal. `none` (default): sample mean and sample covariance (divided by count).
   */
  symmetry?: 'lattice' | 'none';
}

/**
 * Mean and covariance of a data set.
 * @param samples `count` fields, row, column, channel (channel fastest)
 * @throws RgsweepError('bad-configuration') on a bad shape or number of samples, 'data-missing' on a value that is not finite
 */
export function computeStatistics(
  samples: Float32Array,
  count: number,
  shape: FieldShape,
  options: StatisticsOptions = {},
): DataStatistics {
  checkShape(shape);
  const dimension = dimensionOf(shape);
  if (!Number.isInteger(count) || count < 1 || samples.length !== count * dimension)
    throw new RgsweepError(
      'bad-configuration',
      `statistics of ${count} fields of ${dimension} values: ${samples.length} values given`,
    );
  const bad = samples.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new RgsweepError(
      'data-missing',
      `sample ${Math.floor(bad / dimension)} holds ${samples[bad]} at position ${bad % dimension}: not a number`,
    );
  const read = (n: number, out: Float32Array) =>
    out.set(samples.subarray(n * dimension, (n + 1) * dimension));
  return options.symmetry === 'lattice'
    ? {
        shape,
        count,
        mean: new Float64Array(dimension),
        covariance: latticeCovariance(modePowers(samples, count, shape), shape),
      }
    : { shape, count, ...atOnce(momentSteps({ count, dimension, read })) };
}

/**
 * Statistics of data whose covariance is known: a homogeneous lattice field of one channel with zero mean.
 * @param variance of the Fourier mode with integer momentum (row, column)
 */
export function statisticsOfSpectrum(
  shape: FieldShape,
  variance: (row: number, column: number) => number,
): DataStatistics {
  const { height, width, channels } = shape;
  const powers = new Float64Array(height * width * channels * channels);
  for (let mode = 0; mode < height * width; mode++)
    for (let channel = 0; channel < channels; channel++)
      powers[(mode * channels + channel) * channels + channel] = variance(
        Math.floor(mode / width),
        mode % width,
      );
  return {
    shape,
    count: 0,
    mean: new Float64Array(dimensionOf(shape)),
    covariance: latticeCovariance(powers, shape),
  };
}

/** G_cc′(k) = ⟨c_k,c c_k,c′⟩ averaged over the orbits of k; [mode][channel][channel′]. */
function modePowers(samples: Float32Array, count: number, shape: FieldShape): Float64Array {
  const { height, width, channels } = shape;
  const modes = height * width;
  const basis = createFourierBasis(shape);
  const powers = new Float64Array(modes * channels * channels);
  const batch = Math.max(1, Math.floor(2 ** 18 / basis.dimension));
  for (let start = 0; start < count; start += batch) {
    const size = Math.min(batch, count - start);
    const encoded = basis.encode(
      samples.subarray(start * basis.dimension, (start + size) * basis.dimension),
      size,
    );
    for (let sample = 0; sample < size; sample++)
      for (let mode = 0; mode < modes; mode++) {
        const offset = (sample * modes + mode) * channels;
        for (let a = 0; a < channels; a++)
          for (let b = 0; b < channels; b++)
            powers[(mode * channels + a) * channels + b]! += encoded[offset + a]! * encoded[offset + b]!;
      }
  }
  const names: string[] = [];
  for (let mode = 0; mode < modes; mode++)
    for (let pair = 0; pair < channels * channels; pair++)
      names.push(`${momentumOrbit(Math.floor(mode / width), mode % width, shape)};${pair}`);
  averageOverShells(powers, numberShells(names));
  for (let i = 0; i < powers.length; i++) powers[i]! /= count;
  return powers;
}

/** C_cc′(x, y) = (1/V) Σ_k G_cc′(k) cos k·(x − y). */
function latticeCovariance(powers: Float64Array, shape: FieldShape): Float64Array {
  const { height, width, channels } = shape;
  const modes = height * width;
  const correlator = new Float64Array(modes * channels * channels);
  for (let dx = 0; dx < height; dx++)
    for (let dy = 0; dy < width; dy++)
      for (let pair = 0; pair < channels * channels; pair++) {
        let sum = 0;
        for (let n = 0; n < height; n++)
          for (let m = 0; m < width; m++) {
            const angle = 2 * Math.PI * (((n * dx) % height) / height + ((m * dy) % width) / width);
            sum += powers[(n * width + m) * channels * channels + pair]! * Math.cos(angle);
          }
        correlator[(dx * width + dy) * channels * channels + pair] = sum / modes;
      }
  const dimension = modes * channels;
  const covariance = new Float64Array(dimension * dimension);
  for (let i = 0; i < dimension; i++)
    for (let j = 0; j < dimension; j++) {
      const a = Math.floor(i / channels);
      const b = Math.floor(j / channels);
      const dx = (Math.floor(a / width) - Math.floor(b / width) + height) % height;
      const dy = ((a % width) - (b % width) + width) % width;
      covariance[i * dimension + j] =
        correlator[((dx * width + dy) * channels + (i % channels)) * channels + (j % channels)]!;
    }
  return covariance;
}

/**
 * Var(c_i) = (UᵀCU)_ii, averaged over the components of each shell.
 * @throws RgsweepError('bad-configuration') when the statistics belong to fields of another shape
 */
export function componentVariances(statistics: DataStatistics, basis: Basis): Float64Array {
  const { dimension } = basis;
  if (statistics.covariance.length !== dimension * dimension)
    throw new RgsweepError(
      'bad-configuration',
      `statistics of ${statistics.mean.length} values do not fit a basis of ${dimension}`,
    );
  const shells = basis.components.map((component) => component.shell);
  const known = knownVariances(basis, statistics);
  if (known) return averageOverShells(Float64Array.from(known), shells);
  const half = transpose(basis.encode(statistics.covariance, dimension), dimension);
  const variances = new Float64Array(dimension);
  // Row i of `half` is (CU)_·i; only its component i is wanted, but a fast transform gives all at once.
  const batch = Math.max(1, Math.floor(2 ** 20 / dimension));
  for (let start = 0; start < dimension; start += batch) {
    const size = Math.min(batch, dimension - start);
    const encoded = basis.encode(half.subarray(start * dimension, (start + size) * dimension), size);
    for (let i = 0; i < size; i++) variances[start + i] = encoded[i * dimension + start + i]!;
  }
  return averageOverShells(variances, shells);
}

/** Statistics as safetensors, double precision; the inverse is `decodeStatistics`. */
export function encodeStatistics(statistics: DataStatistics): Uint8Array {
  const { shape, count, mean, covariance, principal } = statistics;
  const dimension = mean.length;
  return encodeSafetensors(
    {
      mean: { shape: [shape.height, shape.width, shape.channels], data: mean },
      covariance: { shape: [dimension, dimension], data: covariance },
      ...(principal && {
        principalVariances: { shape: [dimension], data: principal.variances },
        principalVectors: { shape: [dimension, dimension], data: principal.vectors },
      }),
    },
    { kind: 'rgsweep statistics', count: String(count) },
  );
}

/**
 * @throws RgsweepError('data-missing') when the bytes are no statistics or lack a tensor
 */
export function decodeStatistics(bytes: Uint8Array): DataStatistics {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const shape = tensors['mean']?.shape;
  const numbers = (name: string, length: number): Float64Array => {
    const data = tensors[name]?.data;
    if (!(data instanceof Float64Array) || data.length !== length)
      throw new RgsweepError('data-missing', `statistics: no tensor "${name}" of ${length} float64 values`, {
        remedy: 'prepare the data set again',
      });
    return data;
  };
  const count = Number(metadata['count']);
  if (shape?.length !== 3 || !Number.isInteger(count))
    throw new RgsweepError(
      'data-missing',
      'statistics: neither a mean of [height, width, channels] nor a count',
      {
        remedy: 'prepare the data set again',
      },
    );
  const [height, width, channels] = shape as [number, number, number];
  const dimension = height * width * channels;
  return {
    shape: { height, width, channels },
    count,
    mean: numbers('mean', dimension),
    covariance: numbers('covariance', dimension * dimension),
    ...(tensors['principalVectors'] && {
      principal: {
        variances: numbers('principalVariances', dimension),
        vectors: numbers('principalVectors', dimension * dimension),
      },
    }),
  };
}
