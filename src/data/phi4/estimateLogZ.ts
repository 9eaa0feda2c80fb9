import { RgsweepError } from '../../errors.js';
import type { Phi4Task } from '../../train/protocol.js';
import { createBreather } from '../breathe.js';
import { checkCouplings, createLattice, kineticTerm, type Phi4Couplings } from './action.js';
import { bridgeLogZ, bridgeStages, type MeasureKinetic } from './bridgeLogZ.js';
import { advance, createChain, defaultHmcSettings } from './hmc.js';
import { freeFieldLogZ } from './logZ.js';
import type { Estimate } from './observables.js';

/** ⟨Σ_x φ²⟩ and ⟨Σ_x φ⁴⟩ of several independent runs at the same couplings; their spread is the error. */
export interface Moments {
  phi2: readonly number[];
  phi4: readonly number[];
}

/** Measures at given couplings; `label` is different for every call and addresses the random numbers. */
export type MeasureMoments = (couplings: Phi4Couplings, label: string) => Promise<Moments>;

/**
 * Nodes and weights of Gauss–Legendre quadrature on [0, 1], exact for polynomials below degree 2n: roots of P_n by
 * Newton's method.
 */
export function gaussLegendre(n: number): { node: number; weight: number }[] {
  return Array.from({ length: n }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 50; iteration++) {
      let last = 1;
      let value = x;
      for (let degree = 2; degree <= n; degree++)
        [last, value] = [value, ((2 * degree - 1) * x * value - (degree - 1) * last) / degree];
      slope = (n * (x * value - last)) / (x * x - 1);
      const change = value / slope;
      x -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    return { node: (1 - x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
}

/**
 * m² of the free field nearest to a φ⁴ theory: the self-consistent (Hartree) mass M² = m² + 6 g G(0), with
 * G(0) = (1/V) Σ_k 1/(2(k̂² + M²)). Always positive; a good end of a path need not be exact.
 */
export function hartreeMass({ size, mass2, coupling }: Phi4Task): number {
  const excess = (mass: number): number => {
    let propagator = 0;
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++) {
        const khat2 =
          4 - 2 * Math.cos((2 * Math.PI * row) / size) - 2 * Math.cos((2 * Math.PI * column) / size);
        propagator += 1 / (2 * (khat2 + mass)) / (size * size);
      }
    return mass - mass2 - 6 * coupling * propagator;
  };
  let low = 1e-3;
  let high = 1;
  while (excess(high) < 0) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (excess(middle) < 0) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * log Z(end) − log Z(start) along the straight line in (m², g), by d log Z = −⟨Σφ²⟩ dm² − ⟨Σφ⁴⟩ dg and Gauss–Legendre
 * quadrature of `nodes` points.
 */
async function integrateLine(
  start: Phi4Couplings,
  end: Phi4Couplings,
  nodes: number,
  name: string,
  measure: MeasureMoments,
): Promise<Estimate> {
  const massChange = end.mass2 - start.mass2;
  const couplingChange = end.coupling - start.coupling;
  let value = 0;
  let variance = 0;
  for (const [index, { node, weight }] of gaussLegendre(nodes).entries()) {
    const { phi2, phi4 } = await measure(
      { mass2: start.mass2 + node * massChange, coupling: start.coupling + node * couplingChange },
      `${name}/${index}`,
    );
    const slopes = phi2.map((square, run) => -massChange * square - couplingChange * phi4[run]!);
    const runs = slopes.length;
    const mean = slopes.reduce((sum, slope) => sum + slope, 0) / runs;
    value += weight * mean;
    if (runs > 1)
      variance +=
        (weight ** 2 * slopes.reduce((sum, slope) => sum + (slope - mean) ** 2, 0)) / (runs * (runs - 1));
  }
  return { value, error: Math.sqrt(variance) };
}

/** Estimates of one number by several routes, and together. */
export interface Combined<Route extends string> extends Estimate {
  /** Largest distance of two routes in standard errors of their difference; above 4 something is wrong. */
  deviation: number;
  routes: Record<Route, Estimate>;
}

/** The mean weighted by inverse variances; routes without an error, where there are any, speak alone. */
export function combineRoutes<Route extends string>(routes: Record<Route, Estimate>): Combined<Route> {
  const all = Object.values<Estimate>(routes);
  const exact = all.filter(({ error }) => error === 0);
  const used = exact.length > 0 ? exact.map((one) => ({ ...one, error: 1 })) : all;
  const weight = used.reduce((sum, { error }) => sum + error ** -2, 0);
  let deviation = 0;
  for (const [index, one] of all.entries())
    for (const other of all.slice(index + 1)) {
      const spread = Math.hypot(one.error, other.error);
      if (spread > 0) deviation = Math.max(deviation, Math.abs(one.value - other.value) / spread);
    }
  return {
    value: used.reduce((sum, { value, error }) => sum + value * error ** -2, 0) / weight,
    error: exact.length > 0 ? 0 : Math.sqrt(1 / weight),
    deviation,
    routes,
  };
}

/**
 * log Z of a φ⁴ lattice by thermodynamic integration from the free field of mass M² (Hartree), whose log Z is known in
 * closed form, along two routes with separate random numbers:
 *
 *   straight: (M², 0) → (m², g) in one line;
 *   corner: (M², 0) → (M², g), where d log Z/dg = −⟨Σφ⁴⟩, then → (m², g), where d log Z/dm² = −⟨Σφ²⟩.
 *
 * Both have random numbers of their own; the result is their mean weighted by inverse variances. Errors are statistical; that of the quadrature falls exponentially with `nodes` and shows as a deviation of the routes.
 * @throws RgsweepError('bad-configuration') when the density cannot be normalized
 */
export async function integrateLogZ(
  task: Phi4Task,
  measure: MeasureMoments,
  nodes = 10,
): Promise<Combined<'straight' | 'corner'>> {
  checkCouplings(task);
  const freeMass2 = hartreeMass(task);
  const start = { mass2: freeMass2, coupling: 0 };
  const corner = { mass2: freeMass2, coupling: task.coupling };
  const known = freeFieldLogZ(task.size, freeMass2);
  const line = await integrateLine(start, task, nodes, 'straight', measure);
  const up = await integrateLine(start, corner, nodes, 'corner/coupling', measure);
  const across = await integrateLine(corner, task, nodes, 'corner/mass', measure);
  const straight = { value: known + line.value, error: line.error };
  const bent = { value: known + up.value + across.value, error: Math.hypot(up.error, across.error) };
  return combineRoutes({ straight, corner: bent });
}

export interface EstimateLogZInput {
  task: Phi4Task;
  /** Trajectories measured at each of the points, over all chains. */
  trajectories?: number;
  nodes?: number;
  seed?: number;
  /** Part of the work done, 0 to 1. */
  onProgress?: (fraction: number) => void;
  signal?: AbortSignal;
}

const chainsPerPoint = 32;
const thermalization = 200;

export type LogZRoute = 'straight' | 'corner' | 'sites';

/**
 * log Z of a φ⁴ lattice by hybrid Monte Carlo, 32 independent chains at each point, every trajectory measured: thermodynamic
 * integration from the free field along two routes (`straight`, `corner`: `integrateLogZ`) and reweighting from sites on
 * their own (`sites`: `bridgeLogZ`).
 * At the defaults (20,000 trajectories at each of 43 points) 6 × 6 sites take some fifteen seconds for an error of 0.005.
 * @throws RgsweepError: 'cancelled' by the signal, 'bad-configuration' for a task that cannot be sampled
 */
export async function estimateLogZ({
  task,
  trajectories = 20_000,
  nodes = 10,
  seed = 1,
  onProgress,
  signal,
}: EstimateLogZInput): Promise<Combined<LogZRoute>> {
  const lattice = createLattice(task.size);
  checkCouplings(task);
  const settings = defaultHmcSettings(lattice.volume);
  const perChain = Math.max(1, Math.ceil(trajectories / chainsPerPoint));
  const points = 3 * nodes + bridgeStages(lattice.volume) + 1;
  const total = points * chainsPerPoint * (perChain + thermalization);
  let done = 0;
  const { due, breathe } = createBreather('the estimate of log Z', signal, () => onProgress?.(done / total));

  /** Runs the chains of one point; `visit` sees every configuration, by chain and number. */
  const sample = async (
    couplings: Phi4Couplings,
    label: string,
    visit: (field: Float64Array, chain: number, step: number) => void,
  ) => {
    const outcome = { accepted: false, energyChange: 0 };
    let accepted = 0;
    for (let index = 0; index < chainsPerPoint; index++) {
      const chain = createChain(lattice, couplings, settings, seed, `logz/${label}`, index);
      for (let step = -thermalization; step < perChain; step++) {
        advance(chain, outcome);
        done++;
        if (due()) await breathe();
        if (step < 0) continue;
        if (outcome.accepted) accepted++;
        visit(chain.field, index, step);
      }
    }
    if (accepted < 0.3 * chainsPerPoint * perChain)
      throw new RgsweepError(
        'bad-configuration',
        `hybrid Monte Carlo accepts only ${((100 * accepted) / (chainsPerPoint * perChain)).toFixed(1)} % of its trajectories at mass2 ${couplings.mass2}, coupling ${couplings.coupling}; at least 30 % are needed`,
        { remedy: 'log Z of such strong couplings cannot be estimated here' },
      );
  };

  const moments: MeasureMoments = async (couplings, label) => {
    const phi2 = new Array<number>(chainsPerPoint).fill(0);
    const phi4 = new Array<number>(chainsPerPoint).fill(0);
    await sample(couplings, label, (field, chain) => {
      let second = 0;
      let fourth = 0;
      for (const value of field) {
        const square = value * value;
        second += square;
        fourth += square * square;
      }
      phi2[chain]! += second / perChain;
      phi4[chain]! += fourth / perChain;
    });
    return { phi2, phi4 };
  };
  const kinetic: MeasureKinetic = async (hopping, label) => {
    const values = Array.from({ length: chainsPerPoint }, () => new Float64Array(perChain));
    await sample({ ...couplingsOf(task), hopping }, label, (field, chain, step) => {
      values[chain]![step] = kineticTerm(field, lattice);
    });
    return values;
  };
  const { routes } = await integrateLogZ(task, moments, nodes);
  const estimate = combineRoutes({ ...routes, sites: await bridgeLogZ(task, kinetic) });
  onProgress?.(1);
  return estimate;
}

const couplingsOf = ({ mass2, coupling }: Phi4Task): Phi4Couplings => ({ mass2, coupling });
