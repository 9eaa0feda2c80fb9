import type { Basis } from '../basis/types.js';
import { RgsweepError } from '../errors.js';
import { largestGamma } from './cutoff.js';
import type { DiffusionProcess } from './types.js';

/** dφ = U A(t) Uᵀφ dt + U B(t) Uᵀdw with diagonal A and B: the writers fill A_ii(t) and B_ii(t) for t ∈ [0, 1]. */
export interface DiagonalDynamics {
  drift(t: number, out: Float64Array): void;
  diffusion(t: number, out: Float64Array): void;
}

export interface DiagonalProcessInput {
  basis: Basis;
  mean: Float64Array;
  /** Var(c_i) of the data. */
  variances: Float64Array;
  dynamics: DiagonalDynamics;
  /** Standard deviation of the noise relative to the signal at t = 0, n_i(0) > 0: γ(0) is finite. */
  initialNoise: Float64Array;
  /** s_i; default √Var(c_i). It only says what prior N(0, s_i² + n_i(1)²) generation begins from. */
  scale?: Float64Array;
  /** Signal α̂_i(0); default 1. */
  initialSignal?: number;
  /** Steps of the integration, default 1024; the moments' error falls with the fourth power. */
  intervals?: number;
}

/**
 * Any diagonal linear process as a `DiffusionProcess`: with c_i(t) = α̂_i c_i(0) + σ̂_i ε_i,
 *
 *   d log α̂/dt = A,  d(σ̂²/α̂²)/dt = B²/α̂²,  n² = σ̂²/α̂²,  γ = log n² − log s².
 *
 * The variance-preserving process with these γ walks the same absolute noise path n_i(t). Moments are integrated by
 * Runge–Kutta (order 4), kept at the steps, and interpolated in n² by cubics with the exact slopes.
 *
 * @throws RgsweepError('bad-configuration') when n(0) is not positive or A or B is not finite somewhere
 */
export function createDiagonalProcess(input: DiagonalProcessInput): DiffusionProcess {
  const { basis, mean, variances, initialNoise, intervals = 1024 } = input;
  const { dimension } = basis;
  const scale = input.scale ?? variances.map(Math.sqrt);
  if (initialNoise.some((value) => !(value > 0)) || scale.some((value) => !(value > 0)))
    throw new RgsweepError('bad-configuration', 'initialNoise and scale must be above 0 in every component', {
      remedy: 'γ(0) = log n(0)² − log s² must be finite; e^(γ_lo/2) times the data is usual',
    });
  const { noise, slope } = integrateMoments(input, intervals);
  const logScale = scale.map((value) => 2 * Math.log(value));

  /** Interval, and the place in it. */
  let row = 0;
  let u = 0;
  const locate = (t: number): void => {
    const x = Math.min(1, Math.max(0, t)) * intervals;
    row = Math.min(intervals - 1, Math.floor(x));
    u = x - row;
  };
  const at = (i: number, derivative: boolean): number => {
    const a = row * dimension + i;
    const b = a + dimension;
    const m0 = slope[a]! / intervals;
    const m1 = slope[b]! / intervals;
    const rise = noise[b]! - noise[a]!;
    const c2 = 3 * rise - 2 * m0 - m1;
    const c3 = m0 + m1 - 2 * rise;
    return derivative
      ? intervals * (m0 + u * (2 * c2 + 3 * u * c3))
      : noise[a]! + u * (m0 + u * (c2 + u * c3));
  };
  let uniform = true;
  for (let j = 0; j <= intervals && uniform; j += 16)
    for (let i = 1; i < dimension; i++) {
      const gamma = Math.log(noise[j * dimension + i]!) - logScale[i]!;
      if (Math.abs(gamma - Math.log(noise[j * dimension]!) + logScale[0]!) > 1e-9) uniform = false;
    }
  return {
    basis,
    dimension,
    mean,
    scale,
    dataVariance: variances.map((variance, i) => variance / scale[i]! ** 2),
    uniform,
    family: 'other',
    gamma: (t, out) => {
      locate(t);
      for (let i = 0; i < dimension; i++) {
        const gamma = Math.log(at(i, false)) - logScale[i]!;
        out[i] = Math.min(largestGamma, Math.max(-largestGamma, gamma));
      }
    },
    gammaDerivative: (t, out) => {
      locate(t);
      for (let i = 0; i < dimension; i++) {
        const value = at(i, false);
        const gamma = Math.log(value) - logScale[i]!;
        out[i] = Math.abs(gamma) > largestGamma ? 0 : Math.max(0, at(i, true)) / value;
      }
    },
  };
}

