import type { FailureKind } from '../src/errors.js';
import type { ScheduleFamily } from '../src/schedule/types.js';
import type { PackedMachine, PackedRows, RowChanges } from '../src/sweep/pack.js';
import type { MemoryForecast } from '../src/train/protocol.js';
import type { Notice } from '../src/sweep/notice.js';
import type { RetryRequest } from '../src/sweep/retry.js';
import type { TrialSource } from '../src/sweep/state.js';
import type { SweepAmendment, SweepFailure, SweepSpec, SweepState } from '../src/sweep/types.js';

/** Rows of a sweep's trials: those of a snapshot in the store, if there is one, with what has changed since. */
export interface PinnedRows {
  /** What `keepRows` answered. */
  snapshot?: string;
  changes: RowChanges;
}

export interface SuggestActivityInput {
  spec: SweepSpec;
  trial: number;
  source: TrialSource;
  /** All earlier trials, so that a suggestion depends on nothing else. Their parameters are in the store. */
  rows: PinnedRows;
  /** Of a reproducible sweep: what came of this decision and the later ones is not looked at. */
  visible?: number;
  firstRung?: number;
  /** Of a reproducible sweep: the number of this decision. */
  job?: number;
  /** The trial's segment begins at once: its record says so from the start. */
  start?: boolean;
}

export interface SuggestedTrial {
  family: ScheduleFamily;
  label: string;
  /** Its record says that it is running. */
  running?: true;
  /** An earlier trial with the same canonical schedule, training and seed. */
  equals?: number;
}

export interface SegmentActivityInput {
  sweep: string;
  trial: number;
  rung: number;
  step: number;
}

/** What a training segment cost and where it ended. */
export interface TrainResult {
  step: number;
  /** Steps this attempt trained; 0 when the checkpoint was there already. */
  stepsTrained: number;
  trainSeconds: number;
  stepsPerSecond: number;
  backend: string;
  memory?: MemoryForecast;
  /** What the trial's record should tell, e.g. of checkpoints that were skipped. */
  warnings?: string[];
}

export interface EvaluateResult {
  metrics: Record<string, number>;
  evaluateSeconds: number;
  warnings?: string[];
}

/** What came of recording a rung. */
export interface RungRecorded {
  /** The first objective, smaller is better. */
  value: number;
  /** The other objectives, where there are several. */
  others?: number[];
  /** The sweep has been told; otherwise its segment has yet to. */
  told?: boolean;
}

/** Details of an `ApplicationFailure` thrown by `train`; its type is the failure kind. */
export interface SegmentFailureDetails {
  step: number;
  stepsTrained: number;
  warnings?: string[];
  /** Seconds that the trainer worked. */
  seconds?: number;
  /** Where it trained or measured, when it got so far. */
  backend?: string;
}

/** Heartbeat details of `train`: a hint for people, never the truth (that is the manifest in the store). */
export interface SegmentProgress {
  purpose: 'train' | 'evaluate';
  step: number;
  toStep: number;
  loss?: number;
  stepsPerSecond?: number;
  stepsTrained: number;
  /** Seconds that the trainer has worked in this attempt. */
  seconds?: number;
  backend?: string;
  /** Why nothing can be saved or read just now: the store's own words. */
  waiting?: string;
}

export interface Activities {
  /** Makes or finds the sweep's data set; long, so on the training queue. */
  prepareData(input: { spec: SweepSpec }): Promise<void>;
  train(input: SegmentActivityInput): Promise<TrainResult>;
  evaluate(input: SegmentActivityInput & { split: 'validation' | 'test' }): Promise<EvaluateResult>;

  suggest(input: SuggestActivityInput): Promise<SuggestedTrial>;
  /** Keeps all rows in the store and answers with the snapshot's id, which is one of its content. */
  keepRows(input: { sweep: string; rows: PackedRows }): Promise<string>;
  recordStart(input: { sweep: string; trial: number; job?: number }): Promise<void>;
  recordRung(
    input: SegmentActivityInput & {
      train: TrainResult;
      evaluate: EvaluateResult;
      /** The sweep is to be told, with the seconds that trainers worked for the segment, lost attempts included. */
      seconds?: number;
    },
  ): Promise<RungRecorded>;
  recordTest(input: SegmentActivityInput & { evaluate: EvaluateResult }): Promise<void>;
  recordFailure(input: {
    sweep: string;
    trial: number;
    kind: FailureKind;
    message: string;
    details: SegmentFailureDetails;
    /** The trial has failed for good; otherwise it is tried again. */
    givenUp: boolean;
  }): Promise<void>;
  recordInterruption(input: {
    sweep: string;
    trial: number;
    stepsTrained: number;
    seconds?: number;
  }): Promise<void>;
  /** Keeps the sweep's state, and at its end the trials' last states. */
  recordSweep(input: {
    sweep: string;
    state: SweepState;
    ended: boolean;
    /** Why, where the state is `failed`. */
    failure?: SweepFailure;
  }): Promise<void>;
  /** Failed trials are to go on: their records say that they wait for it. */
  recordRetry(input: { sweep: string; trials: number[] }): Promise<void>;
  /** Keeps a change to the sweep for a rebuild; once per amendment id. */
  recordAmendment(input: { sweep: string; amendment: SweepAmendment }): Promise<void>;

  /** The state machine from the store alone. */
  rebuild(input: { spec: SweepSpec; concurrency: number; retry?: RetryRequest }): Promise<PackedMachine>;
  /** Makes trials begin from zero: checkpoints, curves and results go, the history of failures stays. */
  resetTrials(input: { sweep: string; trials: number[] }): Promise<void>;
  /** Posts a notice to the address in an environment variable of this worker. */
  notify(input: { id: string; notice: Notice; webhook: string }): Promise<void>;
  /** Of these trials, the ones whose segment workflow is not open any more. */
  closedSegments(input: { sweep: string; trials: number[] }): Promise<number[]>;
}
