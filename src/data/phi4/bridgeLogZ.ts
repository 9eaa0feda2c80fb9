import type { Phi4Task } from '../../train/protocol.js';
import { checkCouplings } from './action.js';
import { exactSize1 } from './logZ.js';
import type { Estimate } from './observables.js';

/**
 * Values of the kinetic term T = Σ_x Σ_μ (φ(x+μ) − φ(x))² in equilibrium at one κ: one list a chain, chains independent and
 * equally long.
 */
export type MeasureKinetic = (hopping: number, label: string) => Promise<readonly Float64Array[]>;

/** 1/(1 + e^{−x}). */
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * log(Z₁/Z₀) of two densities e^{−S₀}/Z₀ and e^{−S₁}/Z₁ from samples of both, given as u = S₁ − S₀ at each: Bennett's acceptance
 * ratio (J. Comput. Phys. 22 (1976) 245), the estimator of least variance. With as many samples on both sides f = −log(Z₁/Z₀)
 * solves Σ₀ σ(f − u) = Σ₁ σ(u − f).
 *
 * Chains are what is independent: `without[c]` is the value with chain c of both sides left out, to first order.
 */
export function acceptanceRatio(
  first: readonly Float64Array[],
  second: readonly Float64Array[],
): { value: number; without: number[] } {
  // The balance g(f) rises with f; its parts and slopes by chain.
  const at = (f: number) =>
    first.map((from, chain) => {
      let balance = 0;
      let slope = 0;
      for (const u of from) {
        const p = logistic(f - u);
        balance += p;
        slope += p * (1 - p);
      }
      for (const u of second[chain]!) {
        const p = logistic(u - f);
        balance -= p;
        slope += p * (1 - p);
      }
      return { balance, slope };
    });
  const total = (parts: { balance: number; slope: number }[]) =>
    parts.reduce((sum, part) => ({ balance: sum.balance + part.balance, slope: sum.slope + part.slope }));
  const everything = [...first, ...second];
  let low = Math.min(...everything.map((chain) => chain.reduce((least, u) => Math.min(least, u), Infinity)));
  let high = Math.max(...everything.map((chain) => chain.reduce((most, u) => Math.max(most, u), -Infinity)));
  let f = (low + high) / 2;
  // Newton's method, kept between bounds that bisection narrows.
  for (let iteration = 0; iteration < 100; iteration++) {
    const { balance, slope } = total(at(f));
    const change = balance / slope;
    if (Math.abs(change) < 1e-12) break;
    if (balance > 0) high = f;
    else low = f;
    const next = f - change;
    f = next > low && next < high ? next : (low + high) / 2;
  }
  const parts = at(f);
  const { slope } = total(parts);
  return { value: -f, without: parts.map((part) => -(f + part.balance / (slope - part.slope))) };
}

/** Steps of κ from 0 to 1: neighbours overlap when κ changes by about the inverse spread of T, which grows as √V. */
export function bridgeStages(volume: number): number {
  return Math.max(4, 2 * Math.ceil(Math.sqrt(volume)));
}

/**
 * log Z of a φ⁴ lattice by reweighting from sites on their own, where Z is the V-th power of a one-dimensional integral:
 * the kinetic term is switched on in `stages` equal steps, S_κ = Σ_x [m²φ² + gφ⁴] + κT, and each step is Bennett's acceptance
 * ratio. Shares neither the solvable end, nor the path, nor the estimator with thermodynamic integration, and has no
 * quadrature. The error is the jackknife over chains.
 * @throws RgsweepError('bad-configuration') when sites on their own cannot be normalized
 */
export async function bridgeLogZ(
  task: Phi4Task,
  measure: MeasureKinetic,
  stages = bridgeStages(task.size ** 2),
): Promise<Estimate> {
  checkCouplings(task);
  let value = task.size ** 2 * exactSize1(task).logZ;
  let without: number[] = [];
  let last = await measure(0, 'sites/0');
  for (let stage = 1; stage <= stages; stage++) {
    const next = await measure(stage / stages, `sites/${stage}`);
    const scaled = (chains: readonly Float64Array[]) => chains.map((chain) => chain.map((t) => t / stages));
    const step = acceptanceRatio(scaled(last), scaled(next));
    value += step.value;
    without = step.without.map((one, chain) => (without[chain] ?? 0) + one);
    last = next;
  }
  const chains = without.length;
  const mean = without.reduce((sum, one) => sum + one, 0) / chains;
  const squares = without.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return { value, error: Math.sqrt((squares * (chains - 1)) / chains) };
}
