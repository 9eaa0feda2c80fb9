import { describe, expect, it } from 'vitest';
import { addForce, checkCouplings, createLattice, phi4Action } from '../../../src/data/phi4/action.js';
import { RgsweepError } from '../../../src/errors.js';
import { CounterRandom } from '../../../src/random/philox.js';

const couplings = { mass2: -4, coupling: 6.975 };

function randomField(size: number, seed: number): Float64Array {
  const field = new Float64Array(size * size);
  new CounterRandom(seed, 'test field').fillNormal(field);
  return field;
}

describe('action', () => {
  it.each([1, 2, 3, 6])('has the force as its negative gradient on size %i', (size) => {
    const lattice = createLattice(size);
    const field = randomField(size, size);
    const force = new Float64Array(lattice.volume);
    addForce(field, lattice, couplings, 1, force);
    const shift = 1e-5;
    for (let site = 0; site < lattice.volume; site++) {
      const value = field[site]!;
      field[site] = value + shift;
      const above = phi4Action(field, 0, lattice, couplings);
      field[site] = value - shift;
      const below = phi4Action(field, 0, lattice, couplings);
      field[site] = value;
      const slope = (above - below) / (2 * shift);
      expect(Math.abs(force[site]! + slope)).toBeLessThan(1e-6 * (1 + Math.abs(slope)));
    }
  });

  it('adds the force for the given time to what is there', () => {
    const lattice = createLattice(3);
    const field = randomField(3, 5);
    const force = new Float64Array(9);
    addForce(field, lattice, couplings, 1, force);
    const momenta = Float64Array.from({ length: 9 }, (_, i) => i);
    addForce(field, lattice, couplings, 0.25, momenta);
    momenta.forEach((value, i) => expect(value).toBeCloseTo(i + 0.25 * force[i]!, 10));
  });

  it('is (k̂² + m²) Σφ² on a plane wave of the free field', () => {
    const size = 6;
    const lattice = createLattice(size);
    const momentum = [1, 2] as const;
    const field = Float64Array.from({ length: 36 }, (_, site) =>
      Math.cos((2 * Math.PI * (momentum[0] * Math.floor(site / size) + momentum[1] * (site % size))) / size),
    );
    const khat2 = 4 - 2 * Math.cos((2 * Math.PI) / 6) - 2 * Math.cos((4 * Math.PI) / 6);
    const squares = field.reduce((sum, value) => sum + value * value, 0);
    expect(phi4Action(field, 0, lattice, { mass2: 0.7, coupling: 0 })).toBeCloseTo(
      (khat2 + 0.7) * squares,
      10,
    );
  });

  it('does not change under sign, translation and reflection', () => {
    const size = 5;
    const lattice = createLattice(size);
    const field = randomField(size, 9);
    const action = phi4Action(field, 0, lattice, couplings);
    const moved = (from: (row: number, column: number) => number): number =>
      phi4Action(
        Float64Array.from({ length: 25 }, (_, site) => field[from(Math.floor(site / size), site % size)]!),
        0,
        lattice,
        couplings,
      );
    expect(
      phi4Action(
        field.map((value) => -value),
        0,
        lattice,
        couplings,
      ),
    ).toBeCloseTo(action, 9);
    expect(moved((row, column) => ((row + 2) % size) * size + ((column + 3) % size))).toBeCloseTo(action, 9);
    expect(moved((row, column) => column * size + row)).toBeCloseTo(action, 9);
  });

  it('refuses sizes that are no lattice and couplings without a normalizable density', () => {
    for (const size of [0, -1, 2.5, NaN, 4096]) expect(() => createLattice(size)).toThrow(/task\.size/);
    expect(() => checkCouplings({ mass2: -4, coupling: -1 })).toThrow(/task\.coupling is -1/);
    expect(() => checkCouplings({ mass2: -4, coupling: 0 })).toThrow(RgsweepError);
    expect(() => checkCouplings({ mass2: NaN, coupling: 1 })).toThrow(/task\.mass2/);
    checkCouplings({ mass2: 1, coupling: 0 });
  });
});
