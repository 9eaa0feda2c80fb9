import type { Parameters } from '../space/types.js';
import type { FailureKind } from '../errors.js';

/**
 * The trainer protocol (docs/trainer-protocol.md). A trainer is a program: the supervisor starts it as `COMMAND … task.json`,
 * reads lines of JSON from its standard output, and ends it with SIGTERM, on which it writes a checkpoint and exits.
 * It never touches the store: it reads and writes local folders that the supervisor fills and empties.
 */
export const trainerProtocolVersion = 1;

/** The failures that a trainer can tell of itself; all others are the supervisor's to see. */
export const trainerFailureKinds = [
  'diverged',
  'out-of-memory',
  'bad-configuration',
  'data-missing',
  'crashed',
] as const satisfies readonly FailureKind[];
export type TrainerFailureKind = (typeof trainerFailureKinds)[number];

/** The φ⁴ lattice theory S = Σ_x [m²φ² + gφ⁴ + Σ_μ (φ(x+μ) − φ(x))²], no ½, on a periodic size × size lattice. */
export interface Phi4Task {
  name: 'phi4';
  size: number;
  mass2: number;
  coupling: number;
}

/** Generated images (src/data/images): stand-ins with known statistics, never to be taken for photographs. */
export interface ImagesTask {
  name: 'images';
  /** Gaussian fields of spectrum 1/k^exponent, kept as floats; or dead leaves, in 256 grey levels a channel. */
  kind: 'gaussian-field' | 'dead-leaves';
  /** Pixels a side. */
  size: number;
  channels: number;
  /** α of the power spectrum 1/k^α of `gaussian-field`. */
  exponent: number;
  /** Images of the training split; validation and test have a fifth of it each. */
  count: number;
}

/** CIFAR-10 (Krizhevsky 2009), the binary version. */
export interface Cifar10Task {
  name: 'cifar10';
  /** Where its files are, when the store does not have them yet: a folder, cifar-10-binary.tar.gz, or a store's URL. */
  from?: string;
}

/** A task of one's own, defined by a module (docs/own-tasks.md). All but `module` and `settings` is read from it at launch. */
export interface ModuleTask {
  name: 'module';
  /** The module's file: an absolute path. */
  module: string;
  /** What the module's schema made of the sweep file's settings. */
  settings: Record<string, unknown>;
  /** The task's own name. */
  title: string;
  /** Of the module and of every file that it imports by a relative path: trials of different tasks are not compared. */
  sha256: string;
  /** The shape of one field of its data. */
  shape: { height: number; width: number; channels: number };
  /** Figures that it has at every rung. */
  metrics: string[];
  /** Hash of the files that its data come from, where it has some. */
  source?: string;
}

/** The tasks that come with rgsweep. */
export type BuiltInTask = Phi4Task | ImagesTask | Cifar10Task;
/** What is trained on what; the name decides which of src/tasks serves it. */
export type TaskDescription = BuiltInTask | ModuleTask;
/** Are the fields of this task images, built in with their U-Net and figures? */
export function isImagesTask(task: { name: SweepTask['name'] }): boolean {
  return task.name === 'images' || task.name === 'cifar10';
}
/** A task's name. */
export type TaskName = TaskDescription['name'];
/** The description of the task of this name. */
export type TaskOf<Name extends TaskName> = Extract<TaskDescription, { name: Name }>;

/** A program of one's own that trains and measures (docs/trainer-protocol.md). */
export interface CommandTask {
  name: 'command';
  /** Program and arguments; the task file's path is appended. */
  command: string[];
  /** Where it is started: an absolute path. */
  folder: string;
  /** Data set of a built-in task, handed to the program with the noise schedule; without it schedules are not made. */
  data?: TaskDescription;
  /** Variables of the program's environment. */
  environment?: Record<string, string>;
  resources?: {
    /** Threads it may use; absent: what the worker gives each trainer. */
    threads?: number;
    /** Resident memory above which it is ended as out of memory. */
    memoryMiB?: number;
  };
  /** Whatever else the program is to know. */
  settings?: Record<string, unknown>;
}

/** What a sweep trains: a task of rgsweep's trainer, or a program of one's own. */
export type SweepTask = TaskDescription | CommandTask;

