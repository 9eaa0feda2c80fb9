import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeStatistics } from '../../src/basis/statistics.js';
import type { DataStatistics } from '../../src/basis/types.js';
import {
  checkDataset,
  datasetKey,
  defaultRecipe,
  prepareDataset,
  readSamples,
} from '../../src/data/dataset.js';
import type { Phi4Task } from '../../src/train/protocol.js';

/** The lattice of every reference number: 6 × 6, m² = −4, coupling 6.975. */
export const referenceTask: Phi4Task = { name: 'phi4', size: 6, mass2: -4, coupling: 6.975 };

export interface BenchData {
  folder: string;
  statistics: DataStatistics;
  train: Float32Array;
  test: Float32Array;
}

/** The default data set, made once and kept in the system's folder for temporary files. */
export async function benchData(): Promise<BenchData> {
  const folder = path.join(tmpdir(), `rgsweep-bench-${datasetKey(referenceTask, defaultRecipe)}`);
  await checkDataset(folder).catch(() =>
    prepareDataset({ task: referenceTask, recipe: defaultRecipe, folder }),
  );
  return {
    folder,
    statistics: decodeStatistics(readFileSync(path.join(folder, 'statistics.safetensors'))),
    train: readSamples(folder, 'train'),
    test: readSamples(folder, 'test'),
  };
}
