import * as tf from '@tensorflow/tfjs';
import { RgsweepError } from '../errors.js';
import { uploadParameters, type ParameterArrays, type ParameterTensors } from '../model/arrays.js';
import { createOptimizerState, gradientNorm, optimizerStep, type OptimizerState } from './optimizer.js';
import type { TrainingParameters } from './parameters.js';

/** What a task trains: a loss on the batch of every step, and whatever that keeps on the backend. */
export interface TrainingObjective {
  /**
   * The loss of the batch of step n (counted from 0), differentiable in the parameters. Its batch, times and noise are
   * functions of (seed, n) alone. Runs inside `tf.tidy`.
   * @param rows in place of the training's batch size, to see what a step takes
   */
  loss(parameters: ParameterTensors, step: number, rows?: number): tf.Scalar;
  /** Frees what it keeps on the backend. */
  dispose(): void;
}

/** A training in progress. `state` and `step` change with every `advance`. */
export interface Training {
  readonly state: OptimizerState;
  readonly step: number;
  /** One step; returns its loss. @throws RgsweepError('diverged') when the loss or a gradient is not finite */
  advance(): Promise<number>;
  dispose(): void;
}

export interface TrainingOptions {
  objective: TrainingObjective;
  /** The parameters of step 0. */
  initialize: () => ParameterArrays;
  training: TrainingParameters;
  /** Where to go on; absent: step 0. */
  from?: { step: number; state: OptimizerState };
}

/**
 * Begins or continues a training on the started backend. The objective is a function of (parameters, step) and the
 * optimizer's state is the checkpoint's, so that a continued training equals an uninterrupted one to the last bit.
 */
export function createTraining({ objective, initialize, training, from }: TrainingOptions): Training {
  const state = from?.state ?? createOptimizerState(initialize());
  let step = from?.step ?? 0;

  const advance = async () => {
    const { loss, gradients } = await lossAndGradients(objective, state.parameters, step);
    // In double precision the squares of single-precision numbers cannot overflow: it is finite when all of them are.
    const norm = gradientNorm(gradients);
    if (!Number.isFinite(loss) || !Number.isFinite(norm))
      throw new RgsweepError(
        'diverged',
        `the loss is ${loss} at training step ${step + 1}, or a gradient is not finite`,
        {
          remedy: `lower learningRate (${training.learningRate}) or gradientClip (${training.gradientClip})`,
        },
      );
    optimizerStep(state, gradients, training, step, norm);
    step += 1;
    return loss;
  };
  return {
    state,
    get step() {
      return step;
    },
    advance,
    dispose: () => objective.dispose(),
  };
}

/** Loss and gradients of the batch of one step at these parameters; `rows` as of the objective. */
export async function lossAndGradients(
  objective: TrainingObjective,
  parameters: ParameterArrays,
  step: number,
  rows?: number,
): Promise<{ loss: number; gradients: Record<string, Float32Array> }> {
  const names = Object.keys(parameters);
  const results = tf.tidy(() => {
    const uploaded = uploadParameters(parameters);
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
      objective.loss(Object.fromEntries(names.map((name, n) => [name, tensors[n]!])), step, rows),
    )(names.map((name) => uploaded[name]!));
    return [value, ...grads];
  });
  const [loss, ...gradients] = await Promise.all(results.map((tensor) => tensor.data<'float32'>()));
  tf.dispose(results);
  return { loss: loss![0]!, gradients: Object.fromEntries(names.map((name, n) => [name, gradients[n]!])) };
}
