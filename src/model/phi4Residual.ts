import * as tf from '@tensorflow/tfjs';
import type { ResidualModel } from './residual.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { uploadParameters, type ParameterArrays } from './arrays.js';
import { conditioningSize, writeConditioning } from './conditioning.js';
import { createNoiseLevels, emptyNoiseLevels, marginalDeviation } from './noiseLevels.js';
import { inputMatrix, linearPart, modulation, outputMatrix, phi4Constants } from './phi4.js';
import { translationCell } from './translations.js';

/** A residual model on the backend; `dispose` frees its tensors. */
export interface Phi4Residual extends ResidualModel {
  dispose(): void;
}

/**
 * The φ⁴ network as a residual model: g = cos θ sin θ·network(u) with the Gaussian score, network(χ) − sin θ u without
 * (src/train/loop.ts). Kernels are multiplied with the basis once, so that an evaluation is two products,
 * NN = a·tanh(g·uA) B + Σ_l b_l uM_l with A = UᵀK [D, C·V], B = R U [C·V, D] and M_l = UᵀL_l U [D, D], and its divergence one
 * more,
 *
 *   Σ_i w_i ∂NN_i/∂u_i = Σ_cx a_c g_c (1 − tanh²_cx) Σ_i w_i A_i,cx B_cx,i + Σ_l b_l Σ_i w_i M_l,ii.
 */
