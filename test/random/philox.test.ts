import { describe, expect, it } from 'vitest';
import { CounterRandom, philox4x32 } from '../../src/random/philox.js';

/** Known answers of the authors' library Random123 (kat_vectors, philox4x32 with 10 rounds). */
const knownAnswers: [number[], number[]][] = [
  [
    [0, 0, 0, 0, 0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [Array<number>(6).fill(0xffffffff), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

describe('philox', () => {
  it('gives the published known answers', () => {
    for (const [input, expected] of knownAnswers) {
      const out = new Uint32Array(4);
      philox4x32(input[0]!, input[1]!, input[2]!, input[3]!, input[4]!, input[5]!, out);
      expect([...out]).toEqual(expected);
    }
  });

  it('depends on seed, stream and step, and on nothing drawn before', () => {
    const first = (seed: number, stream: string, step: number) =>
      new CounterRandom(seed, stream, step).uint32();
    const values = new Set([
      first(1, 'a', 0),
      first(2, 'a', 0),
      first(1, 'b', 0),
      first(1, 'a', 1),
      first(1, 'a', 2 ** 32),
      first(1 + 2 ** 32, 'a', 0),
    ]);
    expect(values.size).toBe(6);
    expect(first(1, 'a', 1)).toBe(first(1, 'a', 1));
  });

  it('draws uniform and normal numbers with the right moments', () => {
    const random = new CounterRandom(7, 'moments');
    const count = 200_000;
    let uniformSum = 0;
    let normalSum = 0;
    let normalSquares = 0;
    let normalFourth = 0;
    for (let i = 0; i < count; i++) {
      uniformSum += random.uniform();
      const z = random.normal();
      normalSum += z;
      normalSquares += z * z;
      normalFourth += z ** 4;
    }
    // Five standard errors: 1/√12, 1, √2 and √96 over √count.
    expect(Math.abs(uniformSum / count - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(normalSum / count)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(normalSquares / count - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(normalFourth / count - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
  });
});