/** n_i² and its time derivative at every step, rows of time. */
function integrateMoments(
  input: DiagonalProcessInput,
  intervals: number,
): { noise: Float64Array; slope: Float64Array } {
  const { dynamics, initialNoise, initialSignal = 1 } = input;
  const { dimension } = input.basis;
  const noise = new Float64Array((intervals + 1) * dimension);
  const slope = new Float64Array((intervals + 1) * dimension);
  const drifts = [0, 1, 2].map(() => new Float64Array(dimension));
  const diffusions = [0, 1, 2].map(() => new Float64Array(dimension));
  const logSignal = new Float64Array(dimension).fill(Math.log(initialSignal));
  for (let i = 0; i < dimension; i++) noise[i] = initialNoise[i]! ** 2;
  const h = 1 / intervals;
  for (let step = 0; step <= intervals; step++) {
    const last = step === intervals;
    for (let part = 0; part < (last ? 1 : 3); part++) {
      const t = Math.min(1, (step + part / 2) * h);
      dynamics.drift(t, drifts[part]!);
      dynamics.diffusion(t, diffusions[part]!);
    }
    for (let i = 0; i < dimension; i++) {
      const at = step * dimension + i;
      const a = logSignal[i]!;
      const [a0, a1, a2] = drifts.map((values) => values[i]!) as [number, number, number];
      const [b0, b1, b2] = diffusions.map((values) => values[i]!) as [number, number, number];
      slope[at] = b0 * b0 * Math.exp(-2 * a);
      if (!Number.isFinite(slope[at]) || !Number.isFinite(noise[at]!) || !Number.isFinite(a))
        throw new RgsweepError(
          'bad-configuration',
          `A, B of component ${i} at t = ${(step * h).toPrecision(3)}: ${a0}, ${b0} do not give finite moments`,
        );
      if (last) continue;
      // log α̂ at the middle and the end of the step, by integrals of A; then n² by Simpson's rule.
      const middle = a + (h * (5 * a0 + 8 * a1 - a2)) / 24;
      const next = a + (h * (a0 + 4 * a1 + a2)) / 6;
      const middleSlope = b1 * b1 * Math.exp(-2 * middle);
      const nextSlope = b2 * b2 * Math.exp(-2 * next);
      noise[at + dimension] = noise[at]! + (h * (slope[at] + 4 * middleSlope + nextSlope)) / 6;
      logSignal[i] = next;
    }
  }
  return { noise, slope };
}

/**
 * Dynamics given as data: A and B at increasing times from 0 to 1, one value for all components or one for each, linear
 * between.
 * @throws RgsweepError('bad-configuration') when the times do not run from 0 to 1 or a row has the wrong length
 */
export function tabulatedDynamics(
  times: readonly number[],
  drift: readonly (number | readonly number[])[],
  diffusion: readonly (number | readonly number[])[],
  dimension: number,
): DiagonalDynamics {
  const ordered = times.every((time, i) => i === 0 || time > times[i - 1]!);
  if (times.length < 2 || times[0] !== 0 || times.at(-1) !== 1 || !ordered)
    throw new RgsweepError(
      'bad-configuration',
      `times is [${times.join(', ')}]; it must increase from 0 to 1`,
    );
  const table = (name: string, rows: readonly (number | readonly number[])[]): Float64Array => {
    if (rows.length !== times.length)
      throw new RgsweepError(
        'bad-configuration',
        `${name} has ${rows.length} rows for ${times.length} times`,
      );
    const out = new Float64Array(rows.length * dimension);
    rows.forEach((row, j) => {
      const values = typeof row === 'number' ? new Array<number>(dimension).fill(row) : row;
      if (values.length !== dimension || !values.every(Number.isFinite))
        throw new RgsweepError(
          'bad-configuration',
          `${name}[${j}] must be one finite number, or ${dimension} of them`,
        );
      out.set(values, j * dimension);
    });
    return out;
  };
  const write = (rows: Float64Array) => (t: number, out: Float64Array) => {
    let j = 0;
    while (j < times.length - 2 && t > times[j + 1]!) j++;
    const u = Math.min(1, Math.max(0, (t - times[j]!) / (times[j + 1]! - times[j]!)));
    for (let i = 0; i < dimension; i++)
      out[i] = (1 - u) * rows[j * dimension + i]! + u * rows[(j + 1) * dimension + i]!;
  };
  return { drift: write(table('drift', drift)), diffusion: write(table('diffusion', diffusion)) };
}
