import type { Basis } from '../basis/types.js';
import { largestGamma } from './cutoff.js';
import type { GammaPath } from './cutoff.js';
import type { ScheduleParameters } from './parameters.js';
import type { UnitTrajectory } from './trajectory.js';

/**
 * Scalar schedules with a published form of their own, the same γ for every component, held within [γ_lo, γ_hi]:
 *
 * - vp-linear-beta: β = β_min + t (β_max − β_min), γ = log expm1(t β_min + ½ t² (β_max − β_min))
 *   (Song et al., 2011.13456, eq. 33);
 * - vp-cosine: α = cos θ, θ = (t + s)/(1 + s) · π/2, γ = 2 log tan θ (Nichol and Dhariwal, 2102.09672, eq. 17, without
 *   dividing by the value at t = 0).
 */
export function createScalarPath(parameters: ScheduleParameters): GammaPath {
  const { betaMin, betaMax, cosineOffset, gammaLow, gammaHigh } = parameters;
  const linear = parameters.trajectory === 'vp-linear-beta';
  const value = (t: number): number => {
    if (linear) {
      const integral = t * betaMin + 0.5 * t * t * (betaMax - betaMin);
      return integral > 1 ? integral + Math.log1p(-Math.exp(-integral)) : Math.log(Math.expm1(integral));
    }
    return 2 * Math.log(Math.tan(((t + cosineOffset) / (1 + cosineOffset)) * (Math.PI / 2)));
  };
  const slope = (t: number): number => {
    if (linear) {
      const integral = t * betaMin + 0.5 * t * t * (betaMax - betaMin);
      return (betaMin + t * (betaMax - betaMin)) / -Math.expm1(-integral);
    }
    const angle = ((t + cosineOffset) / (1 + cosineOffset)) * (Math.PI / 2);
    return (2 * Math.PI) / (1 + cosineOffset) / Math.sin(2 * angle);
  };
  const unit = (t: number): number => Math.min(1, Math.max(0, t));
  return {
    gamma: (t, out) => {
      // tan just above π/2 is negative and log then NaN, which fails both comparisons: that end is γ_hi.
      const gamma = value(unit(t));
      out.fill(gamma < gammaHigh ? Math.max(gammaLow, gamma) : gammaHigh);
    },
    gammaDerivative: (t, out) => {
      const gamma = value(unit(t));
      out.fill(gamma > gammaLow && gamma < gammaHigh ? slope(unit(t)) : 0);
    },
  };
}

/**
 * Blurring processes, in Fourier space or by effective momenta, x_i = k̂² + m² (published with m = 0):
 *
 * - dissipation (Rissanen et al., 2206.13397): the mean follows the heat equation at fixed noise σ₀,
 *   γ_i = 2 log σ₀ + 2 x_i τ with 2 log σ₀ = γ_lo, τ = σ_B²/2, σ_B = blurWidth · p(t). Without a mass the zero mode
 *   stays at γ_lo: its prior is the data's;
 * - blurring (Hoogeboom and Salimans, 2209.05557, appendix A): α = a d_i with the VP cosine a,
 *   γ_i = 2 log tan(θ₁ + (θ₀ − θ₁) p) − 2 log d_i, d_i = (1 − d_min) e^(−x_i τ) + d_min, σ_B = blurWidth · sin²(πp/2),
 *   θ at p = 0 and 1 such that the first term runs from γ_lo to γ_hi.
 *
 * k̂² stands for the papers' k² of a cosine transform: ours is the periodic lattice's.
 */
export function createBlurPath(
  basis: Basis,
  parameters: ScheduleParameters,
  trajectory: UnitTrajectory,
): GammaPath {
  const { gammaLow, gammaHigh, blurWidth, blurFloor, heatMass2 } = parameters;
  const exponents = Float64Array.from(basis.components, ({ momentum }) => momentum ** 2 + heatMass2);
  const cut = (gamma: number): number => Math.min(largestGamma, gamma);
  if (parameters.kernel === 'dissipation')
    return {
      gamma: (t, out) => {
        const twice = (blurWidth * trajectory.value(t)) ** 2;
        for (let i = 0; i < exponents.length; i++) out[i] = cut(gammaLow + exponents[i]! * twice);
      },
      gammaDerivative: (t, out) => {
        const p = trajectory.value(t);
        const twice = (blurWidth * p) ** 2;
        const speed = 2 * blurWidth ** 2 * p * trajectory.derivative(t);
        for (let i = 0; i < exponents.length; i++)
          out[i] = gammaLow + exponents[i]! * twice > largestGamma ? 0 : exponents[i]! * speed;
      },
    };
  const first = Math.atan(Math.exp(gammaLow / 2));
  const sweep = Math.atan(Math.exp(gammaHigh / 2)) - first;
  return {
    gamma: (t, out) => {
      const p = trajectory.value(t);
      const scalar = 2 * Math.log(Math.tan(first + sweep * p));
      const time = 0.5 * (blurWidth * Math.sin((Math.PI / 2) * p) ** 2) ** 2;
      for (let i = 0; i < exponents.length; i++)
        out[i] = cut(scalar - 2 * Math.log((1 - blurFloor) * Math.exp(-exponents[i]! * time) + blurFloor));
    },
    gammaDerivative: (t, out) => {
      const p = trajectory.value(t);
      const speed = trajectory.derivative(t);
      const angle = first + sweep * p;
      const scalar = 2 * Math.log(Math.tan(angle));
      const scalarSlope = (4 * sweep) / Math.sin(2 * angle);
      const half = (Math.PI / 2) * p;
      const time = 0.5 * (blurWidth * Math.sin(half) ** 2) ** 2;
      const timeSlope = Math.PI * blurWidth ** 2 * Math.sin(half) ** 3 * Math.cos(half);
      for (let i = 0; i < exponents.length; i++) {
        const blurred = (1 - blurFloor) * Math.exp(-exponents[i]! * time);
        const factor = blurred + blurFloor;
        out[i] =
          scalar - 2 * Math.log(factor) > largestGamma
            ? 0
            : speed * (scalarSlope + (2 * exponents[i]! * blurred * timeSlope) / factor);
      }
    },
  };
}
