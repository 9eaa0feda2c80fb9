import { RgsweepError } from '../errors.js';
import type { FieldShape } from './types.js';

/** Largest dimension for which a D × D matrix is made: 128 MiB in double precision. */
export const largestMatrixDimension = 4096;

/** D = height · width · channels. */
export function dimensionOf(shape: FieldShape): number {
  return shape.height * shape.width * shape.channels;
}

/**
 * @throws RgsweepError('bad-configuration') when a side or the number of channels is no positive integer
 */
export function checkShape(shape: FieldShape): void {
  for (const [name, value] of Object.entries(shape))
    if (!Number.isInteger(value) || (value as number) < 1)
      throw new RgsweepError(
        'bad-configuration',
        `a field's ${name} is ${String(value)}; it must be a positive integer`,
      );
}

/**
 * @throws RgsweepError('bad-configuration') when `values` does not hold `count` vectors of length `dimension`
 */
export function checkVectors(
  values: ArrayLike<number>,
  count: number,
  dimension: number,
  what: string,
): void {
  if (values.length !== count * dimension)
    throw new RgsweepError(
      'bad-configuration',
      `${what}: ${values.length} numbers given, ${count} vectors of ${dimension} need ${count * dimension}`,
    );
}

/** The matrix U (row-major, U[site × D + component]) of a map from components to fields. */
export function matrixOf(
  dimension: number,
  decode: (components: Float64Array, count: number) => Float64Array,
): Float64Array {
  if (dimension > largestMatrixDimension)
    throw new RgsweepError(
      'bad-configuration',
      `the matrix of a basis of ${dimension} components was asked for; at most ${largestMatrixDimension} are kept`,
      { remedy: 'use encode and decode, which need no matrix' },
    );
  const identity = new Float64Array(dimension * dimension);
  for (let i = 0; i < dimension; i++) identity[i * dimension + i] = 1;
  return transpose(decode(identity, dimension), dimension);
}

/** The transpose of a square row-major matrix, in tiles so that large ones stay in the cache. */
export function transpose(matrix: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  const tile = 32;
  for (let i0 = 0; i0 < n; i0 += tile)
    for (let j0 = 0; j0 < n; j0 += tile)
      for (let i = i0; i < Math.min(n, i0 + tile); i++)
        for (let j = j0; j < Math.min(n, j0 + tile); j++) out[j * n + i] = matrix[i * n + j]!;
  return out;
}

/**
 * out[r, j] = Σ_x rows[r, x] · vectors[j, x]: every row against every vector, both of length `dimension`.
 * Four products at a time, so that each loaded number is used four times.
 */
export function multiplyByVectors(
  rows: Float32Array | Float64Array,
  count: number,
  vectors: Float64Array,
  vectorCount: number,
  dimension: number,
): Float64Array {
  const out = new Float64Array(count * vectorCount);
  const block = 64;
  for (let r0 = 0; r0 < count; r0 += block)
    for (let j0 = 0; j0 < vectorCount; j0 += block) {
      const rEnd = Math.min(count, r0 + block);
      const jEnd = Math.min(vectorCount, j0 + block);
      for (let r = r0; r < rEnd; r += 2) {
        const a = r * dimension;
        const b = r + 1 < rEnd ? a + dimension : a;
        for (let j = j0; j < jEnd; j += 2) {
          const c = j * dimension;
          const d = j + 1 < jEnd ? c + dimension : c;
          let ac = 0;
          let ad = 0;
          let bc = 0;
          let bd = 0;
          for (let x = 0; x < dimension; x++) {
            const p = rows[a + x]!;
            const q = rows[b + x]!;
            const u = vectors[c + x]!;
            const v = vectors[d + x]!;
            ac += p * u;
            ad += p * v;
            bc += q * u;
            bd += q * v;
          }
          out[r * vectorCount + j] = ac;
          if (d !== c) out[r * vectorCount + j + 1] = ad;
          if (b !== a) out[(r + 1) * vectorCount + j] = bc;
          if (b !== a && d !== c) out[(r + 1) * vectorCount + j + 1] = bd;
        }
      }
    }
  return out;
}
