import { createHash } from 'node:crypto';
import { CounterRandom } from '../random/philox.js';
import { softplus } from './gaussian.js';
import type { DiffusionProcess } from './types.js';

/** Writes n_i(t)² = s_i² e^γ_i(t) as its logarithm. */
export function logNoise(process: DiffusionProcess, t: number, out: Float64Array): void {
  process.gamma(t, out);
  for (let i = 0; i < process.dimension; i++) out[i]! += 2 * Math.log(process.scale[i]!);
}

const gridIntervals = 16;
const probes = 6;
/** Two paths whose log N differ by less than this are one path: far above rounding, far below anything that matters. */
const resolution = 1e-5;

/**
 * A name that is equal for two processes exactly when they are the same schedule, however parametrized: the absolute noise
 * N(t) = U diag(s_i² e^γ_i) Uᵀ at 17 times from 0 to 1 (end points and time parametrization included) and the prior
 * variance U diag(s_i² + n_i(1)²) Uᵀ. Independent of the basis where N is (white noise is the same in every basis).
 *
 * Six fixed random unit vectors v probe the matrices' logarithms, vᵀ log N v = Σ (Uᵀv)_i² log n_i², so that small noise
 * counts as much as large. The numbers are rounded to 1e-5 before hashing.
 *
 * Equal on one machine and Node version; elsewhere rounding of elementary functions may tip a digit with probability
 * about 1e-6.
 */
export function scheduleKey(process: DiffusionProcess): string {
  const values = new Float64Array(process.dimension);
  process.gamma(1, values);
  for (let i = 0; i < values.length; i++) values[i] = softplus(values[i]!) + 2 * Math.log(process.scale[i]!);
  return hashed(process, [values]);
}

/**
 * As `scheduleKey` without the prior: two processes with one path are trained alike and differ only in what generation and
 * the bound begin from. Matched noise with ℓ = −log Var and width 1 has the path of white noise, and another prior.
 */
export function noisePathKey(process: DiffusionProcess): string {
  return hashed(process, []);
}

function hashed(process: DiffusionProcess, more: readonly Float64Array[]): string {
  const { dimension } = process;
  const vectors = new Float64Array(probes * dimension);
  new CounterRandom(1, 'schedule-key').fillNormal(vectors);
  const weights = process.basis.encode(vectors, probes);
  for (let probe = 0; probe < probes; probe++) {
    let norm = 0;
    for (let i = probe * dimension; i < (probe + 1) * dimension; i++) norm += weights[i]! ** 2;
    for (let i = probe * dimension; i < (probe + 1) * dimension; i++) weights[i] = weights[i]! ** 2 / norm;
  }
  const digits: number[] = [];
  const probe = (values: Float64Array): void => {
    for (let row = 0; row < probes; row++) {
      let sum = 0;
      for (let i = 0; i < dimension; i++) sum += weights[row * dimension + i]! * values[i]!;
      // The offset keeps round numbers, which are common, away from where rounding turns.
      digits.push(Math.round(sum / resolution + 0.2371));
    }
  };
  const values = new Float64Array(dimension);
  for (let step = 0; step <= gridIntervals; step++) {
    logNoise(process, step / gridIntervals, values);
    probe(values);
  }
  for (const other of more) probe(other);
  return createHash('sha256')
    .update(`${dimension}:${digits.join(',')}`)
    .digest('hex')
    .slice(0, 32);
}
