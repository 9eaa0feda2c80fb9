/**
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3", SC11). A number depends only on (seed, stream, step, index), never on what was drawn before, so a
 * resumed run draws exactly what the uninterrupted one would have and no generator state is saved.
 */

const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
const weylA = 0x9e3779b9;
const weylB = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = Math.imul(aHigh, bLow) >>> 0;
  const low = Math.imul(aLow, bLow) >>> 0;
  const carried = (low >>> 16) + (middle & 0xffff) + (Math.imul(aLow, bHigh) >>> 0);
  return ((Math.imul(aHigh, bHigh) >>> 0) + (middle >>> 16) + Math.floor(carried / 0x10000)) >>> 0;
}

/**
 * One block of Philox4x32-10: four 32-bit words from a 128-bit counter and a 64-bit key.
 * @param out receives the four words (unsigned)
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
): void {
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(multiplierA, c0);
    const lowA = Math.imul(multiplierA, c0) >>> 0;
    const highB = multiplyHigh(multiplierB, c2);
    const lowB = Math.imul(multiplierB, c2) >>> 0;
    c0 = (highB ^ c1 ^ k0) >>> 0;
    c1 = lowB;
    c2 = (highA ^ c3 ^ k1) >>> 0;
    c3 = lowA;
    k0 = (k0 + weylA) >>> 0;
    k1 = (k1 + weylB) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** FNV-1a of a stream's name: streams are named, so that no two uses share numbers by accident. */
export function streamId(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A sequence of random numbers addressed by (seed, stream, step); cheap to make, nothing to save. */
export class CounterRandom {
  private readonly block = new Uint32Array(4);
  private readonly key0: number;
  private readonly key1: number;
  private readonly step0: number;
  private readonly step1: number;
  private counter = 0;
  private position = 4;
  private spare: number | undefined;

  /**
   * @param seed any integer up to 2^53
   * @param stream the use this sequence serves, e.g. `time` or `batch`
   * @param step the training step or draw number, an integer up to 2^53
   */
  constructor(seed: number, stream: string, step = 0) {
    this.key0 = seed >>> 0;
    this.key1 = (streamId(stream) ^ Math.floor(seed / 0x100000000)) >>> 0;
    this.step0 = step >>> 0;
    this.step1 = Math.floor(step / 0x100000000) >>> 0;
  }

  /** An unsigned 32-bit integer. */
  uint32(): number {
    if (this.position === 4) {
      philox4x32(this.counter++, 0, this.step0, this.step1, this.key0, this.key1, this.block);
      this.position = 0;
    }
    return this.block[this.position++]!;
  }

  /** Uniform on [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** Uniform integer in [0, bound), without modulo bias. */
  integer(bound: number): number {
    const limit = Math.floor(0x100000000 / bound) * bound;
    for (;;) {
      const word = this.uint32();
      if (word < limit) return word % bound;
    }
  }

  /** Standard normal (Box–Muller; both numbers of a pair are used). */
  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Fills with standard normals. */
  fillNormal(out: Float32Array | Float64Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.normal();
  }
}
