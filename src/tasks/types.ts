import type { ParameterArrays } from '../model/arrays.js';
import type { DisposableModel } from '../model/residual.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { TrainingObjective } from '../train/loop.js';
import type { TrainingParameters } from '../train/parameters.js';
import type { TaskName, TaskOf, TrainerTask } from '../train/protocol.js';

/** What a trial of a task is made of. */
export interface ModelInput<Name extends TaskName> {
  task: TaskOf<Name>;
  process: DiffusionProcess;
  training: TrainingParameters;
  seed: number;
}

export interface EvaluationInput {
  /** The checkpoint's moving averages. */
  parameters: ParameterArrays;
  /** Folder of the data set. */
  dataFolder: string;
  /** Which split, how many own samples, with how much effort. */
  evaluation: TrainerTask['evaluation'];
  /** To be awaited before every long piece of work: lets the process answer, and throws when it is asked to end. */
  breathe: () => Promise<void>;
}

export interface TaskEvaluation {
  /** Flat, all finite; a figure that did not converge is absent. */
  metrics: Record<string, number>;
  warnings: string[];
  /** What to keep of it, by file name: samples, spectra, pictures. */
  files: Record<string, Uint8Array | string>;
}

/** The network of one trial, its training and its evaluation. */
export interface TaskModel {
  /** The parameters of step 0, a function of the input alone; needs no backend. */
  initialize(): ParameterArrays;
  /** The loss, on data of the folder's training split. */
  objective(dataFolder: string): TrainingObjective;
  evaluate(input: EvaluationInput): Promise<TaskEvaluation>;
  /** The network at these parameters, on the started backend, to draw from. */
  residual(parameters: ParameterArrays): DisposableModel;
}

/**
 * A task: which data, which network, which figures. Its description and data set are src/train/protocol.ts and
 * src/data/taskDataset.ts, which load no numerical backend; this is what a trainer loads.
 */
export interface TaskDefinition<Name extends TaskName> {
  readonly name: Name;
  /** @throws RgsweepError('bad-configuration') when the network cannot represent this process's score */
  createModel(input: ModelInput<Name>): TaskModel;
}
