/**
 * The TypeScript API: searching with ask and tell, and understanding what was found (docs/search.md), values being minimized; and
 * tasks of one's own (docs/own-tasks.md). It loads no numerical backend.
 */
export { RgsweepError } from './errors.js';
export type { DataStatistics, FieldShape } from './basis/types.js';
export { readSamples } from './data/dataset.js';
export { filesDataset, type FilesDatasetOptions } from './data/filesDataset.js';
export { sampledDataset, type DrawInput, type SampledDatasetOptions } from './data/sampledDataset.js';
export type { DatasetWork, TaskDataset } from './data/taskDataset.js';
export { evaluateDensity, type DensityEvaluation, type DensityEvaluationInput } from './eval/density.js';
export type { Point } from './insight/cells.js';
export { fanova, type Fanova, type PartialDependence } from './insight/fanova.js';
export { pedAnova, type PedAnova } from './insight/pedAnova.js';
export type { ParameterArrays, ParameterTensors } from './model/arrays.js';
export type { DisposableModel, ResidualModel } from './model/residual.js';
export { CounterRandom } from './random/philox.js';
export { createSampler } from './samplers/index.js';
export { hypervolume, paretoFront } from './samplers/pareto.js';
export type { Observation, Sampler, SamplerName, SuggestInput } from './samplers/types.js';
export type { DiffusionProcess } from './schedule/types.js';
export {
  createSearch,
  type Fidelity,
  type Report,
  type Search,
  type SearchOptions,
  type Segment,
  type Suggestion,
} from './search/engine.js';
export { parseSpace } from './space/parse.js';
export type { Parameters, SearchSpace } from './space/types.js';
export { defineTask } from './tasks/define.js';
export { densityFiles } from './tasks/densityFiles.js';
export { latticeModel } from './tasks/shared.js';
export type {
  EvaluationInput,
  ModelInput,
  SettingsSchema,
  TaskDefinition,
  TaskEvaluation,
  TaskModel,
} from './tasks/types.js';
export type { BatchMaker } from './train/batchSource.js';
export type { TrainingObjective } from './train/loop.js';
export type { TrainingParameters } from './train/parameters.js';
