import type { Basis } from '../basis/types.js';

/**
 * A diffusion's forward process in components χ = S⁻¹Uᵀ(φ − μ), t ∈ [0, 1]:
 *
 *   dχ_i = −½ β_i χ_i dt + √β_i dw_i,  χ_i(t) = α_i χ_i(0) + σ_i ε_i,
 *   α_i² = sigmoid(−γ_i), σ_i² = sigmoid(γ_i), β_i = σ_i² dγ_i/dt.
 *
 * γ = −log SNR of the process: small at t = 0 (data), large at t = 1 (noise), never decreasing in t.
 */
export interface DiffusionProcess {
  readonly basis: Basis;
  readonly dimension: number;
  /** μ, length D. */
  readonly mean: Float64Array;
  /** s_i > 0: the noise colour. */
  readonly scale: Float64Array;
  /** Σ^χ_i = Var(c_i)/s_i²: the data's variance in units of the noise. */
  readonly dataVariance: Float64Array;
  /** Writes γ_i(t). */
  gamma(t: number, out: Float64Array): void;
  /** Writes dγ_i/dt. */
  gammaDerivative(t: number, out: Float64Array): void;
  /** Times inside (0, 1) at which some dγ_i/dt jumps, ascending; absent where none does. Likelihoods are integrated between them. */
  readonly kinks?: readonly number[];
  /** True when all γ_i(t) are equal at every t: one scalar schedule. */
  readonly uniform: boolean;
  /** What its parameters ask for, in a closed set of names; what it comes to may be simpler (inEffect.ts). */
  readonly family: ScheduleFamily;
}

/** Closed set: used as a Prometheus label. */
export const scheduleFamilies = [
  'standard',
  'matched-noise',
  'coloured',
  'component-wise',
  'autoregressive',
  'heat',
  'other',
] as const;
export type ScheduleFamily = (typeof scheduleFamilies)[number];
