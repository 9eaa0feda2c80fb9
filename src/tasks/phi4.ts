import { readSamples } from '../data/dataset.js';
import { evaluatePhi4 } from '../eval/phi4.js';
import { createPhi4Residual } from '../model/phi4Residual.js';
import { interruptible } from '../model/residual.js';
import { encodeSafetensors } from '../tensors/safetensors.js';
import { createPhi4Objective, initialPhi4 } from './phi4Loss.js';
import type { EvaluationInput, ModelInput, TaskDefinition, TaskEvaluation } from './types.js';

/** φ⁴ theory on a periodic lattice, the shallow equivariant network, likelihoods and lattice observables. */
export const phi4Task: TaskDefinition<'phi4'> = {
  name: 'phi4',
  createModel(input) {
    const { process, training, seed } = input;
    return {
      initialize: () => initialPhi4(process, training, seed),
      objective: (dataFolder) =>
        createPhi4Objective({
          process,
          training,
          configurations: readSamples(dataFolder, 'train'),
          seed,
        }),
      evaluate: (evaluation) => evaluate(input, evaluation),
      residual: (parameters) => createPhi4Residual(process, parameters, training),
    };
  },
};

async function evaluate(
  { task, process, training, seed }: ModelInput<'phi4'>,
  { parameters, dataFolder, evaluation, breathe }: EvaluationInput,
): Promise<TaskEvaluation> {
  const { split, samples, level } = evaluation;
  const model = createPhi4Residual(process, parameters, training);
  try {
    const result = await evaluatePhi4({
      process,
      model: interruptible(model, breathe),
      task,
      configurations: readSamples(dataFolder, split),
      samples,
      level,
      seed,
    });
    const { dimension } = process;
    const count = result.samples.length / dimension;
    const files: TaskEvaluation['files'] = {};
    if (count > 0) {
      files['samples.safetensors'] = encodeSafetensors({
        samples: { shape: [count, dimension], data: result.samples },
      });
      // Kept so that two models are compared configuration by configuration, where what is common cancels.
      files['likelihood.safetensors'] = encodeSafetensors({
        nll: { shape: [result.nll.length], data: result.nll },
      });
      files['observables.json'] = JSON.stringify({ split, ...result.observables });
    }
    return { metrics: result.metrics, warnings: result.warnings, files };
  } finally {
    model.dispose();
  }
}
