import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dominates, hypervolume, orderByDominance, paretoFront } from '../../src/samplers/pareto.js';

const vectors = (dimension: number): fc.Arbitrary<number[][]> =>
  fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: dimension, maxLength: dimension }), {
    minLength: 1,
    maxLength: 14,
  });

describe('Pareto front', () => {
  it('holds exactly what nothing dominates, in 1 to 4 objectives', () => {
    for (const dimension of [1, 2, 3, 4])
      fc.assert(
        fc.property(vectors(dimension), (list) => {
          const expected = list
            .map((_, i) => i)
            .filter((i) => !list.some((other) => dominates(other, list[i]!)));
          expect([...paretoFront(list)].sort((a, b) => a - b)).toEqual(expected);
        }),
        { numRuns: 100 },
      );
  });

  it('orders fronts one after the other and keeps every index once', () => {
    fc.assert(
      fc.property(vectors(2), fc.integer({ min: 1, max: 14 }), (list, count) => {
        const order = orderByDominance(list, count);
        expect([...order].sort((a, b) => a - b)).toEqual(list.map((_, i) => i));
        const chosen = order.slice(0, count);
        for (const index of chosen)
          for (const other of order.slice(count)) expect(dominates(list[other]!, list[index]!)).toBe(false);
      }),
    );
  });
});

describe('hypervolume', () => {
  it('is the volume of the union of boxes: known cases', () => {
    expect(
      hypervolume(
        [
          [1, 2],
          [2, 1],
        ],
        [3, 3],
      ),
    ).toBe(3);
    expect(hypervolume([[1, 1, 1]], [2, 3, 4])).toBe(6);
    expect(
      hypervolume(
        [
          [0, 1, 1],
          [1, 0, 1],
          [1, 1, 0],
        ],
        [2, 2, 2],
      ),
    ).toBe(4);
    expect(hypervolume([[5, 5]], [3, 3])).toBe(0);
    expect(hypervolume([], [3, 3])).toBe(0);
  });

  it('counts the unit cells that some vector dominates', () => {
    for (const dimension of [2, 3, 4])
      fc.assert(
        fc.property(vectors(dimension), (list) => {
          const reference = Array.from({ length: dimension }, () => 5);
          let cells = 0;
          for (let cell = 0; cell < 5 ** dimension; cell++) {
            const corner = reference.map((_, i) => Math.floor(cell / 5 ** i) % 5);
            if (list.some((vector) => vector.every((value, i) => value <= corner[i]!))) cells++;
          }
          expect(hypervolume(list, reference)).toBe(cells);
        }),
        { numRuns: 60 },
      );
  });
});
