import type { Steps } from './steps.js';

/** Rows of numbers, read one at a time: row n into out[0 … D−1]. */
export interface Rows {
  count: number;
  dimension: number;
  read: (n: number, out: Float32Array) => void;
}

/** Rows laid out column by column at a time, so that every sum runs over neighbours. */
const chunk = 256;
/** Rows of the covariance between two steps: some tenths of a second at 3,072 dimensions. */
const band = 64;

/**
 * μ = E x and C = E (x − μ)(x − μ)ᵀ of rows, in single precision read and in double summed. A generator, so that long work lets
 * other work of the process go on: yields the fraction done, returns mean [D] and covariance [D, D].
 */
export function* momentSteps({
  count,
  dimension,
  read,
}: Rows): Steps<{ mean: Float64Array; covariance: Float64Array }> {
  const mean = new Float64Array(dimension);
  const row = new Float32Array(dimension);
  for (let n = 0; n < count; n++) {
    read(n, row);
    for (let i = 0; i < dimension; i++) mean[i]! += row[i]!;
  }
  for (let i = 0; i < dimension; i++) mean[i]! /= count;

  const covariance = new Float64Array(dimension * dimension);
  const columns = new Float64Array(dimension * chunk);
  for (let start = 0; start < count; start += chunk) {
    const size = Math.min(chunk, count - start);
    for (let n = 0; n < size; n++) {
      read(start + n, row);
      for (let i = 0; i < dimension; i++) columns[i * chunk + n] = row[i]! - mean[i]!;
    }
    for (let first = 0; first < dimension; first += band) {
      const end = Math.min(dimension, first + band);
      addProducts(columns, size, dimension, first, end, covariance);
      yield (start + (size * end) / dimension) / count;
    }
  }
  for (let i = 0; i < dimension; i++)
    for (let j = i; j < dimension; j++) {
      const value = covariance[i * dimension + j]! / count;
      covariance[i * dimension + j] = value;
      covariance[j * dimension + i] = value;
    }
  return { mean, covariance };
}

/** Adds Σ_n x_i x_j for i in [first, end) and j ≥ i, four sums at a time; what falls below the diagonal is overwritten later. */
function addProducts(
  columns: Float64Array,
  size: number,
  dimension: number,
  first: number,
  end: number,
  covariance: Float64Array,
): void {
  for (let i = first; i < end; i += 2) {
    const a = i * chunk;
    const b = i + 1 < end ? a + chunk : a;
    for (let j = i; j < dimension; j += 2) {
      const c = j * chunk;
      const d = j + 1 < dimension ? c + chunk : c;
      let ac = 0;
      let ad = 0;
      let bc = 0;
      let bd = 0;
      for (let n = 0; n < size; n++) {
        const p = columns[a + n]!;
        const q = columns[b + n]!;
        const u = columns[c + n]!;
        const v = columns[d + n]!;
        ac += p * u;
        ad += p * v;
        bc += q * u;
        bd += q * v;
      }
      const at = i * dimension + j;
      covariance[at]! += ac;
      if (d !== c) covariance[at + 1]! += ad;
      if (b !== a) covariance[at + dimension]! += bc;
      if (b !== a && d !== c) covariance[at + dimension + 1]! += bd;
    }
  }
}
