import { createNoiseLevels, emptyNoiseLevels, timeAtAngle } from '../model/noiseLevels.js';
import type { DiffusionProcess } from '../schedule/types.js';

/** α, σ and √v of every component at one time, v = α²Σ^χ + σ². */
export interface Marginals {
  t: number;
  gamma: Float64Array;
  alpha: Float64Array;
  sigma: Float64Array;
  /** √v: u = χ/√v has variance 1 on Gaussian data. */
  deviation: Float64Array;
}

/** The marginals of a process at time t. */
export function marginalsAt(process: DiffusionProcess, t: number): Marginals {
  const gamma = new Float64Array(process.dimension);
  process.gamma(t, gamma);
  const alpha = gamma.map((value) => 1 / Math.sqrt(1 + Math.exp(value)));
  const sigma = gamma.map((value) => 1 / Math.sqrt(1 + Math.exp(-value)));
  const deviation = gamma.map((_, i) =>
    Math.sqrt(alpha[i]! ** 2 * process.dataVariance[i]! + sigma[i]! ** 2),
  );
  return { t, gamma, alpha, sigma, deviation };
}

/**
 * The `steps` + 1 times from 1 (noise) down to 0 (data) at equal steps of the mean noise angle: the one rule by which all
 * schedules and all methods place their steps, whatever the schedule's own time.
 */
export function stepTimes(process: DiffusionProcess, steps: number): Float64Array {
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(process.dimension);
  levelsAt(0, levels);
  const first = levels.meanAngle;
  levelsAt(1, levels);
  const last = levels.meanAngle;
  return Float64Array.from({ length: steps + 1 }, (_, n) =>
    n === 0 ? 1 : n === steps ? 0 : timeAtAngle(levelsAt, last + ((first - last) * n) / steps, levels),
  );
}
