import * as tf from '@tensorflow/tfjs';
import { CounterRandom } from '../random/philox.js';
import type { ParameterArray, ParameterArrays, ParameterTensors } from './arrays.js';
import { conditioningSize } from './conditioning.js';
import { kernelPlacement, type KernelPlacement } from './kernelPlacement.js';
import { matMul, transposedProduct, transposedWideProduct } from './matMul.js';
import { displacementOf, placeInCell, type Cell } from './translations.js';

/**
 * The shallow φ⁴ network: odd in the field and equivariant under translations by whole cells (one site, unless the noise
 * tells sites apart: src/model/translations.ts),
 *
 *   NN(y, n)(x) = Σ_c Σ_x′ R_c(x − x′) a_c(n) tanh(g_c(n) Σ_x″ K_c(x′ − x″) y(x″)) + Σ_l b_l(n) Σ_x′ L_l(x − x′) y(x′),
 *
 * with one input kernel K_c and one output kernel R_c of the full lattice for each of C channels, and four linear kernels L_l.
 * The gains g_c, the amplitudes a_c (1 where it returns 0) and the weights b_l are a small multi-layer perceptron of the
 * conditioning n (src/model/conditioning.ts). The linear kernels take up what the channels' own linear parts leave, at
 * every noise level: without them two channels must cancel each other to leave a pure higher order. With 32 channels on
 * 6 × 6 it has 5,364 parameters: 2 · 32 · 36 + 4 · 36 in the kernels, the rest in the perceptron. In cells of more than one
 * site every place has kernels of its own: K_c and L_l depend on the place of the site x′ they end at, R_c on that of the
 * site it begins at, and there are as many times more kernel parameters.
 */
export interface Phi4Architecture {
  height: number;
  width: number;
  channels: number;
  cell: Cell;
}

const hiddenUnits = 32;
const linearKernels = 4;

/**
 * Initial parameters, a function of the arguments alone. The output kernels are zero, so that training begins at the
 * Gaussian score. Each input kernel is `localKernel`, the linear map from the network's input to the field itself, times a
 * random size, and some noise: the interaction is local in the field, and from kernels without that direction (noise
 * alone) nothing is learned in a thousand steps.
 * @param localKernel src/model/localKernel.ts, for the architecture's cell; of any scale
 */
export function initializePhi4(
  architecture: Phi4Architecture,
  seed: number,
  localKernel: Float64Array,
): ParameterArrays {
  const sites = architecture.height * architecture.width;
  const { channels, cell } = architecture;
  const places = cell.height * cell.width;
  const random = new CounterRandom(seed, 'initialization');
  const normal = (shape: number[], deviation: number): ParameterArray => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal();
    return { shape, data };
  };
  const zero = (shape: number[]) => normal(shape, 0);
  const size = places * sites;
  const input = normal([channels, size], 0.3 / Math.sqrt(sites));
  const norm = Math.hypot(...localKernel) / Math.sqrt(places);
  for (let c = 0; c < channels; c++) {
    const factor = (0.5 + random.uniform()) / norm;
    for (let x = 0; x < size; x++) input.data[c * size + x]! += factor * localKernel[x]!;
  }
  return {
    'input.kernel': input,
    'output.kernel': zero([channels, size]),
    'condition.weight': normal([conditioningSize, hiddenUnits], 1 / Math.sqrt(conditioningSize)),
    'condition.bias': zero([hiddenUnits]),
    'gain.weight': normal([hiddenUnits, channels], 0.5 / Math.sqrt(hiddenUnits)),
    'gain.bias': zero([channels]),
    'amplitude.weight': normal([hiddenUnits, channels], 0.5 / Math.sqrt(hiddenUnits)),
    'amplitude.bias': zero([channels]),
    'linear.kernel': zero([linearKernels, size]),
    'mixture.weight': normal([hiddenUnits, linearKernels], 1 / Math.sqrt(hiddenUnits)),
    'mixture.bias': zero([linearKernels]),
  };
}

/** What a network needs beside its parameters; made once a process, kept until the process ends. */
export interface Phi4Constants extends Phi4Architecture {
  /** The kernel's place is that of p. */
  input: KernelPlacement;
  /** The kernel's place is that of q. */
  output: KernelPlacement;
}

/** Makes the constants of an architecture. */
export function phi4Constants(architecture: Phi4Architecture): Phi4Constants {
  const { height, width, cell } = architecture;
  const sites = height * width;
  const size = cell.height * cell.width * sites;
  const placement = (placed: (p: number, q: number) => number) =>
    kernelPlacement(
      sites,
      size,
      (p, q) => placeInCell(placed(p, q), width, cell) * sites + displacementOf(p, q, height, width),
    );
  return { ...architecture, input: placement((p) => p), output: placement((_p, q) => q) };
}

/** Frees the constants' memory on the backend. */
export function disposePhi4Constants({ input, output }: Phi4Constants): void {
  input.dispose();
  output.dispose();
}

/** Kernels [C, cell·V] as one matrix [V, C·V] that maps fields to the channels' inputs. */
export function inputMatrix(constants: Phi4Constants, kernel: tf.Tensor): tf.Tensor2D {
  const sites = constants.height * constants.width;
  const channels = kernel.shape[0];
  // The entry (c, p, q) leads from the field's site q to the hidden site p.
  const dense = constants.input.place(kernel as tf.Tensor2D).reshape<tf.Tensor3D>([channels, sites, sites]);
  return dense.transpose([2, 0, 1]).reshape([sites, channels * sites]);
}

