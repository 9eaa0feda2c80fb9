import { RgsweepError } from '../errors.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { largestLattice } from '../sweep/phi4Task.js';
import { createNoiseLevels, emptyNoiseLevels } from './noiseLevels.js';

/** Relative deviation from translation invariance that is still sampling error of the statistics. */
const tolerance = 0.05;

/** The sites of one cell: a network that commutes with translations by whole cells treats equal places in all cells alike. */
export interface Cell {
  height: number;
  width: number;
}

/** Place of a site in its cell, 0 … height·width − 1 of the cell. */
export function placeInCell(site: number, latticeWidth: number, cell: Cell): number {
  return (Math.floor(site / latticeWidth) % cell.height) * cell.width + ((site % latticeWidth) % cell.width);
}

/** The displacement p − q on the periodic lattice, as a site. */
export function displacementOf(p: number, q: number, height: number, width: number): number {
  const row = (Math.floor(p / width) - Math.floor(q / width) + height) % height;
  return row * width + (((p % width) - (q % width) + width) % width);
}

/**
 * The smallest cell by whose translations a process's score is invariant, so that a network commuting with them can
 * represent it: one site where the noise covariance U diag(s²e^γ) Uᵀ and what whitens the network's input, U diag(v) Uᵀ, are
 * the same everywhere (Fourier, PCA, white noise), blocks of 2, 4, … for wavelets and block spins, the whole lattice for
 * noise that comes site by site.
 * @param least side of the smallest cell allowed, a divisor of the lattice's sides
 * @throws RgsweepError('bad-configuration') for lattices the network does not take, and a `least` that does not divide them
 */
export function translationCell(process: DiffusionProcess, least = 1): Cell {
  const { dimension, basis } = process;
  const { height, width, channels } = basis.shape;
  if (channels !== 1 || dimension > largestLattice)
    throw new RgsweepError(
      'bad-configuration',
      `the φ⁴ network takes lattices of one channel and at most ${largestLattice} sites; this one is ${height} × ${width} × ${channels}`,
    );
  if (height % least !== 0 || width % least !== 0)
    throw new RgsweepError(
      'bad-configuration',
      `translationPeriod is ${least}; it must divide the lattice's sides, ${height} and ${width}`,
    );
  const covariances = covariancesOf(process);
  for (let side = least; side <= Math.min(height, width); side += least) {
    if (height % side !== 0 || width % side !== 0) continue;
    const cell = { height: side, width: side };
    if (covariances.every((matrix) => variation(matrix, height, width, cell) <= tolerance)) return cell;
  }
  return { height, width };
}

/** What the network must be able to follow, at three times: noise and whitening as matrices between sites. */
function covariancesOf(process: DiffusionProcess): Float64Array[] {
  const { dimension, basis } = process;
  const matrix = basis.matrix();
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(dimension);
  const between = (diagonal: Float64Array) => {
    const out = new Float64Array(dimension * dimension);
    for (let x = 0; x < dimension; x++)
      for (let y = 0; y < dimension; y++) {
        let sum = 0;
        for (let i = 0; i < dimension; i++)
          sum += matrix[x * dimension + i]! * diagonal[i]! * matrix[y * dimension + i]!;
        out[x * dimension + y] = sum;
      }
    return out;
  };
  return [0.1, 0.5, 0.9].flatMap((t) => {
    levelsAt(t, levels);
    const noise = levels.sine.map(
      (sine, i) => process.scale[i]! ** 2 * process.dataVariance[i]! * (sine / levels.cosine[i]!) ** 2,
    );
    const whitening = levels.sine.map(
      (sine, i) => levels.cosine[i]! ** 2 + process.dataVariance[i]! * sine ** 2,
    );
    return [between(noise), between(whitening)];
  });
}

/** ‖M − M̄‖/‖M‖, M̄ the average of M over translations by whole cells. */
function variation(covariance: Float64Array, height: number, width: number, cell: Cell): number {
  const sites = height * width;
  const places = cell.height * cell.width;
  const average = new Float64Array(places * sites);
  const slot = (x: number, y: number) =>
    placeInCell(x, width, cell) * sites + displacementOf(y, x, height, width);
  for (let x = 0; x < sites; x++)
    for (let y = 0; y < sites; y++) average[slot(x, y)]! += (covariance[x * sites + y]! * places) / sites;
  let deviation = 0;
  let norm = 0;
  for (let x = 0; x < sites; x++)
    for (let y = 0; y < sites; y++) {
      deviation += (covariance[x * sites + y]! - average[slot(x, y)]!) ** 2;
      norm += covariance[x * sites + y]! ** 2;
    }
  return Math.sqrt(deviation / norm);
}