export function createPhi4Residual(
  process: DiffusionProcess,
  parameters: ParameterArrays,
  options: { channels: number; gaussianScore: boolean; translationPeriod: number },
): Phi4Residual {
  const { dimension, dataVariance } = process;
  const { height, width } = process.basis.shape;
  const { channels, gaussianScore } = options;
  const cell = translationCell(process, options.translationPeriod);
  const hiddenSize = channels * dimension;
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(dimension);
  const tensors = uploadParameters(parameters);
  const [into, outOf, pairs, spread, linear] = tf.tidy(() => {
    const constants = phi4Constants({ height, width, channels, cell });
    const basis = tf.tensor2d(Float32Array.from(process.basis.matrix()), [dimension, dimension]);
    const a = tf.matMul(tf.transpose(basis), inputMatrix(constants, tensors['input.kernel']!));
    const b = tf.matMul(outputMatrix(constants, tensors['output.kernel']!), basis);
    const oneHot = tf.tidy(() =>
      tf.eye(channels).tile([1, dimension]).reshape([channels, dimension, channels]),
    );
    return [
      a,
      b,
      a.mul(tf.transpose(b)),
      // Row c has ones at all sites of channel c: [1, C] × [C, C·V] repeats a channel's number over its sites.
      oneHot.transpose([0, 2, 1]).reshape<tf.Tensor2D>([channels, hiddenSize]),
      linearInBasis(inputMatrix(constants, tensors['linear.kernel']!), basis),
    ];
  }) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const linearKernels = linear.shape[1] / dimension;

  /** √v_i, or 1: what the network's input is multiplied with. */
  const inputScale = (): Float64Array =>
    levels.sine.map((sine, i) =>
      gaussianScore ? 1 : marginalDeviation(sine, levels.cosine[i]!, dataVariance[i]!),
    );
  /** g = scale·network + shift·u. */
  const outputScale = (i: number) => (gaussianScore ? levels.cosine[i]! * levels.sine[i]! : 1);
  const outputShift = (i: number) => (gaussianScore ? 0 : -levels.sine[i]!);

  const residual: ResidualModel['residual'] = async (u, times) => {
    const count = times.length;
    const scales = new Float64Array(count * dimension);
    const shifts = new Float64Array(count * dimension);
    const input = new Float32Array(count * dimension);
    const conditioning = new Float32Array(count * conditioningSize);
    times.forEach((t, n) => {
      levelsAt(t, levels);
      writeConditioning(levels, conditioning, n * conditioningSize);
      const factor = inputScale();
      for (let i = 0; i < dimension; i++) {
        const at = n * dimension + i;
        input[at] = factor[i]! * u[at]!;
        scales[at] = outputScale(i);
        shifts[at] = outputShift(i);
      }
    });
    const output = tf.tidy(() => {
      const { gain, amplitude, mixture } = modulation(
        tensors,
        tf.tensor2d(conditioning, [count, conditioningSize]),
      );
      const split: [number, number, number] = [count, channels, dimension];
      const components = tf.tensor2d(input, [count, dimension]);
      const activation = tf
        .matMul(components, into)
        .reshape(split)
        .mul(gain.mul(2).reshape([count, channels, 1]))
        .sigmoid()
        .mul(2)
        .sub(1);
      const hidden = activation.mul(amplitude.reshape([count, channels, 1])).reshape([count, hiddenSize]);
      return tf.matMul(hidden, outOf).add(linearPart(components, linear, mixture));
    });
    const values = await output.data<'float32'>();
    output.dispose();
    return combine(values, scales, shifts, u);
  };

  const residualAndDivergence: ResidualModel['residualAndDivergence'] = async (u, t, weights) => {
    const count = u.length / dimension;
    levelsAt(t, levels);
    const conditioning = new Float32Array(conditioningSize);
    writeConditioning(levels, conditioning, 0);
    const factor = inputScale();
    const scale = Float64Array.from({ length: dimension }, (_, i) => outputScale(i));
    const shift = Float64Array.from({ length: dimension }, (_, i) => outputShift(i));
    const pairWeights = Float32Array.from(weights, (weight, i) => weight * scale[i]! * factor[i]!);
    const constantDivergence = weights.reduce((sum, weight, i) => sum + weight * shift[i]!, 0);
    const results = tf.tidy(() => {
      const { gain, amplitude, mixture } = modulation(
        tensors,
        tf.tensor2d(conditioning, [1, conditioningSize]),
      );
      const gains = tf.matMul(gain, spread);
      const amplitudes = tf.matMul(amplitude, spread).reshape<tf.Tensor2D>([hiddenSize, 1]);
      const scaledInto = into
        .mul(tf.tensor2d(Float32Array.from(factor), [dimension, 1]))
        .mul<tf.Tensor2D>(gains.mul(2));
      const components = tf.tensor2d(Float32Array.from(u), [count, dimension]);
      const half = tf.matMul(components, scaledInto).sigmoid();
      const sensitivity = tf
        .matMul(tf.tensor2d(pairWeights, [1, dimension]), pairs)
        .mul(gains)
        .reshape([hiddenSize, 1])
        .mul<tf.Tensor2D>(amplitudes);
      // tanh = 2s − 1 and tanh′ = 4s(1 − s) with s = sigmoid(2·): one product for NN and for Σ 4s·sensitivity.
      const scaledOutOf = outOf.mul<tf.Tensor2D>(amplitudes);
      const both = tf.matMul(half, tf.concat([scaledOutOf.mul(2), sensitivity.mul(4)], 1));
      // One matrix for all fields, since all are at the same time: Σ_l b_l M_l.
      const mixed = linear
        .reshape([dimension, linearKernels, dimension])
        .mul(mixture.reshape([1, linearKernels, 1]))
        .sum<tf.Tensor2D>(1);
      const linearOutput = tf.matMul(
        components.mul<tf.Tensor2D>(tf.tensor1d(Float32Array.from(factor))),
        mixed,
      );
      const linearDivergence = mixed.mul(tf.eye(dimension)).sum(0).mul(tf.tensor1d(pairWeights)).sum();
      const output = both.slice([0, 0], [count, dimension]).sub(scaledOutOf.sum(0)).add(linearOutput);
      const first = both.slice([0, dimension], [count, 1]);
      return [output, first.sub(tf.matMul(half.square(), sensitivity.mul(4))).add(linearDivergence)];
    });
    const [values, divergence] = await Promise.all(results.map((tensor) => tensor.data<'float32'>()));
    tf.dispose(results);
    return {
      residual: combine(values!, scale, shift, u),
      divergence: Float64Array.from(divergence!, (value) => value + constantDivergence),
    };
  };

  return {
    dimension,
    residual,
    residualAndDivergence,
    dispose: () => tf.dispose([...Object.values(tensors), into, outOf, pairs, spread, linear]),
  };
}

/** UᵀL_l U side by side, [D, 4·D], of kernels' matrices L_l side by side, [V, 4·V]. */
function linearInBasis(matrix: tf.Tensor2D, basis: tf.Tensor2D): tf.Tensor2D {
  const dimension = basis.shape[0];
  const kernels = matrix.shape[1] / dimension;
  const left = tf.matMul(tf.transpose(basis), matrix).reshape([dimension * kernels, dimension]);
  return tf.matMul(left as tf.Tensor2D, basis).reshape([dimension, kernels * dimension]);
}

/** scale·values + shift·u, scale and shift repeated as often as they fit. */
function combine(
  values: Float32Array,
  scale: Float64Array,
  shift: Float64Array,
  u: Float64Array,
): Float64Array {
  const out = new Float64Array(values.length);
  const period = scale.length;
  for (let start = 0; start < values.length; start += period)
    for (let i = 0; i < period; i++)
      out[start + i] = scale[i]! * values[start + i]! + shift[i]! * u[start + i]!;
  return out;
}
