import * as tf from '@tensorflow/tfjs';
import { RgsweepError } from '../errors.js';
import { uploadParameters, type ParameterArrays, type ParameterTensors } from '../model/arrays.js';
import { createOptimizerState, gradientNorm, optimizerStep, type OptimizerState } from './optimizer.js';
import type { TrainingParameters } from './parameters.js';

/** What a task trains: a loss on the batch of every step, and whatever that keeps on the backend. */
export interface TrainingObjective<Batch = unknown> {
  /** The loss of a batch, differentiable in the parameters; draws no random numbers. Runs inside `tf.tidy`. */
  loss(parameters: ParameterTensors, batch: Batch): tf.Scalar;
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

export interface TrainingOptions<Batch> {
  objective: TrainingObjective<Batch>;
  /** The batch of step n, counted from 0. */
  batch: (step: number) => Batch | Promise<Batch>;
  /** The parameters of step 0. */
  initialize: () => ParameterArrays;
  training: TrainingParameters;
  /** Where to go on; absent: step 0. */
  from?: { step: number; state: OptimizerState };
}

/**
 * Begins or continues a training on the started backend. The loss is a function of (parameters, step) and the
 * optimizer's state is the checkpoint's, so that a continued training equals an uninterrupted one to the last bit.
 */
export function createTraining<Batch>({
  objective,
  batch,
  initialize,
  training,
  from,
}: TrainingOptions<Batch>): Training {
  const state = from?.state ?? createOptimizerState(initialize());
  let step = from?.step ?? 0;

  const advance = async () => {
    const { loss, gradients } = await lossAndGradients(objective, state.parameters, await batch(step));
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

/** Loss and gradients of a batch at these parameters. */
export async function lossAndGradients<Batch>(
  objective: TrainingObjective<Batch>,
  parameters: ParameterArrays,
  batch: Batch,
): Promise<{ loss: number; gradients: Record<string, Float32Array> }> {
  const names = Object.keys(parameters);
  const results = tf.tidy(() => {
    const uploaded = uploadParameters(parameters);
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
      objective.loss(Object.fromEntries(names.map((name, n) => [name, tensors[n]!])), batch),
    )(names.map((name) => uploaded[name]!));
    return [value, ...grads];
  });
  const [loss, ...gradients] = await Promise.all(results.map((tensor) => tensor.data<'float32'>()));
  tf.dispose(results);
  return { loss: loss![0]!, gradients: Object.fromEntries(names.map((name, n) => [name, gradients[n]!])) };
}
