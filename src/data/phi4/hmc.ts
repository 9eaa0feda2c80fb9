import { CounterRandom } from '../../random/philox.js';
import { addForce, phi4Action, type Lattice, type Phi4Couplings } from './action.js';

/** How configurations are made. One trajectory is `leapfrogSteps` steps of one jittered size, then accept or reject. */
export interface HmcSettings {
  /** Mean leapfrog step ε > 0. */
  stepSize: number;
  /** ε is drawn evenly from stepSize · (1 ± jitter) for each trajectory, which keeps a mode from being resonant. */
  stepJitter: number;
  leapfrogSteps: number;
  /** Trajectories thrown away at the start of each chain. */
  thermalization: number;
  /** Trajectories from one kept configuration to the next. */
  spacing: number;
}

/**
 * Settings for a lattice of V sites: a step of 0.09 at 36 sites (93 % acceptance at m² = −4, g = 6.975) shrunk as
 * V^{−1/4}, which keeps the acceptance, at trajectories of length 0.9.
 */
export function defaultHmcSettings(volume: number): HmcSettings {
  const shrink = Math.min(1, (36 / volume) ** 0.25);
  return {
    stepSize: Number((0.09 * shrink).toFixed(4)),
    stepJitter: 0.2,
    leapfrogSteps: Math.round(10 / shrink),
    thermalization: 500,
    spacing: 5,
  };
}

/**
 * Integrates Hamilton's equations φ̇ = p, ṗ = −∂S/∂φ in place by `steps` leapfrog steps (half a kick, drift, …,
 * drift, half a kick): reversible under p → −p and volume-preserving, with an energy error of order stepSize².
 */
export function leapfrog(
  field: Float64Array,
  momenta: Float64Array,
  lattice: Lattice,
  couplings: Phi4Couplings,
  stepSize: number,
  steps: number,
): void {
  const { volume } = lattice;
  addForce(field, lattice, couplings, stepSize / 2, momenta);
  for (let step = 1; step <= steps; step++) {
    for (let site = 0; site < volume; site++) field[site]! += stepSize * momenta[site]!;
    addForce(field, lattice, couplings, step === steps ? stepSize / 2 : stepSize, momenta);
  }
}

/** One Markov chain with e^{−S} as its stationary density. Its future depends only on this object. */
export interface HmcChain {
  readonly lattice: Lattice;
  readonly couplings: Phi4Couplings;
  readonly settings: HmcSettings;
  /** The current configuration. */
  field: Float64Array;
  momenta: Float64Array;
  proposal: Float64Array;
  random: CounterRandom;
  /** S of `field`. */
  action: number;
}

/**
 * A chain at a random start: independent normal numbers of variance 0.2.
 * @param stream what the chain is for, e.g. `hmc/train`; with (seed, index) it addresses the random numbers, so that
 *   two chains share none
 * @param index number of the chain within its stream
 */
export function createChain(
  lattice: Lattice,
  couplings: Phi4Couplings,
  settings: HmcSettings,
  seed: number,
  stream: string,
  index: number,
): HmcChain {
  const random = new CounterRandom(seed, stream, index);
  const field = new Float64Array(lattice.volume);
  for (let site = 0; site < field.length; site++) field[site] = Math.sqrt(0.2) * random.normal();
  return {
    lattice,
    couplings,
    settings,
    field,
    momenta: new Float64Array(lattice.volume),
    proposal: new Float64Array(lattice.volume),
    random,
    action: phi4Action(field, 0, lattice, couplings),
  };
}

/** What one trajectory did. `energyChange` is ΔH = H(end) − H(start), whose ⟨e^{−ΔH}⟩ is 1 in equilibrium. */
export interface Trajectory {
  accepted: boolean;
  energyChange: number;
}

/**
 * Standard normals by Box–Muller on 32-bit uniforms: a third less time for a trajectory than with 53 bits. The tails
 * end at 6.7, which one momentum in 10¹¹ would pass.
 */
function drawMomenta(random: CounterRandom, momenta: Float64Array): void {
  for (let site = 0; site < momenta.length; site += 2) {
    const radius = Math.sqrt(-2 * Math.log((random.uint32() + 0.5) / 0x100000000));
    const turn = (2 * Math.PI * (random.uint32() + 0.5)) / 0x100000000;
    momenta[site] = radius * Math.cos(turn);
    if (site + 1 < momenta.length) momenta[site + 1] = radius * Math.sin(turn);
  }
}

function kineticEnergy(momenta: Float64Array): number {
  let sum = 0;
  for (let site = 0; site < momenta.length; site++) sum += momenta[site]! * momenta[site]!;
  return sum / 2;
}

/**
 * One trajectory of hybrid Monte Carlo (Duane, Kennedy, Pendleton, Roweth, Phys. Lett. B 195 (1987) 216): normal
 * momenta, leapfrog, acceptance with min(1, e^{−ΔH}); then φ → −φ with probability ½, an exact symmetry of S, so that
 * the two signs of the magnetization are always in balance. Changes the chain; `out` is filled and returned.
 */
export function advance(chain: HmcChain, out: Trajectory): Trajectory {
  const { lattice, couplings, settings, momenta, proposal, random } = chain;
  drawMomenta(random, momenta);
  proposal.set(chain.field);
  const before = chain.action + kineticEnergy(momenta);
  const stepSize = settings.stepSize * (1 + settings.stepJitter * (2 * random.uniform() - 1));
  leapfrog(proposal, momenta, lattice, couplings, stepSize, settings.leapfrogSteps);
  const action = phi4Action(proposal, 0, lattice, couplings);
  out.energyChange = action + kineticEnergy(momenta) - before;
  // A trajectory that overflowed has ΔH = NaN or ∞ and fails this comparison.
  out.accepted = random.uniform() < Math.exp(-out.energyChange);
  if (out.accepted) {
    chain.proposal = chain.field;
    chain.field = proposal;
    chain.action = action;
  }
  if (random.uniform() < 0.5) {
    const field = chain.field;
    for (let site = 0; site < field.length; site++) field[site] = -field[site]!;
  }
  return out;
}
