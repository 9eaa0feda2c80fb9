import { philox4x32, streamId } from './philox.js';

/**
 * Fills with standard normals addressed by (seed, stream, step), four from each block of Philox by Box–Muller on 32-bit
 * uniforms: twice as fast as `CounterRandom.normal`, with tails cut at 6.7. For noise that is used in single precision.
 */
export function fillNormals(out: Float32Array, seed: number, stream: string, step: number): void {
  const key0 = seed >>> 0;
  const key1 = (streamId(stream) ^ Math.floor(seed / 0x100000000)) >>> 0;
  const step0 = step >>> 0;
  const step1 = Math.floor(step / 0x100000000) >>> 0;
  const block = new Uint32Array(4);
  const four = new Float64Array(4);
  for (let start = 0, counter = 0; start < out.length; start += 4, counter++) {
    philox4x32(counter, 0, step0, step1, key0, key1, block);
    for (let half = 0; half < 4; half += 2) {
      const radius = Math.sqrt(-2 * Math.log((block[half]! + 0.5) / 0x100000000));
      const turn = (2 * Math.PI * (block[half + 1]! + 0.5)) / 0x100000000;
      four[half] = radius * Math.cos(turn);
      four[half + 1] = radius * Math.sin(turn);
    }
    for (let i = 0; i < 4 && start + i < out.length; i++) out[start + i] = four[i]!;
  }
}