/** Kernels [C, cell·V] as one matrix [C·V, V] that maps activations to fields. */
export function outputMatrix(constants: Phi4Constants, kernel: tf.Tensor): tf.Tensor2D {
  const sites = constants.height * constants.width;
  const channels = kernel.shape[0];
  // The entry (c, p, q) leads from the hidden site q to the output's site p.
  const dense = constants.output.place(kernel as tf.Tensor2D).reshape<tf.Tensor3D>([channels, sites, sites]);
  return dense.transpose([0, 2, 1]).reshape([channels * sites, sites]);
}

/** Gains g and amplitudes a, each [B, C], and the linear kernels' weights b, [B, 4], of the conditioning [B, F]. */
export function modulation(
  parameters: ParameterTensors,
  conditioning: tf.Tensor2D,
): { gain: tf.Tensor2D; amplitude: tf.Tensor2D; mixture: tf.Tensor2D } {
  const dense = (name: string, input: tf.Tensor2D) =>
    matMul(input, parameters[`${name}.weight`] as tf.Tensor2D).add(parameters[`${name}.bias`]!);
  const hidden = tf.tanh(dense('condition', conditioning)) as tf.Tensor2D;
  return {
    gain: dense('gain', hidden).add<tf.Tensor2D>(1),
    amplitude: dense('amplitude', hidden).add<tf.Tensor2D>(1),
    mixture: dense('mixture', hidden) as tf.Tensor2D,
  };
}

/**
 * a·tanh(g·yK) R for fields y [B, V], matrices K [V, C·V] and R [C·V, V], gains and amplitudes [B, C]. Differentiable in
 * all but y, by gradients written out.
 */
export function modulatedLayer(
  fields: tf.Tensor2D,
  input: tf.Tensor2D,
  output: tf.Tensor2D,
  gain: tf.Tensor2D,
  amplitude: tf.Tensor2D,
): tf.Tensor2D {
  const [count, channels] = gain.shape;
  const sites = fields.shape[1];
  const split: [number, number, number] = [count, channels, sites];
  const flat: [number, number] = [count, channels * sites];
  const layer = tf.customGrad((...all) => {
    const [k, r, g, a, save] = all as unknown as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.GradSaveFunc,
    ];
    const projected = tf.matMul(fields, k).reshape(split);
    // tanh z = 2 sigmoid(2z) − 1: the wasm backend has a vectorized sigmoid and none of tanh (14 times slower). The −1
    // goes behind the product, where it costs a row of channels instead of one of C·V numbers.
    const half = projected.mul(g.mul(2).reshape([count, channels, 1])).sigmoid();
    const hidden = half.mul<tf.Tensor3D>(a.mul(2).reshape([count, channels, 1]));
    const offset = tf.matMul(a, r.reshape([channels, sites, sites]).sum<tf.Tensor2D>(1));
    save([projected, half, hidden, r, g, a, fields]);
    return {
      value: tf.matMul(hidden.reshape<tf.Tensor2D>(flat), r).sub(offset),
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => {
        const [z, sigmoid, scaled, matrix, gains, amplitudes, inputs] = saved as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor3D,
          tf.Tensor2D,
          tf.Tensor2D,
          tf.Tensor2D,
          tf.Tensor2D,
        ];
        const upstream = gradient as tf.Tensor2D;
        const toHidden = tf.matMul(upstream, tf.transpose(matrix)).reshape(split);
        const weighted = toHidden.mul(sigmoid);
        const toAmplitude = weighted.sum(2).mul(2).sub(toHidden.sum(2));
        // d tanh z / dz = 4 s (1 − s)
        const sloped = weighted.mul(tf.sub(1, sigmoid));
        const fourfold = amplitudes.mul(4);
        const toGain = sloped.mul(z).sum(2).mul(fourfold);
        const toProjected = sloped.mul<tf.Tensor3D>(fourfold.mul(gains).reshape([count, channels, 1]));
        const toOffset = tf.matMul(tf.transpose(amplitudes), upstream).reshape([channels, 1, sites]);
        return [
          transposedProduct(inputs, toProjected),
          transposedWideProduct(scaled, upstream)
            .reshape([channels, sites, sites])
            .sub(toOffset)
            .reshape([channels * sites, sites]),
          toGain,
          toAmplitude,
        ];
      },
    };
  });
  return layer(input, output, gain, amplitude) as tf.Tensor2D;
}

/** NN(y, n) for fields y [B, V] and their conditioning [B, F]; differentiable in the parameters. */
export function applyPhi4(
  constants: Phi4Constants,
  parameters: ParameterTensors,
  fields: tf.Tensor2D,
  conditioning: tf.Tensor2D,
): tf.Tensor2D {
  const { gain, amplitude, mixture } = modulation(parameters, conditioning);
  return modulatedLayer(
    fields,
    inputMatrix(constants, parameters['input.kernel']!),
    outputMatrix(constants, parameters['output.kernel']!),
    gain,
    amplitude,
  ).add(linearPart(fields, inputMatrix(constants, parameters['linear.kernel']!), mixture));
}

/** Σ_l b_l yL_l for fields y [B, V], a matrix [V, 4·V] and weights b [B, 4]; differentiable in the latter two. */
export function linearPart(fields: tf.Tensor2D, matrix: tf.Tensor2D, mixture: tf.Tensor2D): tf.Tensor2D {
  const [count, kernels] = mixture.shape;
  // Weighted fields times stacked kernels: the sum over kernels is part of the product.
  const weighted = mixture.reshape([count, kernels, 1]);
  return matMul(fields, matrix).reshape([count, kernels, fields.shape[1]]).mul(weighted).sum<tf.Tensor2D>(1);
}
