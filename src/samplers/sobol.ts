import { streamId } from '../random/philox.js';
import { joeKuo } from './sobol-directions.js';

/** Number of dimensions that have direction numbers. */
export const sobolDimensions = 160;

const bitCount = 32;
let directions: Uint32Array[] | undefined;

/** Direction numbers v_1 … v_32 of every dimension, scaled by 2³². */
function directionNumbers(): Uint32Array[] {
  if (directions) return directions;
  const first = new Uint32Array(bitCount);
  for (let bit = 0; bit < bitCount; bit++) first[bit] = (1 << (31 - bit)) >>> 0;
  const table = [first];
  for (const entry of joeKuo.trim().split(/\s+/)) {
    const [polynomialText, initialText] = entry.split(':') as [string, string];
    const polynomial = Number(polynomialText);
    const initial = initialText.split(',').map(Number);
    const degree = initial.length;
    const v = new Uint32Array(bitCount);
    for (let bit = 0; bit < bitCount; bit++) {
      if (bit < degree) {
        v[bit] = (initial[bit]! << (31 - bit)) >>> 0;
        continue;
      }
      // Bratley and Fox's recurrence over the polynomial's inner coefficients.
      let value = v[bit - degree]! ^ (v[bit - degree]! >>> degree);
      for (let k = 1; k < degree; k++) if ((polynomial >>> (degree - k)) & 1) value ^= v[bit - k]!;
      v[bit] = value >>> 0;
    }
    table.push(v);
  }
  directions = table;
  return table;
}

/** Coordinate `dimension` of point `index` of the plain Sobol' sequence, times 2³² (direct, not Gray-code, order). */
export function sobolInteger(index: number, dimension: number): number {
  const v = directionNumbers()[dimension]!;
  let value = 0;
  for (let bit = 0, rest = index >>> 0; rest !== 0; bit++, rest >>>= 1) if (rest & 1) value ^= v[bit]!;
  return value >>> 0;
}

/** A 32-bit mix in which every input bit reaches every output bit (two multiply–xorshift rounds). */
function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b);
  return (value ^ (value >>> 16)) >>> 0;
}

/**
 * Owen's nested uniform scrambling ("Randomly permuted (t,m,s)-nets and (t,s)-sequences", 1995): bit b is flipped by a
 * coin that depends on (seed, dimension, b, the bits above b). The points stay a (t, m, s)-net, and every one is
 * uniformly distributed.
 */
export function owenScramble(value: number, dimension: number, seed: number): number {
  const high = Math.floor(seed / 0x100000000) >>> 0;
  const key = mix(
    mix((seed ^ 0x6a09e667) >>> 0) ^ mix((high + 0x3c6ef372) >>> 0) ^ mix((dimension + 0x510e527f) >>> 0),
  );
  let result = 0;
  for (let bit = 0; bit < bitCount; bit++) {
    const above = bit === 0 ? 0 : value >>> (bitCount - bit);
    const coin = mix((mix((above ^ key) >>> 0) + Math.imul(bit + 1, 0x9e3779b9)) >>> 0) & 1;
    result = (result << 1) | (((value >>> (31 - bit)) & 1) ^ coin);
  }
  return result >>> 0;
}

/**
 * Coordinate in (0, 1) of a scrambled Sobol' point. Dimensions beyond the table get independent uniform numbers.
 * @param stream names the use, so that two uses of one seed get different scramblings
 */
export function scrambledSobol(index: number, dimension: number, seed: number, stream: string): number {
  const own = mix(streamId(stream)) ^ seed;
  const key = (own >>> 0) + Math.floor(seed / 0x100000000) * 0x100000000;
  if (dimension >= sobolDimensions)
    return (
      (mix((mix((mix(dimension) ^ key) >>> 0) + Math.imul(index + 1, 0x9e3779b9)) >>> 0) + 0.5) / 0x100000000
    );
  return (owenScramble(sobolInteger(index, dimension), dimension, key) + 0.5) / 0x100000000;
}
