import type { Phi4Task } from '../../train/protocol.js';
import { checkCouplings, createLattice, phi4Action, type Phi4Couplings } from './action.js';

/** A value of log Z = log ∫ Πdφ e^{−S} with its standard error and where it comes from. */
export interface KnownLogZ {
  value: number;
  error: number;
  source: string;
}

/** Lattices of the sweeps that come with the project, all at m² = −4. */
const measured: readonly (KnownLogZ & Pick<Phi4Task, 'size' | 'coupling'>)[] = [
  {
    size: 6,
    coupling: 6.975,
    value: 6.9843,
    error: 0.0008,
    source: 'two independent thermodynamic integrations, 8 million HMC measurements',
  },
  {
    size: 6,
    coupling: 5.276,
    value: 11.1341,
    error: 0.0022,
    source:
      'rgsweep data logz phi4 --coupling 5.276, --trajectories 60000 --seed 1: 11.1314(40), 150000 --seed 2: 11.1352(26)',
  },
  {
    size: 8,
    coupling: 6.008,
    value: 15.9862,
    error: 0.0024,
    source:
      'rgsweep data logz phi4 --size 8 --coupling 6.008, --trajectories 60000 --seed 1: 15.9893(46), 150000 --seed 2: 15.9850(28)',
  },
];

/**
 * log Z of a task where it is known: measured for the lattices of the sweeps that come with the project, exact for sizes 1
 * and 2 and for the free field. Undefined elsewhere: `rgsweep data logz` estimates it.
 */
export function knownLogZ(task: Phi4Task): KnownLogZ | undefined {
  const { size, mass2, coupling } = task;
  const found = measured.find((one) => one.size === size && one.coupling === coupling && mass2 === -4);
  if (found) return { value: found.value, error: found.error, source: found.source };
  checkCouplings(task);
  if (coupling === 0)
    return { value: freeFieldLogZ(size, mass2), error: 0, source: 'free field, closed form' };
  if (size === 1) return { value: exactSize1(task).logZ, error: 0, source: 'quadrature' };
  if (size === 2) return { value: exactSize2(task).logZ, error: 0, source: 'quadrature' };
  return undefined;
}

/** log Z = ½ Σ_k log(π/(k̂² + m²)) of the free field (g = 0, m² > 0): S is Σ_k (k̂² + m²)|φ̃_k|² in an orthonormal real basis. */
export function freeFieldLogZ(size: number, mass2: number): number {
  let sum = 0;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const khat2 =
        4 - 2 * Math.cos((2 * Math.PI * row) / size) - 2 * Math.cos((2 * Math.PI * column) / size);
      sum += Math.log(Math.PI / (khat2 + mass2));
    }
  return sum / 2;
}

/**
 * A range ±φ_max beyond which e^{−V(φ)} < e^{−60} of its maximum, V(φ) = m²φ² + gφ⁴ the potential of one site. Kinetic
 * terms only shrink the tails further.
 */
function quadratureRange({ mass2, coupling }: Phi4Couplings): number {
  const potential = (x: number): number => mass2 * x * x + coupling * x ** 4;
  const lowest = mass2 < 0 && coupling > 0 ? -(mass2 * mass2) / (4 * coupling) : 0;
  let range = 1;
  while (potential(range) - lowest < 60) range *= 1.1;
  return range;
}

/**
 * One site, exactly (the kinetic term vanishes): log Z, ⟨φ²⟩ and ⟨φ⁴⟩ of the density e^{−(m²φ² + gφ⁴)}/Z. Trapezoidal
 * rule, which converges faster than any power for such integrands.
 */
export function exactSize1(
  couplings: Phi4Couplings,
  points = 2001,
): { logZ: number; phi2: number; phi4: number } {
  checkCouplings(couplings);
  const range = quadratureRange(couplings);
  const spacing = (2 * range) / (points - 1);
  let z = 0;
  let second = 0;
  let fourth = 0;
  for (let i = 0; i < points; i++) {
    const x = -range + i * spacing;
    const weight = Math.exp(-couplings.mass2 * x * x - couplings.coupling * x ** 4);
    z += weight;
    second += weight * x ** 2;
    fourth += weight * x ** 4;
  }
  return { logZ: Math.log(z * spacing), phi2: second / z, phi4: fourth / z };
}

/**
 * The 2 × 2 lattice, exactly. Its sites form a ring a–b–d–c whose every link is counted twice (both ways around the
 * torus), so with w(φ) = e^{−(m²φ² + gφ⁴)} and K(φ, φ′) = e^{−2(φ − φ′)²}
 *
 *   Z = ∫ da dd w(a) w(d) T(a, d)²,  T(a, d) = ∫ db w(b) K(a, b) K(b, d).
 *
 * Returns log Z, ⟨φ²⟩, ⟨φ⁴⟩, the correlations of nearest (`nearest`) and diagonal (`diagonal`) neighbours, and ⟨M²⟩.
 */
export function exactSize2(
  couplings: Phi4Couplings,
  points = 161,
): { logZ: number; phi2: number; phi4: number; nearest: number; diagonal: number; M2: number } {
  checkCouplings(couplings);
  const lattice = createLattice(1);
  const range = quadratureRange(couplings);
  const spacing = (2 * range) / (points - 1);
  const x = Float64Array.from({ length: points }, (_, i) => -range + i * spacing);
  const weight = x.map((_, i) => Math.exp(-phi4Action(x, i, lattice, couplings)));
  const link = new Float64Array(points * points);
  for (let i = 0; i < points; i++)
    for (let j = 0; j < points; j++) link[i * points + j] = Math.exp(-2 * (x[i]! - x[j]!) ** 2);
  let z = 0;
  let second = 0;
  let fourth = 0;
  let nearest = 0;
  let diagonal = 0;
  for (let i = 0; i < points; i++)
    for (let j = 0; j < points; j++) {
      let transfer = 0;
      let moment = 0;
      for (let b = 0; b < points; b++) {
        const term = weight[b]! * link[i * points + b]! * link[j * points + b]!;
        transfer += term;
        moment += term * x[b]!;
      }
      const joint = weight[i]! * weight[j]! * transfer;
      z += joint * transfer;
      second += joint * transfer * x[i]! ** 2;
      fourth += joint * transfer * x[i]! ** 4;
      nearest += joint * moment * x[i]!;
      diagonal += joint * transfer * x[i]! * x[j]!;
    }
  const phi2 = second / z;
  return {
    logZ: Math.log(z) + 4 * Math.log(spacing),
    phi2,
    phi4: fourth / z,
    nearest: nearest / z,
    diagonal: diagonal / z,
    M2: (phi2 + 2 * (nearest / z) + diagonal / z) / 4,
  };
}
