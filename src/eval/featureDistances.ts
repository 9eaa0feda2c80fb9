import { symmetricEigen } from '../basis/eigen.js';

/** Sets of feature vectors: rows of `dimension` numbers; two that are compared may have different numbers of rows. */
type Rows = Float32Array | Float64Array;

/**
 * The Fréchet distance of two sets of vectors, each taken for a Gaussian of its mean and unbiased covariance (Heusel et al. 2017,
 * arXiv 1706.08500):
 *
 *   |μ − μ′|² + tr Σ + tr Σ′ − 2 tr (ΣΣ′)^½.
 *
 * With centred rows A and A′ over √(N − 1), Σ = AᵀA and tr (ΣΣ′)^½ is the sum of the singular values of AA′ᵀ: exact, and of the
 * size of the sets where those are smaller than the vectors. Biased upwards for few rows (by about tr Σ over their number):
 * only figures of equally many compare.
 */
export function frechetDistance(first: Rows, second: Rows, dimension: number): number {
  const a = centred(first, dimension);
  const b = centred(second, dimension);
  let distance = 0;
  for (let i = 0; i < dimension; i++) distance += (a.mean[i]! - b.mean[i]!) ** 2;
  for (const { rows } of [a, b]) for (const value of rows) distance += value ** 2;
  return (
    distance - 2 * (a.count <= dimension ? nuclearByRows(a, b, dimension) : nuclearByColumns(a, b, dimension))
  );
}

interface Centred {
  count: number;
  mean: Float64Array;
  /** (x − μ)/√(N − 1). */
  rows: Float64Array;
}

function centred(rows: Rows, dimension: number): Centred {
  const count = rows.length / dimension;
  const mean = new Float64Array(dimension);
  for (let n = 0; n < rows.length; n++) mean[n % dimension]! += rows[n]! / count;
  const root = Math.sqrt(count - 1);
  return { count, mean, rows: Float64Array.from(rows, (value, n) => (value - mean[n % dimension]!) / root) };
}

/** Σ of the singular values of AA′ᵀ, from the eigenvalues of AA′ᵀA′Aᵀ [N, N]. */
function nuclearByRows(a: Centred, b: Centred, dimension: number): number {
  const product = new Float64Array(a.count * b.count);
  for (let n = 0; n < a.count; n++)
    for (let m = 0; m < b.count; m++)
      product[n * b.count + m] = dot(a.rows, n * dimension, b.rows, m * dimension, dimension);
  return sumOfRoots(gram(product, a.count, b.count), a.count);
}

/** The same from the eigenvalues of Σ^½Σ′Σ^½ [D, D]. */
function nuclearByColumns(a: Centred, b: Centred, dimension: number): number {
  const covariance = (of: Centred) => gram(transposed(of.rows, of.count, dimension), dimension, of.count);
  const { values, vectors } = symmetricEigen(covariance(a), dimension);
  // Rows v_i √λ_i: R with RᵀR = Σ, so that R Σ′ Rᵀ has the eigenvalues wanted.
  const root = vectors.map((value, n) => value * Math.sqrt(Math.max(0, values[Math.floor(n / dimension)]!)));
  const half = new Float64Array(dimension * b.count);
  for (let i = 0; i < dimension; i++)
    for (let m = 0; m < b.count; m++)
      half[i * b.count + m] = dot(root, i * dimension, b.rows, m * dimension, dimension);
  return sumOfRoots(gram(half, dimension, b.count), dimension);
}

function sumOfRoots(matrix: Float64Array, size: number): number {
  return symmetricEigen(matrix, size).values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

/** MMᵀ of M [rows, columns]. */
function gram(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) {
      const value = dot(matrix, i * columns, matrix, j * columns, columns);
      out[i * rows + j] = value;
      out[j * rows + i] = value;
    }
  return out;
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j]!;
  return out;
}

function dot(a: Rows, aStart: number, b: Rows, bStart: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[aStart + i]! * b[bStart + i]!;
  return sum;
}

/**
 * The kernel distance of two sets of vectors (Bińkowski et al. 2018, arXiv 1801.01401): the unbiased squared maximum mean
 * discrepancy under k(x, y) = (x·y/D + 1)³. About 0 for equal distributions, below it by chance.
 */
export function kernelDistance(first: Rows, second: Rows, dimension: number): number {
  const mean = (a: Rows, b: Rows, same: boolean) => {
    const rows = a.length / dimension;
    const others = b.length / dimension;
    let sum = 0;
    for (let n = 0; n < rows; n++)
      for (let m = 0; m < others; m++)
        if (!same || m !== n)
          sum += (dot(a, n * dimension, b, m * dimension, dimension) / dimension + 1) ** 3;
    return sum / (rows * (same ? rows - 1 : others));
  };
  return mean(first, first, true) + mean(second, second, true) - 2 * mean(first, second, false);
}
