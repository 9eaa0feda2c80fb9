import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeStatistics } from '../basis/statistics.js';
import { gaussianFieldNll } from '../data/images/gaussianField.js';
import { readImages } from '../data/images/pixels.js';
import { builtInDatasets, taskShape } from '../data/taskDataset.js';
import { evaluateImages } from '../eval/images.js';
import { imageGridPng, imageLimit } from '../eval/imageGrid.js';
import { unetArchitecture } from '../model/unet/architecture.js';
import { createUnetResidual } from '../model/unet/residual.js';
import { initializeUnet } from '../model/unet/unet.js';
import { cifar10 as cifar10Schema, images as imagesSchema } from '../sweep/builtInTasks.js';
import { metricsOf } from '../sweep/objectiveMetrics.js';
import { encodeSafetensors } from '../tensors/safetensors.js';
import type { TaskOf } from '../train/protocol.js';
import { defineTask } from './define.js';
import { createImagesBatchMaker } from './imagesBatch.js';
import { createImagesObjective } from './imagesLoss.js';
import type { EvaluationInput, ModelInput, TaskEvaluation, TaskModel } from './types.js';

type ImagesSettings = TaskOf<'images'> | TaskOf<'cifar10'>;

/** Generated images, the U-Net, bounds and distances. */
export const imagesTask = defineTask<TaskOf<'images'>>({
  name: 'images',
  schema: imagesSchema,
  metrics: metricsOf.images,
  dataset: builtInDatasets.images,
  model: createModel,
  evaluate,
});
/** CIFAR-10, by the same network and figures. */
export const cifar10Task = defineTask<TaskOf<'cifar10'>>({
  name: 'cifar10',
  schema: cifar10Schema,
  metrics: metricsOf.cifar10,
  dataset: builtInDatasets.cifar10,
  model: createModel,
  evaluate,
});

function createModel({ settings, process, training, seed }: ModelInput<ImagesSettings>): TaskModel {
  const architecture = unetArchitecture(training.unetSize, taskShape(settings));
  return {
    initialize: () => initializeUnet(architecture, seed),
    batches: (dataFolder) =>
      createImagesBatchMaker({
        process,
        training,
        architecture,
        images: readImages(dataFolder, 'train'),
        seed,
      }),
    objective: () => createImagesObjective({ process, training, architecture }),
    residual: (parameters) =>
      createUnetResidual(process, architecture, parameters, {
        gaussianScore: training.gaussianScore,
        seed,
      }),
  };
}

async function evaluate({
  settings,
  process,
  seed,
  model,
  dataFolder,
  split,
  samples,
  level,
  likelihoodImages,
}: EvaluationInput<ImagesSettings>): Promise<TaskEvaluation> {
  const shape = taskShape(settings);
  // Of the machine that evaluates, as its backend is: a path means nothing elsewhere.
  const inception = globalThis.process.env.RGSWEEP_INCEPTION;
  const gaussianField = settings.name === 'images' && settings.kind === 'gaussian-field';
  const result = await evaluateImages({
    process,
    model,
    statistics: decodeStatistics(readFileSync(join(dataFolder, 'statistics.safetensors'))),
    images: readImages(dataFolder, split),
    ...(gaussianField
      ? { exactNll: (fields: Float32Array) => gaussianFieldNll(fields, shape, settings.exponent) }
      : {}),
    samples,
    ...(inception ? { inception } : {}),
    level,
    ...(likelihoodImages === undefined ? {} : { likelihoodImages }),
    seed,
  });
  const { dimension } = process;
  const pictured = result.samples.subarray(0, Math.min(64, samples) * dimension);
  const { png } = imageGridPng(pictured, shape, { columns: 8, scale: 4, limit: imageLimit(settings) });
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
}
