import type { TaskDataset } from '../data/taskDataset.js';
import type { ParameterArrays } from '../model/arrays.js';
import type { DisposableModel, ResidualModel } from '../model/residual.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { Parameters } from '../space/types.js';
import type { BatchMaker } from '../train/batchSource.js';
import type { TrainingObjective } from '../train/loop.js';
import type { TrainingParameters } from '../train/parameters.js';
import type { TrainerEvaluation } from '../train/protocol.js';

/**
 * What checks a task's settings: a schema of zod, valibot, arktype or any other library that follows Standard Schema
 * (standardschema.dev). It must answer at once, and with plain data.
 */
export interface SettingsSchema<Settings> {
  readonly '~standard': {
    readonly version: 1;
    validate(value: unknown): SettingsResult<Settings> | Promise<SettingsResult<Settings>>;
  };
}

export type SettingsResult<Settings> =
  | { readonly value: Settings; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/** What a trial of a task is made of. */
export interface ModelInput<Settings> {
  settings: Settings;
  /** The trial's noise schedule, with basis, mean and variances of the training data. */
  process: DiffusionProcess;
  /** The trial's parameters as searched, names of one's own among them. */
  parameters: Parameters;
  /** The same, read as those that every trainer here has: batch size, learning rate, weighting … */
  training: TrainingParameters;
  /** Addresses every random number: the same seed and step, the same numbers. */
  seed: number;
}

/** The network of one trial and its training. */
export interface TaskModel<Batch = unknown> {
  /** The parameters of step 0, a function of the input alone; needs no backend. */
  initialize(): ParameterArrays;
  /**
   * The batch of any step, from the folder's training split: a function of (seed, step) alone. Needs no backend; other
   * threads may call it, so a batch is plain data (numbers, typed arrays, objects of them).
   */
  batches(dataFolder: string): BatchMaker<Batch>;
  /** The loss of such a batch, on the started backend. */
  objective(): TrainingObjective<Batch>;
  /** The network at these parameters, on the started backend, to measure and to draw from. */
  residual(parameters: ParameterArrays): DisposableModel;
}

export interface EvaluationInput<Settings> extends ModelInput<Settings>, TrainerEvaluation {
  /** The network at the checkpoint's moving averages. It answers requests to end between its evaluations. */
  model: ResidualModel;
  /** Folder of the data set. */
  dataFolder: string;
}

export interface TaskEvaluation {
  /** Flat, all finite; a figure that did not converge is absent. The error of NAME is NAME`Error`. */
  metrics: Record<string, number>;
  /** Sentences for the trial's record. */
  warnings?: string[];
  /** What to keep of it, by file name: samples, spectra, pictures. */
  files?: Record<string, Uint8Array | string>;
}

/** A task: which settings it takes, which data, which network, which figures. */
export interface TaskDefinition<Settings> {
  /** Letters, digits, dot, dash and underscore. */
  readonly name: string;
  readonly schema: SettingsSchema<Settings>;
  readonly dataset: TaskDataset<Settings>;
  /** Figures of every rung, any of which may be a sweep's objective. The first is minimized where a sweep names none. */
  readonly metrics: readonly [string, ...string[]];
  /** @throws RgsweepError('bad-configuration') when the network cannot represent this process's score */
  model(this: void, input: ModelInput<Settings>): TaskModel | Promise<TaskModel>;
  /** Measures a checkpoint on data that it was not trained on. */
  evaluate(this: void, input: EvaluationInput<Settings>): Promise<TaskEvaluation>;
}
