import type { TimeImportance } from '../model/timeImportance.js';
import type { CounterRandom } from '../random/philox.js';
import type { TimeSampling, Weighting } from './parameters.js';

/**
 * The weight w_i(t) of (ε_i − ε̂_i)² in the loss. With the data's signal-to-noise ratio SNR_i = Σ_i e^{−γ_i} = cot²θ_i:
 *
 * - `elbo`: ½γ_i′, the variational bound itself (up to constants).
 * - `uniform`: 1.
 * - `min-snr`: min(SNR, 5)/SNR (Hang et al. 2023, arXiv 2303.09556, with their γ = 5).
 * - `sigmoid`: sigmoid(2 − log SNR)·½γ_i′ (Kingma and Gao 2023, arXiv 2303.00848, with bias 2).
 * - `truncated`: max(SNR, 1)/SNR (Salimans and Ho 2022, arXiv 2202.00512, equation 9, in terms of ε), at most 1000.
 * @param inverseSnr tan²θ_i
 * @param gammaDerivative γ_i′
 */
export function lossWeight(weighting: Weighting, inverseSnr: number, gammaDerivative: number): number {
  switch (weighting) {
    case 'elbo':
      return 0.5 * gammaDerivative;
    case 'uniform':
      return 1;
    case 'min-snr':
      return Math.min(1, 5 * inverseSnr);
    case 'sigmoid':
      // sigmoid(2 − log SNR) = 1/(1 + e^{−2} SNR)
      return (0.5 * gammaDerivative) / (1 + Math.exp(-2) / inverseSnr);
    case 'truncated':
      // Beyond the cap the target is pure noise; without it one sample at θ ≈ π/2 outweighs its batch.
      return Math.min(1e3, Math.max(1, inverseSnr));
  }
}

/** Times of one batch with the factors 1/p(t) that keep the loss's expectation unchanged. */
export interface BatchTimes {
  time: Float64Array;
  factor: Float64Array;
}

/**
 * Draws times in [0, 1).
 *
 * - `uniform`: independent and uniform.
 * - `stratified`: one uniform time in each of `count` equal intervals.
 * - `importance`: stratified under the density of src/model/timeImportance.ts: more where the noise levels move.
 */
export function drawTimes(
  sampling: TimeSampling,
  count: number,
  random: CounterRandom,
  importance: TimeImportance | undefined,
): BatchTimes {
  const time = new Float64Array(count);
  const factor = new Float64Array(count).fill(1);
  for (let b = 0; b < count; b++) {
    const u = random.uniform();
    time[b] = sampling === 'uniform' ? u : (b + u) / count;
    if (sampling === 'importance' && importance) [time[b], factor[b]] = importance(time[b]!);
  }
  return { time, factor };
}
