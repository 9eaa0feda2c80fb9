import { timeOf } from '../schedule/timeOf.js';
import type { DiffusionProcess } from '../schedule/types.js';

/**
 * The noise levels of a process at one time. The noise angle of a component is θ_i = arctan √(e^{γ_i}/Σ_i) with
 * Σ_i = Var χ_i(0): 0 where it is data, π/2 where it is noise. With the marginal variance v_i = α_i²Σ_i + σ_i²,
 *
 *   sin θ_i = σ_i/√v_i,  cos θ_i = α_i√Σ_i/√v_i,  dθ_i/dt = ½ γ_i′ sin θ_i cos θ_i,
 *
 * and in whitened components u = χ/√v the forward process is a rotation, u_i = cos θ_i ĉ_i + sin θ_i ε_i with ĉ_i the data's
 * component over its standard deviation.
 */
export interface NoiseLevels {
  sine: Float64Array;
  cosine: Float64Array;
  /** γ_i′ = dγ_i/dt. */
  gammaDerivative: Float64Array;
  /**
   * Θ = D⁻¹Σ_i θ_i. It runs from about 0 to about π/2 under every schedule and does not depend on how time is
   * parametrized: networks are conditioned on it and integration steps are equal steps of it.
   */
  meanAngle: number;
}

/** Room for the levels of `dimension` components. */
export function emptyNoiseLevels(dimension: number): NoiseLevels {
  return {
    sine: new Float64Array(dimension),
    cosine: new Float64Array(dimension),
    gammaDerivative: new Float64Array(dimension),
    meanAngle: 0,
  };
}

/** Writes the noise levels of a process at time t into `out`. */
export type NoiseLevelsAt = (t: number, out: NoiseLevels) => void;

/** The noise levels of a process as a function of time. */
export function createNoiseLevels(process: DiffusionProcess): NoiseLevelsAt {
  const { dimension } = process;
  const inverseDeviation = process.dataVariance.map((variance) => 1 / Math.sqrt(variance));
  const gamma = new Float64Array(dimension);
  return (t, out) => {
    process.gamma(t, gamma);
    process.gammaDerivative(t, out.gammaDerivative);
    let sum = 0;
    for (let i = 0; i < dimension; i++) {
      const tangent = Math.exp(0.5 * gamma[i]!) * inverseDeviation[i]!;
      const cosine = 1 / Math.sqrt(1 + tangent * tangent);
      out.cosine[i] = cosine;
      out.sine[i] = tangent * cosine;
      sum += Math.atan(tangent);
    }
    out.meanAngle = sum / dimension;
  };
}

/** √v_i of a component: α² = 1/(1 + Σ tan²θ) gives v = α²Σ + σ² = Σ/(cos²θ + Σ sin²θ). */
export function marginalDeviation(sine: number, cosine: number, dataVariance: number): number {
  return Math.sqrt(dataVariance / (cosine * cosine + dataVariance * sine * sine));
}

/** The time in [0, 1] at which the mean noise angle is `angle`, by bisection to the last bit; an end beyond the ends. */
export function timeAtAngle(levelsAt: NoiseLevelsAt, angle: number, scratch: NoiseLevels): number {
  const angleAt = (t: number) => {
    levelsAt(t, scratch);
    return scratch.meanAngle;
  };
  return timeOf(angleAt, angle);
}
