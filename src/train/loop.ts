import * as tf from '@tensorflow/tfjs';
import { RgsweepError } from '../errors.js';
import { uploadParameters, type ParameterTensors } from '../model/arrays.js';
import { conditioningSize } from '../model/conditioning.js';
import { localKernel } from '../model/localKernel.js';
import { matMulConstant } from '../model/matMul.js';
import { applyPhi4, initializePhi4, phi4Constants, type Phi4Constants } from '../model/phi4.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { createBatchMaker, type TrainingBatch } from './batch.js';
import { createOptimizerState, optimizerStep, type OptimizerState } from './optimizer.js';
import type { TrainingParameters } from './parameters.js';

/** A training in progress. `state` and `step` change with every `advance`. */
export interface Training {
  readonly state: OptimizerState;
  readonly step: number;
  /** One step; returns its loss. @throws RgsweepError('diverged') when the loss or a gradient is not finite */
  advance(): Promise<number>;
  dispose(): void;
}

export interface TrainingOptions {
  process: DiffusionProcess;
  training: TrainingParameters;
  /** Training configurations, [N, D]. */
  configurations: Float32Array;
  seed: number;
  /** Where to go on; absent: step 0 with the seed's initial parameters. */
  from?: { step: number; state: OptimizerState };
}

/**
 * Begins or continues a training on the started backend. Batches, times and noise are functions of (seed, step) and the
 * optimizer's state is the checkpoint's, so that a continued training equals an uninterrupted one to the last bit.
 */
export function createTraining(options: TrainingOptions): Training {
  const { process, training, configurations, seed } = options;
  const constants = createLossConstants(process, training.channels);
  const makeBatch = createBatchMaker(process, training, configurations, seed);
  const state =
    options.from?.state ??
    createOptimizerState(
      initializePhi4(constants.network, seed, localKernel(process, training.gaussianScore)),
    );
  let step = options.from?.step ?? 0;

  const advance = async () => {
    const batch = makeBatch(step);
    const { loss, gradients } = await lossAndGradients(state, batch, constants);
    if (
      !Number.isFinite(loss) ||
      Object.values(gradients).some((gradient) => gradient.some((x) => !Number.isFinite(x)))
    )
      throw new RgsweepError(
        'diverged',
        `the loss is ${loss} at training step ${step + 1}, or a gradient is not finite`,
        {
          remedy: `lower learningRate (${training.learningRate}) or gradientClip (${training.gradientClip})`,
        },
      );
    optimizerStep(state, gradients, training, step);
    step += 1;
    return loss;
  };
  return {
    state,
    get step() {
      return step;
    },
    advance,
    dispose: () => disposeLossConstants(constants),
  };
}

/** What a training keeps on the backend for as long as it runs. */
export interface LossConstants {
  network: Phi4Constants;
  /** U and Uᵀ, and (Uᵀ)ᵀ over the data's standard deviations: rows φ − μ to whitened components ĉ. */
  basis: tf.Tensor2D;
  basisTransposed: tf.Tensor2D;
  whiten: tf.Tensor2D;
}

/** Makes the constants of a process and an architecture. */
export function createLossConstants(process: DiffusionProcess, channels: number): LossConstants {
  const { dimension, scale, dataVariance } = process;
  const { height, width } = process.basis.shape;
  const matrix = process.basis.matrix();
  const whitening = matrix.map((entry, n) => {
    const i = n % dimension;
    return entry / (scale[i]! * Math.sqrt(dataVariance[i]!));
  });
  const upload = (values: Float64Array) => tf.tensor2d(Float32Array.from(values), [dimension, dimension]);
  const basis = upload(matrix);
  return {
    network: phi4Constants({ height, width, channels }),
    basis,
    basisTransposed: tf.transpose(basis),
    whiten: upload(whitening),
  };
}

/** Frees the constants' memory on the backend. */
export function disposeLossConstants({ network, basis, basisTransposed, whiten }: LossConstants): void {
  tf.dispose([network.displacement, network.displacementTransposed, basis, basisTransposed, whiten]);
}

async function lossAndGradients(
  state: OptimizerState,
  batch: TrainingBatch,
  constants: LossConstants,
): Promise<{ loss: number; gradients: Record<string, Float32Array> }> {
  const names = Object.keys(state.parameters);
  const results = tf.tidy(() => {
    const uploaded = uploadParameters(state.parameters);
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
      batchLoss(Object.fromEntries(names.map((name, n) => [name, tensors[n]!])), batch, constants),
    )(names.map((name) => uploaded[name]!));
    return [value, ...grads];
  });
  const [loss, ...gradients] = await Promise.all(results.map((tensor) => tensor.data<'float32'>()));
  tf.dispose(results);
  return { loss: loss![0]!, gradients: Object.fromEntries(names.map((name, n) => [name, gradients[n]!])) };
}

/**
 * B⁻¹ Σ_b Σ_i w_i (ε_i − ε̂_i)² of one batch, differentiable in the parameters.
 *
 * With the Gaussian score ε̂ = sin θ u + cos θ NN(u), and since u = cos θ ĉ + sin θ ε, ε − ε̂ = cos θ (cos θ ε − sin θ ĉ − NN).
 * NN_i = sin θ_i times the network's output: as a component's noise vanishes ε̂ = −σ·score does, and without the factor the
 * network would learn that from noise. Without the Gaussian score ε̂ is the network's output for χ.
 */
export function batchLoss(
  parameters: ParameterTensors,
  batch: TrainingBatch,
  constants: LossConstants,
): tf.Scalar {
  const dimension = constants.basis.shape[0];
  const rows = (values: Float32Array) => tf.tensor2d(values, [batch.count, dimension]);
  const clean = tf.matMul(rows(batch.fields), constants.whiten);
  const noise = rows(batch.noise);
  const sine = rows(batch.sine);
  const cosine = rows(batch.cosine);
  const mixed = clean.mul(cosine).add(noise.mul(sine));
  const input = batch.inputScale ? mixed.mul(rows(batch.inputScale)) : mixed;
  const fields = tf.matMul(input, constants.basisTransposed);
  const conditioning = tf.tensor2d(batch.conditioning, [batch.count, conditioningSize]);
  const output = matMulConstant(
    applyPhi4(constants.network, parameters, fields as tf.Tensor2D, conditioning),
    constants.basis,
    constants.basisTransposed,
  );
  const weight = rows(batch.rootWeight);
  const error = batch.inputScale
    ? noise.sub(output).mul(weight)
    : noise.mul(cosine).sub(clean.add(output).mul(sine)).mul(weight.mul(cosine));
  return error.square().sum().div(batch.count);
}
