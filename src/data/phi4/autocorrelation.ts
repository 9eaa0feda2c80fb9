/**
 * Integrated autocorrelation time τ_int = ½ + Σ_{t=1}^{W} ρ(t) of one quantity along several chains of one process, in
 * the chains' own steps; ½ for independent values. The variance of a mean of N values is 2 τ_int Var/N.
 *
 * ρ(t) averages the products of all chains about their common mean. The window is the smallest W ≥ 8 τ_int(W) (Madras
 * and Sokal, J. Stat. Phys. 50 (1988) 109), at most half of the longest chain. NaN for a quantity that never changes.
 */
export function autocorrelationTime(chains: readonly Float64Array[]): number {
  const count = chains.reduce((sum, chain) => sum + chain.length, 0);
  const longest = chains.reduce((length, chain) => Math.max(length, chain.length), 0);
  let mean = 0;
  for (const chain of chains) for (const value of chain) mean += value / count;
  const centred = chains.map((chain) => chain.map((value) => value - mean));
  const covariance = (lag: number): number => {
    let sum = 0;
    let pairs = 0;
    for (const chain of centred) {
      for (let i = lag; i < chain.length; i++) sum += chain[i]! * chain[i - lag]!;
      pairs += Math.max(0, chain.length - lag);
    }
    return sum / pairs;
  };
  const variance = covariance(0);
  // A constant's variance is the square of its mean's rounding error.
  if (!(variance > 1e-24 * mean * mean)) return NaN;
  let time = 0.5;
  for (let lag = 1; lag <= longest / 2; lag++) {
    time += covariance(lag) / variance;
    if (lag >= 8 * time) break;
  }
  return time;
}
