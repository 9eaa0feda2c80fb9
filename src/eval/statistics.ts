import { jackknifeError, type Estimate } from '../data/phi4/observables.js';

/**
 * Mean of values in Markov order and its standard error by blocking: jackknife over up to 100 contiguous blocks, so that
 * correlations shorter than a block are counted.
 */
export function blockedMean(values: Float64Array): Estimate {
  const count = values.length;
  const blocks = Math.min(100, count);
  const total = values.reduce((sum, value) => sum + value, 0);
  const replicas: number[] = [];
  for (let block = 0; block < blocks; block++) {
    const first = Math.floor((block * count) / blocks);
    const end = Math.floor(((block + 1) * count) / blocks);
    let sum = 0;
    for (let n = first; n < end; n++) sum += values[n]!;
    replicas.push((total - sum) / (count - (end - first)));
  }
  return { value: total / count, error: jackknifeError(replicas) };
}

/**
 * Importance weights w = e^{logWeight}: the effective sample size (Σw)²/(N Σw²), between 1/N and 1, and log⟨w⟩, an
 * estimate of log Z when w = e^{−S}/q.
 */
export function effectiveSampleSize(logWeights: Float64Array): { ess: number; logMeanWeight: number } {
  const largest = logWeights.reduce((most, value) => Math.max(most, value), -Infinity);
  let sum = 0;
  let squares = 0;
  for (const logWeight of logWeights) {
    const weight = Math.exp(logWeight - largest);
    sum += weight;
    squares += weight * weight;
  }
  return {
    ess: (sum * sum) / (logWeights.length * squares),
    logMeanWeight: largest + Math.log(sum / logWeights.length),
  };
}

/** `count` of the rows, evenly spaced: far apart in Markov time, and the same rows for every trial. */
export function evenlySpacedRows(rows: Float32Array, dimension: number, count: number): Float32Array {
  const available = rows.length / dimension;
  if (count >= available) return rows;
  const out = new Float32Array(count * dimension);
  for (let n = 0; n < count; n++) {
    const from = Math.floor((n * available) / count) * dimension;
    out.set(rows.subarray(from, from + dimension), n * dimension);
  }
  return out;
}
