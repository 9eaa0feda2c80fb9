import type { DiffusionProcess } from './types.js';

/** Spectrum and non-Gaussianity of one component on its way through the process. */
export interface FlowPoint {
  t: number;
  component: number;
  /** Var of s_i χ_i(t) = s_i² (α² Σ^χ + σ²), the spectrum of the noised field in data units. */
  variance: number;
  /** Excess kurtosis of χ_i(t): the data's times (α² Σ^χ/v)², as Gaussian noise adds no fourth cumulant. */
  kurtosis: number;
}

/**
 * Power spectrum and per-component excess kurtosis along t of data that runs through the process (the process's own data
 * or another coupling's). Under matched noise the spectrum of the process's own data stays constant, and every coupling
 * meets the same Gaussian fixed point as t → 1.
 *
 * @param variances Var(c_i) of the data that is followed
 * @param kurtoses excess kurtosis of c_i, 0 when absent
 */
export function flowOf(
  process: DiffusionProcess,
  variances: Float64Array,
  times: readonly number[],
  kurtoses?: Float64Array,
): FlowPoint[] {
  const gamma = new Float64Array(process.dimension);
  return times.flatMap((t) => {
    process.gamma(t, gamma);
    return Array.from(gamma, (value, i): FlowPoint => {
      const noise = 1 / (1 + Math.exp(-value));
      const scale2 = process.scale[i]! ** 2;
      const signal = variances[i]! / scale2 / (1 + Math.exp(value));
      return {
        t,
        component: i,
        variance: scale2 * (signal + noise),
        kurtosis: (kurtoses?.[i] ?? 0) * (signal / (signal + noise)) ** 2,
      };
    });
  });
}

/**
 * Excess kurtosis ⟨c⁴⟩/⟨c²⟩² − 3 of each component, moments averaged over its shell.
 * @param components `count` rows of c = Uᵀ(φ − μ)
 */
export function componentKurtosis(
  process: DiffusionProcess,
  components: Float64Array,
  count: number,
): Float64Array {
  const shells = process.basis.components;
  const size = 1 + shells.reduce((most, { shell }) => Math.max(most, shell), 0);
  const second = new Float64Array(size);
  const fourth = new Float64Array(size);
  const members = new Float64Array(size);
  for (const { shell } of shells) members[shell]! += 1;
  for (let sample = 0; sample < count; sample++)
    for (const { index, shell } of shells) {
      const square = components[sample * process.dimension + index]! ** 2;
      second[shell]! += square;
      fourth[shell]! += square * square;
    }
  return Float64Array.from(shells, ({ shell }) => {
    const n = count * members[shell]!;
    return fourth[shell]! / n / (second[shell]! / n) ** 2 - 3;
  });
}
