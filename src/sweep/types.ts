import type { Notify } from './notice.js';
import type { FailureKind } from '../errors.js';
import type { Parameters, SearchSpace } from '../space/types.js';
import type { PrunerName } from '../pruners/types.js';
import type { SamplerName } from '../samplers/types.js';
import type { ScheduleFamily } from '../schedule/types.js';
import type { MemoryForecast, SweepTask } from '../train/protocol.js';

/** `waiting`: not started. `paused`: at a rung, holds no trainer. The last three are ends. */
export const trialStates = ['waiting', 'running', 'paused', 'complete', 'pruned', 'failed'] as const;
export type TrialState = (typeof trialStates)[number];
export const sweepStates = ['running', 'paused', 'complete', 'stopped', 'failed'] as const;
export type SweepState = (typeof sweepStates)[number];

export interface Objective {
  metric: string;
  direction: 'minimize' | 'maximize';
}

/** How a trial's training is watched and tried again (docs/sweep-file.md, `train`). */
export interface Supervision {
  /** Wait before a retry after a failure without progress; doubled with each one in a row, up to the longest. */
  retryFirstSeconds: number;
  retryLongestSeconds: number;
  /** Silence of a worker after which it counts as lost and its trial goes on elsewhere. */
  heartbeatSeconds: number;
  /** Seconds without a step after which a trainer is ended as stalled; absent: what the worker was started with. */
  stallSeconds?: number;
}

/** A live worker was silent for over 15 seconds on a machine with six times more work than cores. */
export const defaultSupervision: Supervision = {
  retryFirstSeconds: 1,
  retryLongestSeconds: 60,
  heartbeatSeconds: 30,
};

/** Where a sweep's trainers run, and when. */
export interface Resources {
  /** Train queue: the class of machines, as their workers were started with (`rgsweep worker --queue`). */
  queue?: string;
  /** 1 is served first, 5 last; 3 when absent. */
  priority?: number;
}

/** All objectives of a sweep, the first one first. */
export function objectivesOf(spec: Pick<SweepSpec, 'objective' | 'objectives'>): readonly Objective[] {
  return spec.objectives ?? [spec.objective];
}

/** A sweep as launched: the validated, resolved form of a sweep file. Immutable, kept as spec.json. */
export interface SweepSpec {
  name: string;
  task: SweepTask;
  space: SearchSpace;
  /** The objective, or the first of several. */
  objective: Objective;
  /** All objectives where there are several: the Pareto front is kept. */
  objectives?: Objective[];
  sampler: { name: SamplerName; seed: number };
  pruner: { name: PrunerName; reduction: number; rungs: number[] };
  budget: {
    /** Searched configurations, exactly. */
    trials: number;
    concurrency: number | 'auto';
    /** Training steps in all, baselines and confirmations included; steps repeated after a loss are not counted again. */
    steps?: number;
    /** Seconds that the sweep trains, pauses not counted. */
    wallClockSeconds?: number;
    /** Hours of trainers, added up. */
    gpuHours?: number;
  };
  /** Seeds of each configuration, baselines included; 1 when absent. */
  replicates?: number;
  /** Earlier sweeps of the store whose trials are prior observations; kept as prior.json at launch. */
  warmStart?: string[];
  /** What each suggestion and promotion sees depends on trial numbers and the concurrency only. */
  reproducible?: boolean;
  /** Named schedules that always run to the last rung and are reported beside the searched trials. */
  baselines: string[];
  /** Parameter sets of the file's own, by name: they run as baselines do, and their names stand among them. */
  contenders?: Record<string, Parameters>;
  /** Parameters every trial has unless its own set says otherwise. */
  defaults: Parameters;
  checkpointEverySteps: number;
  /** `likelihoodImages`: images on which the flow's likelihood is integrated on test data, where the file says how many. */
  evaluation: { samples: number; likelihoodImages?: number };
  backend: 'auto' | 'wasm' | 'tensorflow' | 'webgpu' | 'cpu';
  /** Checkpoints of each trial to keep beside those of the rungs; absent: the two newest. */
  retention?: { keepLast: number; keepBest: number };
  /** Number of failures without progress after which a trial is given up. */
  retries: number;
  /** Absent in sweeps that were launched before it could be set: `defaultSupervision`. */
  supervision?: Supervision;
  /** Whom to tell of its end and of failed trials; absent: nobody. */
  notify?: Notify;
  /** Which machines train it, and before which other sweeps; absent: the common queue, in the middle. */
  resources?: Resources;
}

