import type { FieldShape } from './types.js';

/** k̂² = Σ_μ (2 − 2cos k_μ) of the integer momentum (row, column), k_μ = 2π n_μ / L_μ. */
export function latticeMomentumSquared(row: number, column: number, shape: FieldShape): number {
  const of = (n: number, size: number): number => 4 * Math.sin((Math.PI * n) / size) ** 2;
  return of(row, shape.height) + of(column, shape.width);
}

/**
 * The symmetry orbit of a momentum under the reflections of each axis and, on a square lattice, the exchange of the
 * axes: a name that is equal for two momenta exactly when the lattice's symmetry relates them. Equal k̂² is not enough:
 * on 6×6 both (0,3) and (1,2) have k̂² = 4, and an interacting theory gives them different variances.
 */
export function momentumOrbit(row: number, column: number, shape: FieldShape): string {
  const a = Math.min(row, shape.height - row);
  const b = Math.min(column, shape.width - column);
  return shape.height === shape.width ? `${Math.min(a, b)},${Math.max(a, b)}` : `${a},${b}`;
}

/** Σ_x Σ_μ (u(x+μ) − u(x))² on the periodic lattice, all channels: uᵀ(−Δ)u, the effective k̂² of a unit vector u. */
export function laplacianExpectation(u: ArrayLike<number>, shape: FieldShape, offset = 0): number {
  const { height, width, channels } = shape;
  let sum = 0;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const here = offset + (row * width + column) * channels;
      const down = offset + (((row + 1) % height) * width + column) * channels;
      const right = offset + (row * width + ((column + 1) % width)) * channels;
      for (let channel = 0; channel < channels; channel++) {
        const value = u[here + channel]!;
        sum += (u[down + channel]! - value) ** 2 + (u[right + channel]! - value) ** 2;
      }
    }
  return sum;
}

/** Numbers distinct names from 0 in order of first appearance. */
export function numberShells(names: readonly string[]): number[] {
  const known = new Map<string, number>();
  return names.map((name) => {
    const shell = known.get(name) ?? known.size;
    known.set(name, shell);
    return shell;
  });
}

/** Replaces every entry by the mean over its shell, in place; `shells` are small integers. */
export function averageOverShells(values: Float64Array, shells: readonly number[]): Float64Array {
  const count = shells.reduce((most, shell) => Math.max(most, shell + 1), 0);
  const sums = new Float64Array(count);
  const sizes = new Float64Array(count);
  for (let i = 0; i < values.length; i++) {
    sums[shells[i]!]! += values[i]!;
    sizes[shells[i]!]! += 1;
  }
  for (let i = 0; i < values.length; i++) values[i] = sums[shells[i]!]! / sizes[shells[i]!]!;
  return values;
}
