import type { DataStatistics } from '../basis/types.js';
import { softplus } from './gaussian.js';
import { basisWithVariances } from './process.js';
import type { DiffusionProcess } from './types.js';

const cells = 1000;
/** Above this many shells an even selection stands for all: the cost grows with the square. */
const largestShells = 64;

/**
 * How far a schedule destroys one scale after the other: h = 1 − mean over pairs of distinct shells of ∫ min(ρ_i, ρ_j) dt,
 * with the information I_i(t) = ½ log(1 + Σ^χ_i e^−γ_i) and its normalized rate of loss ρ_i = −İ_i/|ΔI_i|.
 * 0: all at once; 1: one after the other.
 *
 * It belongs to the noise path, not to how it is written: noise that is white in every direction is the same in any
 * basis, so for it the shells are those of Fourier space.
 */
export function hierarchy(process: DiffusionProcess, statistics: DataStatistics): number {
  const isotropic = process.uniform && process.scale.every((s) => Math.abs(s / process.scale[0]! - 1) < 1e-9);
  const { basis, variances } = isotropic
    ? basisWithVariances('fourier', statistics)
    : { basis: process.basis, variances: process.dataVariance.map((v, i) => v * process.scale[i]! ** 2) };

  const first = new Map<number, number>();
  for (const { shell, index } of basis.components) if (!first.has(shell)) first.set(shell, index);
  const all = [...first.values()];
  const members =
    all.length <= largestShells
      ? all
      : Array.from(
          { length: largestShells },
          (_, j) => all[Math.floor(((j + 0.5) * all.length) / largestShells)]!,
        );

  const gamma = new Float64Array(process.dimension);
  const information = Array.from({ length: cells + 1 }, (_, j) => {
    process.gamma(j / cells, gamma);
    return members.map((i) => {
      const noise = (isotropic ? gamma[0]! : gamma[i]!) + 2 * Math.log(process.scale[isotropic ? 0 : i]!);
      return 0.5 * softplus(Math.log(variances[i]!) - noise);
    });
  });
  const losses = members.map((_, m) => {
    const total = information[0]![m]! - information[cells]![m]!;
    return Float64Array.from({ length: cells }, (_unused, j) =>
      total > 0 ? (information[j]![m]! - information[j + 1]![m]!) / total : 1 / cells,
    );
  });
  let overlap = 0;
  let pairs = 0;
  for (let a = 0; a < members.length; a++)
    for (let b = a + 1; b < members.length; b++) {
      for (let j = 0; j < cells; j++) overlap += Math.min(losses[a]![j]!, losses[b]![j]!);
      pairs++;
    }
  return pairs === 0 ? 0 : Math.min(1, Math.max(0, 1 - overlap / pairs));
}
