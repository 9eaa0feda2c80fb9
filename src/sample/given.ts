import { CounterRandom } from '../random/philox.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { marginalsAt } from './marginals.js';

/** Components whose values are known. */
export interface GivenComponents {
  components: readonly number[];
  /** χ of the known field, length D; only the given components are read. */
  chi: Float64Array;
  /** Of the noise path of the given components, and of resampling. */
  seed: number;
}

/** The given components on their way from noise to their values, one path for all rows. */
export interface GivenPath {
  /** Puts the values at step n (0 is t = 1) into every row. */
  write(n: number, chi: Float64Array): void;
  /**
   * log p(given components at step n | row at step n − 1) of every row, up to a constant.
   * @param mean of the reverse transition, [N, D]
   * @param deviation of the reverse transition, [D]
   */
  weights(n: number, mean: Float64Array, deviation: Float64Array): Float64Array;
}

/**
 * Draws one path of the forward process for the given components, χ(0) = α₀χ + σ₀ε and on to χ(1), at the reverse
 * process's times.
 *
 * Conditioning is exact as the number of rows grows, whatever the schedule: given the known values the noise path says
 * nothing more about the other components, and rows are weighted by how well each foresaw the path's next point
 * (Trippe et al., 2206.04119). Where the known components are clean before the others begin (disjoint windows), and where the
 * model takes both to be independent, all weights are equal.
 * @param times from 1 down to 0
 */
export function givenPath(process: DiffusionProcess, given: GivenComponents, times: Float64Array): GivenPath {
  const { dimension } = process;
  const { components } = given;
  const random = new CounterRandom(given.seed, 'given-path');
  const steps = times.length - 1;
  const values: Float64Array[] = new Array<Float64Array>(times.length);
  let before = marginalsAt(process, times[steps]!);
  values[steps] = Float64Array.from(
    components,
    (i) => before.alpha[i]! * given.chi[i]! + before.sigma[i]! * random.normal(),
  );
  for (let n = steps - 1; n >= 0; n--) {
    const now = marginalsAt(process, times[n]!);
    values[n] = Float64Array.from(components, (i, j) => {
      const ratio = now.alpha[i]! / before.alpha[i]!;
      const added = -(now.sigma[i]! ** 2) * Math.expm1(before.gamma[i]! - now.gamma[i]!);
      return ratio * values[n + 1]![j]! + Math.sqrt(Math.max(0, added)) * random.normal();
    });
    before = now;
  }
  return {
    write: (n, chi) => {
      for (let row = 0; row < chi.length; row += dimension)
        components.forEach((i, j) => (chi[row + i] = values[n]![j]!));
    },
    weights: (n, mean, deviation) => {
      const out = new Float64Array(mean.length / dimension);
      components.forEach((i, j) => {
        // A component that does not move at this step says nothing.
        if (deviation[i]! < 1e-12) return;
        for (let row = 0; row < out.length; row++)
          out[row]! -= 0.5 * ((values[n]![j]! - mean[row * dimension + i]!) / deviation[i]!) ** 2;
      });
      return out;
    },
  };
}

/** (Σw)²/Σw² of log weights: between 1 and their number. */
export function effectiveNumber(logWeights: Float64Array): number {
  const top = logWeights.reduce((most, value) => Math.max(most, value), -Infinity);
  let sum = 0;
  let squares = 0;
  for (const value of logWeights) {
    const weight = Math.exp(value - top);
    sum += weight;
    squares += weight * weight;
  }
  return (sum * sum) / squares;
}

/**
 * Systematic resampling: as many rows as before, each in a number of copies within one of its share; rows of equal
 * weight all stay, in order.
 */
export function resample(
  rows: Float64Array,
  logWeights: Float64Array,
  dimension: number,
  seed: number,
  step: number,
): Float64Array {
  const count = logWeights.length;
  const top = logWeights.reduce((most, value) => Math.max(most, value), -Infinity);
  const low = logWeights.reduce((least, value) => Math.min(least, value), Infinity);
  if (top - low < 1e-9) return rows;
  const weights = logWeights.map((value) => Math.exp(value - top));
  const share = weights.reduce((sum, value) => sum + value, 0) / count;
  const out = new Float64Array(rows.length);
  const offset = new CounterRandom(seed, 'given-resample', step).uniform();
  let source = 0;
  let reached = weights[0]!;
  for (let row = 0; row < count; row++) {
    while (reached < (row + offset) * share && source < count - 1) reached += weights[++source]!;
    out.set(rows.subarray(source * dimension, (source + 1) * dimension), row * dimension);
  }
  return out;
}
