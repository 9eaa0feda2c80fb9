import { latticeMomentumSquared, momentumOrbit, numberShells } from './labels.js';
import { checkVectors, dimensionOf, matrixOf } from './linear.js';
import type { Basis, FieldShape } from './types.js';

/**
 * The real Fourier basis (Hartley): u_k(x) = (cos k·x + sin k·x)/√V, k_μ = 2π n_μ / L_μ, one set for each channel.
 * Component (n_row · width + n_column) · channels + channel. U is symmetric and its own inverse.
 *
 * u_k and u_−k span the plane waves of ±k; a covariance that is invariant under translations and reflections is diagonal.
 * A shell is an orbit of the momentum under the lattice's symmetry, in one channel.
 */
export function createFourierBasis(shape: FieldShape): Basis {
  const { height, width, channels } = shape;
  const dimension = dimensionOf(shape);
  const rowTable = casTable(height);
  const columnTable = casTable(width);

  /** The separable transform f(n, m) = Σ cas(k_n x) cas(k_m y) φ(x, y), then cas(a + b) from its four reflections. */
  const transform = (values: Float32Array | Float64Array, count: number): Float64Array => {
    checkVectors(values, count, dimension, 'fourier basis');
    const out = new Float64Array(count * dimension);
    const half = new Float64Array(dimension);
    const product = new Float64Array(dimension);
    const stride = width * channels;
    for (let sample = 0; sample < count; sample++) {
      const offset = sample * dimension;
      half.fill(0);
      for (let x = 0; x < height; x++)
        for (let m = 0; m < width; m++) {
          const target = x * stride + m * channels;
          for (let y = 0; y < width; y++) {
            const weight = columnTable[m * width + y]!;
            const source = offset + x * stride + y * channels;
            for (let channel = 0; channel < channels; channel++)
              half[target + channel]! += weight * values[source + channel]!;
          }
        }
      product.fill(0);
      for (let n = 0; n < height; n++)
        for (let x = 0; x < height; x++) {
          const weight = rowTable[n * height + x]!;
          for (let j = 0; j < stride; j++) product[n * stride + j]! += weight * half[x * stride + j]!;
        }
      for (let n = 0; n < height; n++) {
        const here = n * stride;
        const minus = ((height - n) % height) * stride;
        for (let m = 0; m < width; m++) {
          const right = m * channels;
          const left = ((width - m) % width) * channels;
          for (let channel = 0; channel < channels; channel++)
            out[offset + here + right + channel] =
              0.5 *
              (product[here + right + channel]! +
                product[minus + right + channel]! +
                product[here + left + channel]! -
                product[minus + left + channel]!);
        }
      }
    }
    return out;
  };

  const orbits: string[] = [];
  for (let n = 0; n < height; n++)
    for (let m = 0; m < width; m++)
      for (let channel = 0; channel < channels; channel++)
        orbits.push(`${momentumOrbit(n, m, shape)};${channel}`);
  const shells = numberShells(orbits);

  return {
    name: 'fourier',
    shape,
    dimension,
    components: Array.from({ length: dimension }, (_, index) => {
      const mode = Math.floor(index / channels);
      return {
        index,
        momentum: Math.sqrt(latticeMomentumSquared(Math.floor(mode / width), mode % width, shape)),
        level: 0,
        row: 0,
        column: 0,
        channel: index % channels,
        shell: shells[index]!,
      };
    }),
    matrix: () => matrixOf(dimension, transform),
    encode: transform,
    decode: transform,
  };
}

/** cas(2π n x / L)/√L with cas = cos + sin, row n, column x. */
function casTable(size: number): Float64Array {
  const table = new Float64Array(size * size);
  for (let n = 0; n < size; n++)
    for (let x = 0; x < size; x++) {
      const angle = (2 * Math.PI * ((n * x) % size)) / size;
      table[n * size + x] = (Math.cos(angle) + Math.sin(angle)) / Math.sqrt(size);
    }
  return table;
}
