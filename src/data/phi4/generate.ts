import { RgsweepError } from '../../errors.js';
import { createBreather } from '../breathe.js';
import { createLattice, checkCouplings, type Phi4Couplings } from './action.js';
import { autocorrelationTime } from './autocorrelation.js';
import { advance, createChain, type HmcSettings, type Trajectory } from './hmc.js';
import type { Estimate } from './observables.js';

export interface GenerateInput extends Phi4Couplings {
  size: number;
  /** Configurations to keep, divided as evenly as possible over the chains. */
  count: number;
  chains: number;
  settings: HmcSettings;
  seed: number;
  /** Names the random numbers: sets of different streams share no chain. */
  stream: string;
  /** Called now and then with the number of configurations kept so far. */
  onProgress?: (kept: number) => void;
  signal?: AbortSignal;
}

/** How well the chains did, thermalization left out. */
export interface HmcSummary {
  chains: number;
  trajectories: number;
  acceptance: number;
  /** ⟨e^{−ΔH}⟩, 1 in equilibrium; its error is from the spread between chains (within the chain when there is one). */
  expMinusEnergyChange: Estimate;
  /** τ_int = ½ + Σ_{t≥1} ρ(t) in trajectories, of |M| and of the mean of φ². */
  autocorrelation: { absM: number; phi2: number };
}

/**
 * Draws configurations of e^{−S}/Z by independent hybrid Monte Carlo chains, one after the other; the same input gives
 * the same numbers. Gives the event loop a turn every 25 ms.
 * @returns `samples`: count × size² numbers, chain after chain, within a chain in Markov time
 * @throws RgsweepError('bad-configuration') when fewer than 30 % of the trajectories are accepted,
 *   RgsweepError('cancelled') when the signal fires
 */
export async function generateConfigurations({
  size,
  mass2,
  coupling,
  count,
  chains,
  settings,
  seed,
  stream,
  onProgress,
  signal,
}: GenerateInput): Promise<{ samples: Float32Array; summary: HmcSummary }> {
  checkCouplings({ mass2, coupling });
  const lattice = createLattice(size);
  const { volume } = lattice;
  const samples = new Float32Array(count * volume);
  const outcome: Trajectory = { accepted: false, energyChange: 0 };
  const absM: Float64Array[] = [];
  const phi2: Float64Array[] = [];
  const chainMeans: number[] = [];
  let squaredExponentials = 0;
  let accepted = 0;
  let trajectories = 0;
  let kept = 0;
  const { due, breathe } = createBreather('making the data set', signal, () => onProgress?.(kept));
  await breathe();

  for (let index = 0; index < chains; index++) {
    const length = Math.floor(((index + 1) * count) / chains) - Math.floor((index * count) / chains);
    const chain = createChain(lattice, { mass2, coupling }, settings, seed, stream, index);
    for (let i = 0; i < settings.thermalization; i++) {
      advance(chain, outcome);
      if (due()) await breathe();
    }
    const steps = length * settings.spacing;
    const magnetizations = new Float64Array(steps);
    const squares = new Float64Array(steps);
    let exponentials = 0;
    for (let step = 0; step < steps; step++) {
      advance(chain, outcome);
      if (outcome.accepted) accepted++;
      const exponential = Math.exp(-outcome.energyChange);
      exponentials += exponential;
      squaredExponentials += exponential * exponential;
      let sum = 0;
      let square = 0;
      for (const value of chain.field) {
        sum += value;
        square += value * value;
      }
      magnetizations[step] = Math.abs(sum) / volume;
      squares[step] = square / volume;
      if ((step + 1) % settings.spacing === 0) {
        samples.set(chain.field, kept * volume);
        kept++;
      }
      if (due()) await breathe();
    }
    if (steps === 0) continue;
    trajectories += steps;
    chainMeans.push(exponentials / steps);
    absM.push(magnetizations);
    phi2.push(squares);
  }
  onProgress?.(kept);

  const acceptance = accepted / Math.max(1, trajectories);
  if (trajectories >= 100 && acceptance < 0.3)
    throw new RgsweepError(
      'bad-configuration',
      `hybrid Monte Carlo accepts only ${(100 * acceptance).toFixed(1)} % of its trajectories at step size ${settings.stepSize} (size ${size}, mass2 ${mass2}, coupling ${coupling}); at least 30 % are needed`,
      { remedy: 'give the data recipe a smaller step size' },
    );
  return {
    samples,
    summary: {
      chains,
      trajectories,
      acceptance,
      expMinusEnergyChange: meanOfChains(chainMeans, squaredExponentials / trajectories, trajectories),
      autocorrelation: { absM: autocorrelationTime(absM), phi2: autocorrelationTime(phi2) },
    },
  };
}

function meanOfChains(values: readonly number[], meanSquare: number, trajectories: number): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1)
    return { value: mean, error: Math.sqrt((meanSquare - mean * mean) / trajectories) };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { value: mean, error: Math.sqrt(variance / values.length) };
}
