import { RgsweepError } from '../errors.js';
import { atOnce, type Steps } from './steps.js';

/**
 * All eigenvalues and eigenvectors of a real symmetric matrix: Householder reduction to tridiagonal form, implicit QL
 * with Wilkinson's shift, back-transformation (Golub and Van Loan, Matrix Computations, §8.3). About 5 n³ multiplications
 * and two n × n arrays; all inner loops run along rows.
 *
 * @param matrix n × n, row-major; only read
 * @returns eigenvalues in descending order and the eigenvectors as rows, each with its largest entry positive
 * @throws RgsweepError('internal') when an eigenvalue does not converge
 */
export function symmetricEigen(matrix: Float64Array, n: number): EigenSystem {
  return atOnce(symmetricEigenSteps(matrix, n));
}

/** Eigenvalues in descending order, eigenvectors as rows. */
export interface EigenSystem {
  values: Float64Array;
  vectors: Float64Array;
}

/**
 * The same in pieces: yields about how much of the work is done, from 0 to 1, after every 10⁷ multiplications or so, for
 * callers that have other things to do in the minutes that 3,072 dimensions take.
 */
export function* symmetricEigenSteps(matrix: Float64Array, n: number): Steps<EigenSystem> {
  const work = Float64Array.from(matrix);
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const factors = new Float64Array(n);
  const product = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    reflectColumn(work, n, k, { diagonal, offDiagonal, factors, product });
    // What is left of a cube shrinks with the third power.
    yield 0.3 * (1 - (1 - (k + 1) / n) ** 3);
  }
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  // As exact as the reduction itself. Against its neighbours alone, what rounding leaves of zeros would never be small: a
  // covariance of fewer images than dimensions.
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(diagonal[i]!) + Math.abs(offDiagonal[i]!));
  const negligible = Number.EPSILON * norm;
  for (let low = 0; low < n; low++)
    for (let iteration = 0; rotateOnce(diagonal, offDiagonal, vectors, n, low, negligible); iteration++) {
      if (iteration === 60)
        throw new RgsweepError('internal', `eigenvalue ${low} of a ${n} × ${n} matrix did not converge`);
      yield 0.3 + 0.5 * (low / n);
    }
  const block = 32;
  for (let from = 0; from < n; from += block) {
    reflectBack(work, factors, vectors, n, from, Math.min(n, from + block));
    yield 0.8 + 0.2 * (from / n);
  }
  return sorted(diagonal, vectors, n);
}

interface Tridiagonal {
  diagonal: Float64Array;
  offDiagonal: Float64Array;
  factors: Float64Array;
  /** Scratch. */
  product: Float64Array;
}

/**
 * Step k of A = Q T Qᵀ, Q = H_0 H_1 …, H_k = 1 − f_k v_k v_kᵀ. Overwrites `a`: row k holds v_k from column k + 1 on.
 */
function reflectColumn(
  a: Float64Array,
  n: number,
  k: number,
  { diagonal, offDiagonal, factors, product }: Tridiagonal,
): void {
  diagonal[k] = a[k * n + k]!;
  if (k === n - 1) return;
  const row = k * n;
  let scale = 0;
  for (let j = k + 2; j < n; j++) scale = Math.max(scale, Math.abs(a[row + j]!));
  if (scale === 0) {
    offDiagonal[k] = a[row + k + 1]!;
    return;
  }
  scale = Math.max(scale, Math.abs(a[row + k + 1]!));
  let square = 0;
  for (let j = k + 1; j < n; j++) {
    a[row + j]! /= scale;
    square += a[row + j]! ** 2;
  }
  const first = a[row + k + 1]!;
  const norm = first > 0 ? -Math.sqrt(square) : Math.sqrt(square);
  offDiagonal[k] = norm * scale;
  a[row + k + 1] = first - norm;
  const factor = 1 / (square - first * norm);
  factors[k] = factor;

  // p = f A v, then w = p − ½ f (pᵀv) v, then A ← A − v wᵀ − w vᵀ on the trailing block.
  let overlap = 0;
  for (let i = k + 1; i < n; i++) {
    let sum = 0;
    for (let j = k + 1; j < n; j++) sum += a[i * n + j]! * a[row + j]!;
    product[i] = factor * sum;
    overlap += product[i]! * a[row + i]!;
  }
  for (let i = k + 1; i < n; i++) product[i]! -= 0.5 * factor * overlap * a[row + i]!;
  for (let i = k + 1; i < n; i++) {
    const v = a[row + i]!;
    const w = product[i]!;
    for (let j = k + 1; j < n; j++) a[i * n + j]! -= v * product[j]! + w * a[row + j]!;
  }
}

