import { range } from './ordering.js';
import type { ScheduleParameters } from './parameters.js';
import { logitErf, logitErfDerivative, logitErfInverse } from './logitErf.js';
import { timeOf } from './timeOf.js';
import type { UnitTrajectory } from './trajectory.js';

/** γ_i(t) and its derivative, written into `out`; nothing is allocated. */
export interface GammaPath {
  gamma(t: number, out: Float64Array): void;
  gammaDerivative(t: number, out: Float64Array): void;
  /** Times inside (0, 1) at which some dγ_i/dt jumps, ascending. */
  readonly kinks?: readonly number[];
}

/**
 * |γ| is cut at this value, only against overflow: e^(−30) is 1e-13. A tighter cut would change the end points and with
 * them the bound.
 */
export const largestGamma = 30;

/** γ = g(u), u = (ℓ − Λ)/w, as a function of one number. */
interface Profile {
  value(u: number): number;
  derivative(u: number): number;
  inverse(gamma: number): number;
  /** u at which g′ jumps. */
  readonly kinks?: readonly number[];
}

/**
 * γ_i(t) of a cutoff K_Λ(ℓ) = α² that moves through the components, γ = logit(1 − K):
 *
 * - uniform: γ = γ_lo + (γ_hi − γ_lo) p(t) for all, the limit w → ∞;
 * - sigmoid: K = sigmoid((Λ − ℓ)/w), γ = (ℓ − Λ)/w; GUD's linear soft conditioning with softness w;
 * - erf: K = ½ erfc((ℓ − Λ)/w);
 * - hard-step: a sharp edge with a linear ramp of γ from γ_lo to γ_hi while Λ sweeps from ℓ to ℓ − w, constant outside;
 *   w → 0 is the step function, w = the spacing of ℓ gives disjoint windows (hard conditioning, autoregression);
 * - heat: K = exp(−x/Λ²) (Polchinski), γ = log expm1(x/Λ²), x = ℓ² + m², or e^ℓ where ℓ = −log Var.
 *
 * Λ(t) = Λ₀ + (Λ₁ − Λ₀) p(t) with K_Λ(0)(ℓ_max) = sigmoid(−γ_lo) and K_Λ(1)(ℓ_min) = sigmoid(−γ_hi): every component
 * starts at or below γ_lo and ends at or above γ_hi.
 *
 * @param places ℓ_i
 */
export function createCutoff(
  places: Float64Array,
  parameters: ScheduleParameters,
  trajectory: UnitTrajectory,
): GammaPath {
  switch (parameters.kernel) {
    case 'sigmoid':
      return moving(places, parameters, trajectory, {
        value: (u) => u,
        derivative: () => 1,
        inverse: (gamma) => gamma,
      });
    case 'erf':
      return moving(places, parameters, trajectory, {
        value: logitErf,
        derivative: logitErfDerivative,
        inverse: logitErfInverse,
      });
    case 'hard-step': {
      const { gammaLow, gammaHigh } = parameters;
      const rise = gammaHigh - gammaLow;
      return moving(places, parameters, trajectory, {
        value: (u) => gammaLow + rise * Math.min(1, Math.max(0, u)),
        derivative: (u) => (u >= 0 && u <= 1 ? rise : 0),
        // Values outside the ramp are never reached.
        inverse: (gamma) =>
          gamma < gammaLow ? -Infinity : gamma > gammaHigh ? Infinity : (gamma - gammaLow) / rise,
        kinks: [0, 1],
      });
    }
    case 'heat':
      return heat(places, parameters, trajectory);
    default:
      return {
        gamma: (t, out) => {
          out.fill(parameters.gammaLow + (parameters.gammaHigh - parameters.gammaLow) * trajectory.value(t));
        },
        gammaDerivative: (t, out) => {
          out.fill((parameters.gammaHigh - parameters.gammaLow) * trajectory.derivative(t));
        },
      };
  }
}

function moving(
  places: Float64Array,
  parameters: ScheduleParameters,
  trajectory: UnitTrajectory,
  profile: Profile,
): GammaPath {
  const width = parameters.cutoffWidth;
  const { low, high } = range(places);
  // In units of w, measured from the ends, so that neither a tiny nor a huge width loses digits.
  const start = profile.inverse(parameters.gammaLow);
  const travel = (high - low) / width + profile.inverse(parameters.gammaHigh) - start;
  const offsets = places.map((place) => (place - high) / width + start);
  const bottom = profile.inverse(-largestGamma);
  const top = profile.inverse(largestGamma);
  const kinks = profile.kinks?.flatMap((u) => [...new Set(offsets)].map((offset) => (u - offset) / travel));
  return {
    ...(kinks && {
      kinks: kinks
        .filter((p) => p > 0 && p < 1)
        .sort((a, b) => a - b)
        .map((p) => timeOf((t) => trajectory.value(t), p)),
    }),
    gamma: (t, out) => {
      const moved = travel * trajectory.value(t);
      for (let i = 0; i < offsets.length; i++) {
        const u = offsets[i]! + moved;
        out[i] = u >= top ? largestGamma : u <= bottom ? -largestGamma : profile.value(u);
      }
    },
    gammaDerivative: (t, out) => {
      const moved = travel * trajectory.value(t);
      const speed = travel * trajectory.derivative(t);
      for (let i = 0; i < offsets.length; i++) {
        const u = offsets[i]! + moved;
        out[i] = u > top || u < bottom ? 0 : speed * profile.derivative(u);
      }
    },
  };
}

function heat(places: Float64Array, parameters: ScheduleParameters, trajectory: UnitTrajectory): GammaPath {
  const exponents = heatExponents(places, parameters);
  const { low, high } = range(exponents);
  const softplus = (gamma: number): number => Math.max(gamma, 0) + Math.log1p(Math.exp(-Math.abs(gamma)));
  const first = Math.sqrt(high / softplus(parameters.gammaLow));
  const last = Math.sqrt(low / softplus(parameters.gammaHigh));
  const cutoff = (t: number): number => {
    const p = trajectory.value(t);
    return first * (1 - p) + last * p;
  };
  return {
    gamma: (t, out) => {
      const inverse = 1 / cutoff(t) ** 2;
      for (let i = 0; i < exponents.length; i++) {
        const y = exponents[i]! * inverse;
        const gamma = y > 1 ? y + Math.log1p(-Math.exp(-y)) : Math.log(Math.expm1(y));
        out[i] = gamma > largestGamma ? largestGamma : gamma < -largestGamma ? -largestGamma : gamma;
      }
    },
    gammaDerivative: (t, out) => {
      const at = cutoff(t);
      const inverse = 1 / at ** 2;
      const speed = (2 * (first - last) * trajectory.derivative(t)) / at;
      for (let i = 0; i < exponents.length; i++) {
        const y = exponents[i]! * inverse;
        out[i] = y > largestGamma || y < 9.4e-14 ? 0 : (speed * y) / -Math.expm1(-y);
      }
    },
  };
}

/** x_i of K = exp(−x_i/Λ²): k̂² + m², or 1/Var where ℓ = −log Var, which is the same for a free field. */
export function heatExponents(places: Float64Array, parameters: ScheduleParameters): Float64Array {
  return parameters.ordering === 'log-variance'
    ? places.map((place) => Math.exp(place))
    : places.map((place) => place * place + parameters.heatMass2);
}
