import * as tf from '@tensorflow/tfjs';
import { CounterRandom } from '../../random/philox.js';
import type { DiffusionProcess } from '../../schedule/types.js';
import { uploadParameters, type ParameterArrays } from '../arrays.js';
import { createNoiseLevels, emptyNoiseLevels } from '../noiseLevels.js';
import type { ResidualModel } from '../residual.js';
import type { UnetArchitecture } from './architecture.js';
import { createUnetNetwork, emptyLevelRows, writeLevelRow, type LevelRows } from './network.js';

/** Rows that go through the network at once: what its activations take of memory. */
const rowsAtOnce = 64;

export interface UnetResidualOptions {
  gaussianScore: boolean;
  /** Of the probes that estimate divergences. */
  seed: number;
}

/**
 * The U-Net as a residual model: g = cos θ NN(u) with the Gaussian score, NN(χ) − sin θ u without.
 *
 * Its divergence is Hutchinson's estimate with one Rademacher probe v a row, Σ_i w_i ∂g_i/∂u_i ≈ Σ_ij v_i w_i ∂g_i/∂u_j v_j,
 * unbiased. A row's probe is the same at every time, so that a flow's steps converge.
 */
export function createUnetResidual(
  process: DiffusionProcess,
  architecture: UnetArchitecture,
  parameters: ParameterArrays,
  { gaussianScore, seed }: UnetResidualOptions,
): ResidualModel & { dispose(): void } {
  const { dimension } = process;
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(dimension);
  const network = createUnetNetwork(process, architecture);
  const tensors = uploadParameters(parameters);

  /** What the rows `start` to `end` need; `timeOf` a row's time. */
  const rowsOf = (start: number, end: number, timeOf: (n: number) => number) => {
    const count = end - start;
    const told: LevelRows = emptyLevelRows(count, dimension);
    const scale = new Float32Array(count * dimension);
    const shift = new Float32Array(count * dimension);
    let previous = NaN;
    for (let n = 0; n < count; n++) {
      const t = timeOf(start + n);
      if (t !== previous) levelsAt(t, levels);
      previous = t;
      writeLevelRow(process, gaussianScore, levels, told, n);
      for (let i = 0; i < dimension; i++) {
        scale[n * dimension + i] = gaussianScore ? levels.cosine[i]! : 1;
        shift[n * dimension + i] = gaussianScore ? 0 : -levels.sine[i]!;
      }
    }
    const matrix = (values: Float32Array) => tf.tensor2d(values, [count, dimension]);
    return (u: tf.Tensor2D) =>
      network
        .apply(tensors, u, told)
        .mul(matrix(scale))
        .add<tf.Tensor2D>(u.mul(matrix(shift)));
  };
  const slice = (u: Float64Array, start: number, end: number) =>
    tf.tensor2d(Float32Array.from(u.subarray(start * dimension, end * dimension)), [end - start, dimension]);

  return {
    dimension,
    async residual(u, times) {
      const out = new Float64Array(u.length);
      for (let start = 0; start < times.length; start += rowsAtOnce) {
        const end = Math.min(times.length, start + rowsAtOnce);
        const values = tf.tidy(() => rowsOf(start, end, (n) => times[n]!)(slice(u, start, end)));
        out.set(await values.data<'float32'>(), start * dimension);
        values.dispose();
      }
      return out;
    },
    async residualAndDivergence(u, t, weights) {
      const count = u.length / dimension;
      const residual = new Float64Array(u.length);
      const divergence = new Float64Array(count);
      for (let start = 0; start < count; start += rowsAtOnce) {
        const end = Math.min(count, start + rowsAtOnce);
        const results = tf.tidy(() => {
          const g = rowsOf(start, end, () => t);
          const probe = probes(seed, start, end, dimension);
          const weighted = probe.mul<tf.Tensor2D>(tf.tensor2d(Float32Array.from(weights), [1, dimension]));
          let value: tf.Tensor | undefined;
          const slope = tf.grad((x: tf.Tensor) => {
            const made = g(x as tf.Tensor2D);
            value = tf.keep(made.clone());
            return made.mul(weighted).sum();
          })(slice(u, start, end));
          return [value!, slope.mul(probe).sum(1)];
        });
        const [values, sums] = await Promise.all(results.map((tensor) => tensor.data<'float32'>()));
        tf.dispose(results);
        residual.set(values!, start * dimension);
        divergence.set(sums!, start);
      }
      return { residual, divergence };
    },
    dispose() {
      network.dispose();
      tf.dispose(tensors);
    },
  };
}

/** ±1 with equal chance, functions of (seed, row). */
function probes(seed: number, start: number, end: number, dimension: number): tf.Tensor2D {
  const out = new Float32Array((end - start) * dimension);
  for (let n = start; n < end; n++) {
    const random = new CounterRandom(seed, 'hutchinson', n);
    for (let i = 0; i < dimension; i += 32) {
      const bits = random.uint32();
      for (let j = 0; j < 32 && i + j < dimension; j++)
        out[(n - start) * dimension + i + j] = (bits >>> j) & 1 ? 1 : -1;
    }
  }
  return tf.tensor2d(out, [end - start, dimension]);
}
