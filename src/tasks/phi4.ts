import { builtInDatasets } from '../data/taskDataset.js';
import { readSamples } from '../data/dataset.js';
import { evaluatePhi4 } from '../eval/phi4.js';
import { phi4 as schema } from '../sweep/builtInTasks.js';
import { metricsOf } from '../sweep/objectiveMetrics.js';
import { densityFiles } from './densityFiles.js';
import { defineTask } from './define.js';
import { createLatticeModel } from './latticeModel.js';

/** φ⁴ theory on a periodic lattice, the shallow equivariant network, likelihoods and lattice observables. */
export const phi4Task = defineTask({
  name: 'phi4',
  schema,
  metrics: metricsOf.phi4,
  dataset: builtInDatasets.phi4,
  model: createLatticeModel,
  async evaluate({ settings, dataFolder, split, ...input }) {
    const result = await evaluatePhi4({
      ...input,
      task: settings,
      configurations: readSamples(dataFolder, split),
    });
    const files = densityFiles(result, input.process.dimension);
    if (result.samples.length > 0)
      files['observables.json'] = JSON.stringify({ split, ...result.observables });
    return { metrics: result.metrics, warnings: result.warnings, files };
  },
});
