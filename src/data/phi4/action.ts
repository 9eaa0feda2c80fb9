import { RgsweepError } from '../../errors.js';

/** Parameters of the action of `phi4Action`. */
export interface Phi4Couplings {
  /** m² in lattice units; negative below the mean-field transition. */
  mass2: number;
  /** g ≥ 0, the factor of φ⁴ (without 1/4!). */
  coupling: number;
  /** κ ≥ 0, the factor of the kinetic term; 1 when absent, which is the theory. At 0 the sites know nothing of each other. */
  hopping?: number;
}

/** What a site needs to see its surroundings on a periodic size × size square lattice. */
export interface Lattice {
  size: number;
  /** V = size². */
  volume: number;
  /** Four site numbers for each site: below, above, right, left. On size 1 they are the site itself, on size 2 pairwise equal. */
  neighbours: Int32Array;
}

/**
 * Neighbour table of a periodic size × size lattice, sites numbered row by row.
 * @throws RgsweepError('bad-configuration') when `size` is not a whole number from 1 to 1024
 */
export function createLattice(size: number): Lattice {
  if (!Number.isInteger(size) || size < 1 || size > 1024)
    throw new RgsweepError(
      'bad-configuration',
      `task.size is ${size}; a lattice has a whole number of sites a side, from 1 to 1024`,
    );
  const volume = size * size;
  const neighbours = new Int32Array(4 * volume);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const site = row * size + column;
      neighbours[4 * site] = ((row + 1) % size) * size + column;
      neighbours[4 * site + 1] = ((row + size - 1) % size) * size + column;
      neighbours[4 * site + 2] = row * size + ((column + 1) % size);
      neighbours[4 * site + 3] = row * size + ((column + size - 1) % size);
    }
  return { size, volume, neighbours };
}

/**
 * The action of two-dimensional lattice φ⁴ theory,
 *
 *   S(φ) = Σ_x [ m²φ(x)² + g φ(x)⁴ + κ Σ_μ (φ(x+μ) − φ(x))² ],  κ = 1,
 *
 * without factors ½ or 1/4! (Gerdes et al., arXiv 2207.00283), so that the free propagator is
 * G(k) = 1/(2(k̂² + m²)). The density is e^{−S}/Z. Other κ are way stations to sites on their own, κ = 0.
 * @param fields configurations one after the other, `lattice.volume` numbers each
 * @param offset index of the first site of the configuration
 */
export function phi4Action(
  fields: Float64Array | Float32Array,
  offset: number,
  lattice: Lattice,
  { mass2, coupling, hopping = 1 }: Phi4Couplings,
): number {
  const { volume, neighbours } = lattice;
  let action = 0;
  for (let site = 0; site < volume; site++) {
    const value = fields[offset + site]!;
    const square = value * value;
    const below = fields[offset + neighbours[4 * site]!]! - value;
    const right = fields[offset + neighbours[4 * site + 2]!]! - value;
    action += mass2 * square + coupling * square * square + hopping * (below * below + right * right);
  }
  return action;
}

/**
 * Moves momenta along the force F = −∂S/∂φ for a time `duration`: p ← p + duration · F(φ), with
 *
 *   ∂S/∂φ(x) = 2 m² φ(x) + 4 g φ(x)³ + 2 κ Σ_μ [ 2φ(x) − φ(x+μ) − φ(x−μ) ].
 *
 * With zero momenta and duration 1 it is the force itself. Both arrays hold one configuration.
 */
export function addForce(
  field: Float64Array,
  lattice: Lattice,
  { mass2, coupling, hopping = 1 }: Phi4Couplings,
  duration: number,
  momenta: Float64Array,
): void {
  const { volume, neighbours } = lattice;
  const linear = -2 * duration * (mass2 + 4 * hopping);
  const cubic = -4 * duration * coupling;
  const across = 2 * duration * hopping;
  for (let site = 0, entry = 0; site < volume; site++, entry += 4) {
    const value = field[site]!;
    const around =
      field[neighbours[entry]!]! +
      field[neighbours[entry + 1]!]! +
      field[neighbours[entry + 2]!]! +
      field[neighbours[entry + 3]!]!;
    momenta[site]! += value * (linear + cubic * value * value) + across * around;
  }
}

/** Σ_x Σ_μ (φ(x+μ) − φ(x))² of one configuration: what κ multiplies. */
export function kineticTerm(field: Float64Array, lattice: Lattice): number {
  return phi4Action(field, 0, lattice, { mass2: 0, coupling: 0 });
}

/** Checks that e^{−S} can be normalized: g > 0, or g = 0 and m² > 0. Throws RgsweepError('bad-configuration') else. */
export function checkCouplings({ mass2, coupling }: Phi4Couplings): void {
  if (!Number.isFinite(mass2))
    throw new RgsweepError('bad-configuration', `task.mass2 is ${mass2}; it must be a finite number`);
  if (!Number.isFinite(coupling) || coupling < 0)
    throw new RgsweepError(
      'bad-configuration',
      `task.coupling is ${coupling}; it must be finite and at least 0`,
    );
  if (coupling === 0 && mass2 <= 0)
    throw new RgsweepError(
      'bad-configuration',
      `task.mass2 is ${mass2} with task.coupling 0: the free field cannot be normalized`,
      { remedy: 'give a positive coupling, or a positive mass2 for the free field' },
    );
}
