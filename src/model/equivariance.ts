import { RgsweepError } from '../errors.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { createNoiseLevels, emptyNoiseLevels } from './noiseLevels.js';

/** Lattices beyond this need full-lattice kernels that are too large to train. */
export const largestLattice = 256;
/** Relative deviation from translation invariance that is still sampling error of the statistics. */
const tolerance = 0.05;

/**
 * Checks that the translation-equivariant network can represent the score of this process: the noise covariance
 * U diag(s²e^γ) Uᵀ and what whitens the network's input, U diag(v) Uᵀ, must not single out sites.
 * @throws RgsweepError('bad-configuration') naming the basis and the way out
 */
export function checkEquivariance(process: DiffusionProcess): void {
  const { dimension, basis } = process;
  const { height, width, channels } = basis.shape;
  if (channels !== 1 || dimension > largestLattice)
    throw new RgsweepError(
      'bad-configuration',
      `the φ⁴ network takes lattices of one channel and at most ${largestLattice} sites; this one is ${height} × ${width} × ${channels}`,
    );
  const matrix = basis.matrix();
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(dimension);
  for (const t of [0.1, 0.5, 0.9]) {
    levelsAt(t, levels);
    const noise = levels.sine.map(
      (sine, i) => process.scale[i]! ** 2 * process.dataVariance[i]! * (sine / levels.cosine[i]!) ** 2,
    );
    const whitening = levels.sine.map(
      (sine, i) => levels.cosine[i]! ** 2 + process.dataVariance[i]! * sine ** 2,
    );
    for (const diagonal of [noise, whitening])
      if (siteDependence(matrix, diagonal, height, width) > tolerance)
        throw new RgsweepError(
          'bad-configuration',
          `basis "${basis.name}": this schedule's noise differs from site to site, and the φ⁴ network, which treats all sites alike, cannot represent its score`,
          { remedy: 'use basis fourier or pca, or pixel with one noise level for all sites' },
        );
  }
}

/** ‖M − M̄‖/‖M‖ of M = U diag(d) Uᵀ without its mean diagonal part, M̄ its average over translations. */
function siteDependence(matrix: Float64Array, diagonal: Float64Array, height: number, width: number): number {
  const sites = height * width;
  const covariance = new Float64Array(sites * sites);
  for (let x = 0; x < sites; x++)
    for (let y = 0; y < sites; y++) {
      let sum = 0;
      for (let i = 0; i < sites; i++) sum += matrix[x * sites + i]! * diagonal[i]! * matrix[y * sites + i]!;
      covariance[x * sites + y] = sum;
    }
  const average = new Float64Array(sites);
  const displacement = (x: number, y: number) => {
    const row = (Math.floor(y / width) - Math.floor(x / width) + height) % height;
    return row * width + (((y % width) - (x % width) + width) % width);
  };
  for (let x = 0; x < sites; x++)
    for (let y = 0; y < sites; y++) average[displacement(x, y)]! += covariance[x * sites + y]! / sites;
  let deviation = 0;
  let norm = 0;
  for (let x = 0; x < sites; x++)
    for (let y = 0; y < sites; y++) {
      deviation += (covariance[x * sites + y]! - average[displacement(x, y)]!) ** 2;
      norm += covariance[x * sites + y]! ** 2;
    }
  return Math.sqrt(deviation / norm);
}
