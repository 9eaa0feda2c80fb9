import type { DiffusionProcess } from '../schedule/types.js';
import { displacementOf, placeInCell, type Cell } from './translations.js';

/**
 * The convolution that turns the network's input, without noise, into the field φ − μ: U diag(f) Uᵀ averaged over
 * translations by whole cells, f_i = s_i√Σ_i where the input is whitened (with the Gaussian score), s_i where it is χ.
 * @returns kernel(c, d) for the place c of a site in its cell and displacements d from it, [cell·V]
 */
export function localKernel(process: DiffusionProcess, gaussianScore: boolean, cell: Cell): Float64Array {
  const { dimension, scale, dataVariance, basis } = process;
  const { height, width } = basis.shape;
  const matrix = basis.matrix();
  const factor = scale.map((value, i) => (gaussianScore ? value * Math.sqrt(dataVariance[i]!) : value));
  const places = cell.height * cell.width;
  const kernel = new Float64Array(places * dimension);
  for (let p = 0; p < dimension; p++)
    for (let q = 0; q < dimension; q++) {
      let sum = 0;
      for (let i = 0; i < dimension; i++)
        sum += matrix[p * dimension + i]! * factor[i]! * matrix[q * dimension + i]!;
      const at = placeInCell(p, width, cell) * dimension + displacementOf(p, q, height, width);
      kernel[at]! += (sum * places) / dimension;
    }
  return kernel;
}
