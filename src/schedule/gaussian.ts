import type { DataStatistics } from '../basis/types.js';
import type { DiffusionProcess } from './types.js';

/** α² = sigmoid(−γ). */
export function signalVariance(gamma: number): number {
  return 1 / (1 + Math.exp(gamma));
}

/** log(1 + e^x) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * The variational bound of Gaussian data with covariance U diag(s²Σ^χ) Uᵀ under the exact score, in nats and data
 * coordinates, term by term. All closed form:
 *
 * vlb = diffusion + prior + reconstruction + logDeterminant = entropy + excess.
 */
export interface GaussianBound {
  /** H = ½ Σ log(2πe s²Σ^χ): what a perfect model has. */
  entropy: number;
  vlb: number;
  /** ½ Σ log(1 + e^γ₀/Σ^χ) + ½ Σ [α₁²(Σ^χ − 1) + log((1 + e^−γ₁)/(1 + Σ^χ e^−γ₁))]. */
  excess: number;
  /** ½ ∫ Σ γ′ Σ^χ/(Σ^χ + e^γ) dt. */
  diffusion: number;
  /** KL of χ(1) from the prior N(0, 1): ½ Σ (α₁²Σ^χ + σ₁² − 1 − log σ₁²). */
  prior: number;
  /** ½ Σ (log 2π + 1 + γ₀). */
  reconstruction: number;
  /** Σ log s_i. */
  logDeterminant: number;
  /** ⟨−log q⟩ of the probability flow with the exact score: entropy + priorMismatch. */
  flowNll: number;
  /** ½ Σ (r − 1 − log r), r = Σ^χ(1 + α₁²(Σ^χ − 1))/(Σ^χ + e^γ₀): all by which two colours differ. */
  priorMismatch: number;
}

/** @returns the closed forms above for the process's own data variances */
export function gaussianBound(process: DiffusionProcess): GaussianBound {
  const { dimension, scale, dataVariance } = process;
  const { first, last } = endPoints(process);
  const sum = {
    entropy: 0,
    excess: 0,
    diffusion: 0,
    prior: 0,
    reconstruction: 0,
    logDeterminant: 0,
    mismatch: 0,
  };
  for (let i = 0; i < dimension; i++) {
    const variance = dataVariance[i]!;
    const logVariance = Math.log(variance);
    const signal = signalVariance(last[i]!);
    const logScale = Math.log(scale[i]!);
    sum.entropy += 0.5 * (Math.log(2 * Math.PI) + 1 + logVariance) + logScale;
    sum.excess +=
      0.5 *
      (softplus(first[i]! - logVariance) +
        signal * (variance - 1) +
        softplus(-last[i]!) -
        softplus(logVariance - last[i]!));
    // γ − log(Σ + e^γ) = −log(1 + Σe^−γ)
    sum.diffusion += 0.5 * (softplus(logVariance - first[i]!) - softplus(logVariance - last[i]!));
    sum.prior += 0.5 * (signal * (variance - 1) + softplus(-last[i]!));
    sum.reconstruction += 0.5 * (Math.log(2 * Math.PI) + 1 + first[i]!);
    sum.logDeterminant += logScale;
    // r = (1 + α₁²(Σ − 1))/(1 + e^γ₀/Σ); as log r near 0 cancels, r − 1 − log r is taken through expm1.
    const logRatio = Math.log1p(signal * (variance - 1)) - softplus(first[i]! - logVariance);
    sum.mismatch += 0.5 * (Math.expm1(logRatio) - logRatio);
  }
  return {
    entropy: sum.entropy,
    vlb: sum.diffusion + sum.prior + sum.reconstruction + sum.logDeterminant,
    excess: sum.excess,
    diffusion: sum.diffusion,
    prior: sum.prior,
    reconstruction: sum.reconstruction,
    logDeterminant: sum.logDeterminant,
    flowNll: sum.entropy + sum.mismatch,
    priorMismatch: sum.mismatch,
  };
}

/**
 * The bound of single fields under the Gaussian score, with expectations over the noise taken exactly: the control
 * variate of the network's bound, which is this plus ½∫Σγ′E[(ε − ε̂)² − (ε − ε̂_Gauss)²]dt on the same draws.
 *
 * ½ Σ [γ − log(Σ^χ + e^γ) + (Σ^χ − χ²)/(Σ^χ + e^γ)] from γ₀ to γ₁, plus prior, reconstruction and log-determinant.
 * @param chi χ = S⁻¹Uᵀ(φ − μ), `count` rows
 * @returns nats of each field
 */
export function gaussianBoundPerSample(
  process: DiffusionProcess,
  chi: Float32Array | Float64Array,
  count: number,
): Float64Array {
  const { dimension } = process;
  const { constants, slopes } = gaussianBoundTerms(process);
  const constant = constants.reduce((sum, value) => sum + value, 0);
  const out = new Float64Array(count).fill(constant);
  for (let sample = 0; sample < count; sample++) {
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += slopes[i]! * chi[sample * dimension + i]! ** 2;
    out[sample]! += sum;
  }
  return out;
}

/** The bound above as Σ_i (constants_i + slopes_i χ_i²): what each component adds. */
export function gaussianBoundTerms(process: DiffusionProcess): {
  constants: Float64Array;
  slopes: Float64Array;
} {
  const { dimension, scale, dataVariance } = process;
  const { first, last } = endPoints(process);
  const constants = new Float64Array(dimension);
  const slopes = new Float64Array(dimension);
  for (let i = 0; i < dimension; i++) {
    const variance = dataVariance[i]!;
    const logVariance = Math.log(variance);
    // Σ/(Σ + e^γ) = sigmoid(log Σ − γ): the part of the variance that is signal.
    const partFirst = signalVariance(first[i]! - logVariance);
    const partLast = signalVariance(last[i]! - logVariance);
    const signal = signalVariance(last[i]!);
    constants[i] =
      0.5 * (softplus(logVariance - first[i]!) - softplus(logVariance - last[i]!) + partLast - partFirst) +
      0.5 * (softplus(-last[i]!) - signal) +
      0.5 * (Math.log(2 * Math.PI) + 1 + first[i]!) +
      Math.log(scale[i]!);
    slopes[i] = 0.5 * ((partFirst - partLast) / variance + signal);
  }
  return { constants, slopes };
}

/** γ(0) and γ(1). */
export function endPoints(process: DiffusionProcess): { first: Float64Array; last: Float64Array } {
  const first = new Float64Array(process.dimension);
  const last = new Float64Array(process.dimension);
  process.gamma(0, first);
  process.gamma(1, last);
  return { first, last };
}

/**
 * How much of the data's covariance the per-component Gaussian score leaves out: the Frobenius norm of UᵀCU off its
 * (shell-averaged) diagonal over that of C. Below 1e-6 the score −Σ⁻¹φ is exact for Gaussian data (Fourier for homogeneous
 * data, PCA always); else it is the diagonal approximation (pixels, wavelets, block spins; Fourier for images).
 */
export function offDiagonalShare(process: DiffusionProcess, statistics: DataStatistics): number {
  const total = statistics.covariance.reduce((sum, value) => sum + value * value, 0);
  let diagonal = 0;
  for (let i = 0; i < process.dimension; i++)
    diagonal += (process.dataVariance[i]! * process.scale[i]! ** 2) ** 2;
  const share = Math.sqrt(Math.max(0, 1 - diagonal / total));
  // 1 − diagonal/total loses half the digits: what is left of rounding is no share.
  return share < 1e-6 ? 0 : share;
}
