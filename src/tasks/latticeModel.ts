import { readSamples } from '../data/dataset.js';
import { createPhi4Residual } from '../model/phi4Residual.js';
import { createBatchMaker } from '../train/batch.js';
import { createPhi4Objective, initialPhi4 } from './phi4Loss.js';
import type { ModelInput, TaskModel } from './types.js';

/** The shallow equivariant network (src/model/phi4.ts) on the samples of a data set: for fields of one channel, odd under φ → −φ. */
export function createLatticeModel({
  process,
  training,
  seed,
}: Pick<ModelInput<unknown>, 'process' | 'training' | 'seed'>): TaskModel {
  return {
    initialize: () => initialPhi4(process, training, seed),
    batches: (dataFolder) => createBatchMaker(process, training, readSamples(dataFolder, 'train'), seed),
    objective: () => createPhi4Objective({ process, training }),
    residual: (parameters) => createPhi4Residual(process, parameters, training),
  };
}
