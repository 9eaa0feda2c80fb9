import * as tf from '@tensorflow/tfjs';
import type { ParameterArrays, ParameterTensors } from '../model/arrays.js';
import { conditioningSize } from '../model/conditioning.js';
import { localKernel } from '../model/localKernel.js';
import { matMulConstant } from '../model/matMul.js';
import {
  applyPhi4,
  disposePhi4Constants,
  initializePhi4,
  phi4Constants,
  type Phi4Constants,
} from '../model/phi4.js';
import { translationCell } from '../model/translations.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { createBatchMaker, type TrainingBatch } from '../train/batch.js';
import { createTraining, type Training, type TrainingObjective } from '../train/loop.js';
import type { OptimizerState } from '../train/optimizer.js';
import type { TrainingParameters } from '../train/parameters.js';

export interface Phi4TrainingOptions {
  process: DiffusionProcess;
  training: TrainingParameters;
  /** Training configurations, [N, D]. */
  configurations: Float32Array;
  seed: number;
  /** Where to go on; absent: step 0 with the seed's initial parameters. */
  from?: { step: number; state: OptimizerState };
}

/** Begins or continues the training of a φ⁴ network. */
export function createPhi4Training({ from, ...options }: Phi4TrainingOptions): Training {
  const { process, training, seed } = options;
  return createTraining({
    objective: createPhi4Objective(options),
    batch: createBatchMaker(process, training, options.configurations, seed),
    initialize: () => initialPhi4(process, training, seed),
    training,
    ...(from ? { from } : {}),
  });
}

/** The parameters a φ⁴ training begins with, a function of the arguments alone. */
export function initialPhi4(
  process: DiffusionProcess,
  training: TrainingParameters,
  seed: number,
): ParameterArrays {
  const { height, width } = process.basis.shape;
  const cell = translationCell(process, training.translationPeriod);
  const kernel = localKernel(process, training.gaussianScore, cell);
  return initializePhi4({ height, width, channels: training.channels, cell }, seed, kernel);
}

/** The φ⁴ network's loss. */
export function createPhi4Objective({
  process,
  training,
}: Pick<Phi4TrainingOptions, 'process' | 'training'>): TrainingObjective<TrainingBatch> {
  const constants = createLossConstants(process, training);
  return {
    loss: (parameters, batch) => batchLoss(parameters, batch, constants),
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
export function createLossConstants(
  process: DiffusionProcess,
  { channels, translationPeriod }: Pick<TrainingParameters, 'channels' | 'translationPeriod'>,
): LossConstants {
  const { dimension, scale, dataVariance } = process;
  const { height, width } = process.basis.shape;
  const cell = translationCell(process, translationPeriod);
  const matrix = process.basis.matrix();
  const whitening = matrix.map((entry, n) => {
    const i = n % dimension;
    return entry / (scale[i]! * Math.sqrt(dataVariance[i]!));
  });
  const upload = (values: Float64Array) => tf.tensor2d(Float32Array.from(values), [dimension, dimension]);
  const basis = upload(matrix);
  return {
    network: phi4Constants({ height, width, channels, cell }),
    basis,
    basisTransposed: tf.transpose(basis),
    whiten: upload(whitening),
  };
}

/** Frees the constants' memory on the backend. */
export function disposeLossConstants({ network, basis, basisTransposed, whiten }: LossConstants): void {
  disposePhi4Constants(network);
  tf.dispose([basis, basisTransposed, whiten]);
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