/** The task whose data set is used; undefined where there is none. */
export function dataTaskOf(task: SweepTask): TaskDescription | undefined {
  return task.name === 'command' ? task.data : task;
}

/** Backends by name; `cpu` is tfjs's plain one, a hundred times slower, for comparison. */
export const backendNames = ['wasm', 'tensorflow', 'webgpu', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];
/** `auto`: tensorflow where it is installed, else wasm. */
export type BackendRequest = BackendName | 'auto';

/** The task file. Paths are absolute. */
export interface TrainerTask {
  protocol: 1;
  /** `train` goes from `fromStep` to `toStep`; `evaluate` measures the checkpoint in `resumeFrom`. */
  mode: 'train' | 'evaluate';
  sweep: string;
  trial: number;
  task: SweepTask;
  /** The trial's parameters, defaults already filled in (src/sweep/parameters.ts). */
  parameters: Parameters;
  seed: number;
  fromStep: number;
  toStep: number;
  /** Folder of the checkpoint of `fromStep`, or null to begin from step 0. */
  resumeFrom: string | null;
  /** An empty folder to write checkpoints and samples into. */
  outputFolder: string;
  /** Folder of the data set: {train,validation,test}.safetensors and statistics.safetensors; '' where the task has none. */
  dataFolder: string;
  /** The noise schedule as numbers (src/train/scheduleFile.ts), for trainers that do not compute it; null where there is none. */
  scheduleFile: string | null;
  /** Write a checkpoint at every multiple of this many steps, at `toStep`, and on SIGTERM. */
  checkpointEverySteps: number;
  backend: BackendRequest;
  threads: number;
  /** Of `evaluate`. */
  evaluation: TrainerEvaluation;
}

/** What an evaluation is asked for. */
export interface TrainerEvaluation {
  /** Which data: what the search sees, or those that are used once, at the end. */
  split: 'validation' | 'test';
  /** How many of the model's own samples. */
  samples: number;
  /** With how much effort. */
  level: 'rung' | 'final';
  /** Of images: on how many the flow's likelihood is integrated at level `final`; 0: none; absent: the task's own number. */
  likelihoodImages?: number;
}

/** What a training needs of memory, in bytes, as far as it can be told before its first step. */
export interface MemoryForecast {
  batchSize: number;
  weightBytes: number;
  /** Kept beside the tensors: the moving average and the optimizer's moments. */
  optimizerBytes: number;
  /** Tensors that stay for the whole training: the basis, tables. */
  constantBytes: number;
  /** Activations and the batch of one step. */
  batchBytes: number;
  /** The most that tensors take together at any time of a step. */
  neededBytes: number;
  /** What the device has for them; absent where nobody knows. */
  availableBytes?: number;
  /** For people: wasm, tensorflow. */
  device: string;
}

/** What a trainer says, one JSON object a line. */
export type TrainerMessage =
  /** `backends`: all that the trial was trained on so far, this one last; a trial may go on elsewhere. */
  | {
      type: 'started';
      /** The version the trainer speaks; absent: 1. */
      protocol?: number;
      backend: string;
      backends?: string[];
      parameterCount: number;
      step: number;
      memory?: MemoryForecast;
    }
  /** `tensorBytes`: what the backend holds for tensors, memory of the GPU on a GPU. */
  | { type: 'progress'; step: number; loss: number; stepsPerSecond: number; tensorBytes?: number }
  /** A complete checkpoint lies in `folder` (below outputFolder): model, ema and optimizer .safetensors. */
  | { type: 'checkpoint'; step: number; folder: string; loss: number }
  /** Result of `evaluate`; `files` are artifacts below outputFolder to keep (samples, spectra). */
  | { type: 'metrics'; step: number; metrics: Record<string, number>; files: string[] }
  /** Still at work, where there is no step to tell: counts as progress. A long evaluation says it every few seconds. */
  | { type: 'alive' }
  | { type: 'warning'; message: string }
  | { type: 'failure'; kind: TrainerFailureKind; message: string }
  /** The last line: `preempted` when SIGTERM ended the run early, at `step`, its checkpoint announced before. */
  | { type: 'done'; step: number; preempted: boolean };
