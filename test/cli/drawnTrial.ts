import { join } from 'node:path';
import { encodeStatistics } from '../../src/basis/statistics.js';
import type { DataStatistics } from '../../src/basis/types.js';
import { sweepDatasetKey } from '../../src/data/sweepData.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { saveCheckpoint } from '../../src/store/checkpoints.js';
import { openFileStore } from '../../src/store/file.js';
import { layout } from '../../src/store/layout.js';
import { takeLease } from '../../src/store/lease.js';
import { writeSpec, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSpec } from '../../src/sweep/types.js';
import { loadTask } from '../../src/tasks/registry.js';
import { encodeSafetensors, type TensorData } from '../../src/tensors/safetensors.js';
import { writeCheckpoint } from '../../src/train/checkpoint.js';
import { createOptimizerState } from '../../src/train/optimizer.js';
import { readTrainingParameters } from '../../src/train/parameters.js';
import { dataTaskOf } from '../../src/train/protocol.js';
import { exampleTrial } from '../store/example.js';

export interface DrawnTrial {
  /** The store is made here. */
  folder: string;
  spec: SweepSpec;
  parameters: Parameters;
  statistics: DataStatistics;
  /** Tensors of test.safetensors. */
  test: Record<string, TensorData>;
}

/** A store with a sweep's data and its trial 0, the baseline standard: at step 1,000 its network is as it began. */
export async function storeWithTrial(input: DrawnTrial): Promise<ObjectStore> {
  const { folder, spec, parameters, statistics, test } = input;
  const store = await openFileStore(join(folder, 'store'));
  const task = dataTaskOf(spec.task)!;
  const trial = { ...exampleTrial(0), parameters, baseline: 'standard', state: 'complete' as const };
  await writeSpec(store, spec);
  await writeTrial(store, spec.name, trial);
  const data = layout.dataset(sweepDatasetKey(task)!);
  await store.put(`${data}/statistics.safetensors`, encodeStatistics(statistics));
  await store.put(`${data}/test.safetensors`, encodeSafetensors(test));
  const { definition, settings } = await loadTask(task);
  const training = readTrainingParameters(parameters);
  const process = createProcess(parameters, statistics);
  const { seed } = trial;
  const made = await definition.model({ settings, process, parameters, training, seed });
  const written = { step: 1000, loss: 0.5, state: createOptimizerState(made.initialize()) };
  await saveCheckpoint(store, {
    sweep: spec.name,
    trial: 0,
    step: 1000,
    folder: writeCheckpoint(folder, written),
    lease: await takeLease(store, spec.name, 0, 'test'),
    parameters,
    seed,
    loss: 0.5,
  });
  return store;
}