/**
 * One sweep of implicit QL towards the eigenvalue `low`; every rotation turns two rows of `rows`, which become
 * eigenvectors. False when `diagonal[low]` is an eigenvalue.
 */
function rotateOnce(
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  rows: Float64Array,
  n: number,
  low: number,
  negligible: number,
): boolean {
  let high = low;
  while (high < n - 1 && Math.abs(offDiagonal[high]!) > negligible) high++;
  if (high === low) return false;
  // Wilkinson's shift from the leading 2 × 2 block.
  const half = (diagonal[low + 1]! - diagonal[low]!) / (2 * offDiagonal[low]!);
  const root = Math.hypot(half, 1);
  let g = diagonal[high]! - diagonal[low]! + offDiagonal[low]! / (half + (half >= 0 ? root : -root));
  let sine = 1;
  let cosine = 1;
  let carried = 0;
  for (let i = high - 1; i >= low; i--) {
    const f = sine * offDiagonal[i]!;
    const b = cosine * offDiagonal[i]!;
    const length = Math.hypot(f, g);
    offDiagonal[i + 1] = length;
    if (length === 0) {
      diagonal[i + 1]! -= carried;
      offDiagonal[high] = 0;
      return true;
    }
    sine = f / length;
    cosine = g / length;
    const shifted = diagonal[i + 1]! - carried;
    const r = (diagonal[i]! - shifted) * sine + 2 * cosine * b;
    carried = sine * r;
    diagonal[i + 1] = shifted + carried;
    g = cosine * r - b;
    rotate(rows, i * n, (i + 1) * n, n, cosine, sine);
  }
  diagonal[low]! -= carried;
  offDiagonal[low] = g;
  offDiagonal[high] = 0;
  return true;
}

function rotate(rows: Float64Array, a: number, b: number, n: number, cosine: number, sine: number): void {
  for (let j = 0; j < n; j++) {
    const x = rows[a + j]!;
    const y = rows[b + j]!;
    rows[b + j] = sine * x + cosine * y;
    rows[a + j] = cosine * x - sine * y;
  }
}

/** The eigenvectors z of T in rows `from` to `end` become Qz. */
function reflectBack(
  reflectors: Float64Array,
  factors: Float64Array,
  rows: Float64Array,
  n: number,
  from: number,
  end: number,
): void {
  for (let k = n - 2; k >= 0; k--) {
    const factor = factors[k]!;
    if (factor === 0) continue;
    const v = k * n;
    for (let i = from; i < end; i++) {
      const z = i * n;
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += reflectors[v + j]! * rows[z + j]!;
      sum *= factor;
      for (let j = k + 1; j < n; j++) rows[z + j]! -= sum * reflectors[v + j]!;
    }
  }
}

function sorted(values: Float64Array, rows: Float64Array, n: number): EigenSystem {
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    let peak = 0;
    for (let j = 0; j < n; j++)
      if (Math.abs(rows[from * n + j]!) > Math.abs(peak) * (1 + 1e-9)) peak = rows[from * n + j]!;
    const sign = peak < 0 ? -1 : 1;
    for (let j = 0; j < n; j++) vectors[to * n + j] = sign * rows[from * n + j]!;
  });
  return { values: Float64Array.from(order, (i) => values[i]!), vectors };
}
