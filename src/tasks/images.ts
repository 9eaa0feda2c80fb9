import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeStatistics } from '../basis/statistics.js';
import { gaussianFieldNll } from '../data/images/gaussianField.js';
import { readImages } from '../data/images/pixels.js';
import { taskShape } from '../data/taskDataset.js';
import { evaluateImages } from '../eval/images.js';
import { imageGridPng, imageLimit } from '../eval/imageGrid.js';
import { interruptible } from '../model/residual.js';
import { unetArchitecture, type UnetArchitecture } from '../model/unet/architecture.js';
import { createUnetResidual } from '../model/unet/residual.js';
import { initializeUnet } from '../model/unet/unet.js';
import { encodeSafetensors } from '../tensors/safetensors.js';
import { createImagesObjective } from './imagesLoss.js';
import type { EvaluationInput, ModelInput, TaskDefinition, TaskEvaluation, TaskModel } from './types.js';

type ImagesInput = ModelInput<'images'> | ModelInput<'cifar10'>;

/** Generated images, the U-Net, bounds and distances. */
export const imagesTask: TaskDefinition<'images'> = { name: 'images', createModel };
/** CIFAR-10, by the same network and figures. */
export const cifar10Task: TaskDefinition<'cifar10'> = { name: 'cifar10', createModel };

function createModel(input: ImagesInput): TaskModel {
  const { task, process, training, seed } = input;
  const architecture = unetArchitecture(training.unetSize, taskShape(task));
  return {
    initialize: () => initializeUnet(architecture, seed),
    objective: (dataFolder) =>
      createImagesObjective({
        process,
        training,
        architecture,
        images: readImages(dataFolder, 'train'),
        dropout: training.dropout,
        seed,
      }),
    evaluate: (evaluation) => evaluate(input, architecture, evaluation),
    residual: (parameters) =>
      createUnetResidual(process, architecture, parameters, {
        gaussianScore: training.gaussianScore,
        seed,
      }),
  };
}

async function evaluate(
  { task, process, training, seed }: ImagesInput,
  architecture: UnetArchitecture,
  { parameters, dataFolder, evaluation, breathe }: EvaluationInput,
): Promise<TaskEvaluation> {
  const { split, samples, level } = evaluation;
  const { gaussianScore } = training;
  // Of the machine that evaluates, as its backend is: a path means nothing elsewhere.
  const inception = globalThis.process.env.RGSWEEP_INCEPTION;
  const model = createUnetResidual(process, architecture, parameters, { gaussianScore, seed });
  try {
    const result = await evaluateImages({
      process,
      model: interruptible(model, breathe),
      statistics: decodeStatistics(readFileSync(join(dataFolder, 'statistics.safetensors'))),
      images: readImages(dataFolder, split),
      ...(task.name === 'images' && task.kind === 'gaussian-field'
        ? { exactNll: (fields) => gaussianFieldNll(fields, architecture.shape, task.exponent) }
        : {}),
      samples,
      ...(inception ? { inception } : {}),
      level,
      seed,
    });
    const { dimension } = process;
    const pictured = result.samples.subarray(0, Math.min(64, samples) * dimension);
    const { png } = imageGridPng(pictured, architecture.shape, {
      columns: 8,
      scale: 4,
      limit: imageLimit(task),
    });
    return {
      metrics: result.metrics,
      warnings: result.warnings,
      files: {
        'samples.safetensors': encodeSafetensors({
          samples: { shape: [samples, dimension], data: result.samples },
        }),
        // Kept so that two models are compared image by image, where what is common cancels.
        'likelihood.safetensors': encodeSafetensors({
          vlb: { shape: [result.bound.length], data: result.bound },
        }),
        'bands.json': JSON.stringify({ split, bands: result.bands }),
        'samples.png': png,
      },
    };
  } finally {
    model.dispose();
  }
}
