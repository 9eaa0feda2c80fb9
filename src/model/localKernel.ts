import type { DiffusionProcess } from '../schedule/types.js';

/**
 * The convolution that turns the network's input, without noise, into the field φ − μ: U diag(f) Uᵀ averaged over
 * translations, f_i = s_i√Σ_i where the input is whitened (with the Gaussian score), s_i where it is χ.
 * @returns kernel(d) for displacements d, [V]
 */
export function localKernel(process: DiffusionProcess, gaussianScore: boolean): Float64Array {
  const { dimension, scale, dataVariance, basis } = process;
  const { height, width } = basis.shape;
  const matrix = basis.matrix();
  const factor = scale.map((value, i) => (gaussianScore ? value * Math.sqrt(dataVariance[i]!) : value));
  const kernel = new Float64Array(dimension);
  for (let p = 0; p < dimension; p++)
    for (let q = 0; q < dimension; q++) {
      const row = (Math.floor(p / width) - Math.floor(q / width) + height) % height;
      const displacement = row * width + (((p % width) - (q % width) + width) % width);
      let sum = 0;
      for (let i = 0; i < dimension; i++)
        sum += matrix[p * dimension + i]! * factor[i]! * matrix[q * dimension + i]!;
      kernel[displacement]! += sum / dimension;
    }
  return kernel;
}
