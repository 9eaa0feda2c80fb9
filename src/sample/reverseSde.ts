import type { ResidualModel } from '../model/residual.js';
import { fillNormals } from '../random/normals.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { effectiveNumber, resample, type GivenComponents, givenPath } from './given.js';
import { marginalsAt, stepTimes, type Marginals } from './marginals.js';

/** Methods that draw noise on the way from prior to data, one call of the network a step. */
export const stochasticMethods = ['ancestral', 'euler'] as const;
export type StochasticMethod = (typeof stochasticMethods)[number];

export interface ReverseSdeInput {
  process: DiffusionProcess;
  model: ResidualModel;
  /** χ(1), [N, D]. */
  start: Float64Array;
  steps: number;
  method: StochasticMethod;
  /** Writes the standard normals of one step, [N, D]. */
  noise: (step: number, out: Float32Array) => void;
  /** Components that are known: generation is conditioned on them. Only `ancestral` looks at them. */
  given?: GivenComponents;
  /** Called at every time, the first and the last included. */
  onStep?: (t: number, chi: Float64Array) => void;
}

export interface ReverseSdeResult {
  /** χ(0), [N, D]. */
  chi: Float64Array;
  functionEvaluations: number;
  /** The largest γ_i(t) − γ_i(s) of one step; `euler` is stable below 2. */
  largestStep: number;
  /** With `given`: the smallest effective number of different rows, as a part of all, that a step's weights left. */
  smallestEffectiveShare: number;
}

/** Below this a step of γ keeps Euler's factor 1 − Δγ, that of a component without data, inside (−1, 1). */
export const eulerStabilityBound = 2;

/**
 * Integrates the reverse SDE dχ_i = −β_i(½χ_i + s_i) dt + √β_i dw̄, s_i = −ε̂_i/σ_i, from t = 1 to 0 at equal steps of the
 * mean noise angle. From t to s < t, per component, with r = α_t/α_s, σ²_{t|s} = 1 − r² and z ~ N(0, 1):
 *
 * - `ancestral`: χ_s = (χ_t − σ²_{t|s} ε̂/σ_t)/r + √(v_s(1 − ρ²)) z, ρ² = r² v_s/v_t. The mean is DDPM's; the variance is
 *   that of Gaussian data's reverse transition, DDPM's σ²_{t|s}σ_s²/σ_t² plus what is unknown of the data (the optimal
 *   variance of Bao et al., 2201.06503, for such data). Exact in any number of steps where the Gaussian score is; weak
 *   order 1 in the residual.
 * - `euler` (Euler and Maruyama, in each component's own γ): χ_s = χ_t + Δγ σ_t²(½χ_t − ε̂/σ_t) + σ_t√Δγ z,
 *   Δγ = γ_t − γ_s, since β dt = σ² dγ. Weak order 1, stable while Δγ < 2.
 */
export async function reverseSde(input: ReverseSdeInput): Promise<ReverseSdeResult> {
  const { process, model, start, steps, method, noise, given, onStep } = input;
  const { dimension } = process;
  const count = start.length / dimension;
  const times = stepTimes(process, steps);
  const path = given && givenPath(process, given, times);
  const normals = new Float32Array(start.length);
  let chi: Float64Array = Float64Array.from(start);
  let from = marginalsAt(process, 1);
  let largestStep = 0;
  let smallestEffectiveShare = 1;
  if (path) path.write(0, chi);
  onStep?.(1, chi);
  for (let step = 0; step < steps; step++) {
    const to = marginalsAt(process, times[step + 1]!);
    const residual = await model.residual(
      chi.map((value, n) => value / from.deviation[n % dimension]!),
      new Float64Array(count).fill(from.t),
    );
    noise(step, normals);
    for (let i = 0; i < dimension; i++) largestStep = Math.max(largestStep, from.gamma[i]! - to.gamma[i]!);
    if (method === 'euler') chi = eulerStep(chi, residual, normals, from, to);
    else {
      let mean = ancestralMean(process, chi, residual, from, to);
      const deviation = ancestralDeviation(process, from, to);
      if (path) {
        const weights = path.weights(step + 1, mean, deviation);
        smallestEffectiveShare = Math.min(smallestEffectiveShare, effectiveNumber(weights) / count);
        mean = resample(mean, weights, dimension, given.seed, step);
      }
      chi = mean.map((value, n) => value + deviation[n % dimension]! * normals[n]!);
      path?.write(step + 1, chi);
    }
    onStep?.(to.t, chi);
    from = to;
  }
  return { chi, functionEvaluations: steps, largestStep, smallestEffectiveShare };
}

/** ε̂ = g + σu/√v, u = χ/√v: what the model takes the noise to be. */
function predictedNoise(g: number, chi: number, sigma: number, deviation: number): number {
  return g + (sigma * chi) / deviation ** 2;
}

/** 1 − (α_t/α_s)² without cancellation. */
function addedVariance(from: Marginals, to: Marginals, i: number): number {
  return -(from.sigma[i]! ** 2) * Math.expm1(to.gamma[i]! - from.gamma[i]!);
}

function ancestralMean(
  process: DiffusionProcess,
  chi: Float64Array,
  residual: Float64Array,
  from: Marginals,
  to: Marginals,
): Float64Array {
  const { dimension } = process;
  return chi.map((value, n) => {
    const i = n % dimension;
    const noise = predictedNoise(residual[n]!, value, from.sigma[i]!, from.deviation[i]!);
    const ratio = from.alpha[i]! / to.alpha[i]!;
    return (value - (addedVariance(from, to, i) / from.sigma[i]!) * noise) / ratio;
  });
}

/** √(v_s σ²_{t|s}/v_t): 1 − ρ² = σ²_{t|s}/v_t. */
function ancestralDeviation(process: DiffusionProcess, from: Marginals, to: Marginals): Float64Array {
  return process.scale.map(
    (_, i) => (to.deviation[i]! / from.deviation[i]!) * Math.sqrt(Math.max(0, addedVariance(from, to, i))),
  );
}

function eulerStep(
  chi: Float64Array,
  residual: Float64Array,
  normals: Float32Array,
  from: Marginals,
  to: Marginals,
): Float64Array {
  const dimension = from.gamma.length;
  return chi.map((value, n) => {
    const i = n % dimension;
    const sigma = from.sigma[i]!;
    const change = from.gamma[i]! - to.gamma[i]!;
    const noise = predictedNoise(residual[n]!, value, sigma, from.deviation[i]!);
    return value + change * sigma * (0.5 * sigma * value - noise) + sigma * Math.sqrt(change) * normals[n]!;
  });
}

/** The standard normals of a reverse process, addressed by seed and step. */
export function reverseNoise(seed: number): ReverseSdeInput['noise'] {
  return (step, out) => fillNormals(out, seed, 'reverse-sde', step);
}