export interface RungResult {
  /** Index into the pruner's rungs. */
  rung: number;
  /** Training steps at this rung. */
  step: number;
  metrics: Record<string, number>;
  trainSeconds: number;
  evaluateSeconds: number;
  stepsPerSecond: number;
  finishedAt: string;
}

export interface TrialFailure {
  kind: FailureKind;
  message: string;
  step: number;
  at: string;
}

/** Why a sweep has failed as a whole: nothing of it goes on until that is mended and it is resumed. */
export interface SweepFailure {
  kind: FailureKind;
  /** With the way out, where there is one. */
  message: string;
}

/** trials/NNNN/trial.json: all that is known of one trial. One writer: the control side's record activity. */
export interface TrialRecord {
  trial: number;
  /** A baseline's name, when it is one. */
  baseline?: string;
  origin: 'baseline' | 'sampler' | 'enqueued' | 'replicate';
  parameters: Parameters;
  /** Canonical identity (src/sweep/trialKey.ts): equal keys would train the same model twice. */
  key: string;
  /** A short human name of the schedule, e.g. `fourier · matched · sigmoid 0.8 · exponential`. */
  label: string;
  family: ScheduleFamily;
  seed: number;
  state: TrialState;
  rungs: RungResult[];
  failures: TrialFailure[];
  /** What its attempts warned of, e.g. checkpoints that had to be skipped; the newest fifty. */
  warnings?: { message: string; at: string }[];
  /** Which write of the control side was the last one: done twice, it counts once. */
  lastWrite?: string;
  /** Those before it, shortened, oldest first: made again after others they count once, too. */
  earlierWrites?: string[];
  /** Steps trained, repeated ones counted again: what was paid. */
  stepsPaid: number;
  /** Seconds that trainers worked for it, lost attempts included. */
  trainerSeconds?: number;
  /** The rung its first segment trains to, where that is not the first one. */
  firstRung?: number;
  /** Another seed of that trial's configuration. */
  replicateOf?: number;
  /** With `replicateOf`: a fresh seed, trained to confirm a candidate before it is called best. */
  confirms?: true;
  /** Of a reproducible sweep: the number of the decision that began each of its segments. */
  jobs?: number[];
  /** The trial with the same canonical schedule, training and seed; this one was not trained. */
  equals?: number;
  /** Measured once on test data, for baselines and finalists. */
  test?: Record<string, number>;
  backend?: string;
  /** What its training needed of memory, by the trainer's forecast. */
  memory?: MemoryForecast;
  /** Its schedule could not be made, so that there is nothing to train: `failures` says why. */
  invalid?: true;
  createdAt: string;
  updatedAt: string;
}

/** What a budget grows by; at least one of them. */
export interface Extension {
  trials?: number;
  steps?: number;
  wallClockSeconds?: number;
  gpuHours?: number;
}

/** A change to a sweep after its launch; the spec itself stays as launched. */
export type SweepAmendment = {
  /** Of the update that asked for it: an amendment is kept once, however often it is written. */
  id: string;
  at: string;
  /** Its place among those that the same run of the workflow applied. */
  order?: { run: string; number: number };
} & (
  | ({ kind: 'extend' } & Extension)
  | { kind: 'concurrency'; concurrency: number }
  | { kind: 'enqueue'; parameters: Parameters }
);

/** One point of a learning curve: trials/NNNN/curve/<step>.jsonl. */
export interface CurvePoint {
  step: number;
  loss: number;
  stepsPerSecond: number;
}

/** What a sweep was given by one earlier sweep. */
export interface PriorSource {
  sweep: string;
  /** Task, and so every value, is the same; across tasks only what both sweeps name is shared. */
  sameTask: boolean;
  /** Configurations of the earlier sweep with a result or a failure, and how many of them were taken. */
  of: number;
  taken: number;
  /** Left out: a parameter of theirs is outside of this sweep's space. */
  outside: number;
  /** Names of the searched parameters that any of them has. */
  shared: string[];
}

/** Everything a report or a page shows, read from the store alone. */
export interface SweepSnapshot {
  spec: SweepSpec;
  state: SweepState;
  /** Where it is `failed`: why. */
  failure?: SweepFailure;
  startedAt: string;
  finishedAt?: string;
  trials: TrialRecord[];
  /** Where `trials` are configurations (src/sweep/replicates.ts): every trial that was trained, seed by seed. */
  seeds?: readonly TrialRecord[];
  curves: Map<number, CurvePoint[]>;
  /** What it was started from, where it has `warmStart`. */
  prior?: readonly PriorSource[];
}
