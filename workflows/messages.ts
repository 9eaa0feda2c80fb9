import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FailureKind } from '../src/errors.js';
import type { Parameters } from '../src/space/types.js';
import type { RetryRequest } from '../src/sweep/retry.js';
import type { SweepMachine } from '../src/sweep/state.js';
import type { PackedMachine } from '../src/sweep/pack.js';
import type { Extension, Supervision, SweepSpec } from '../src/sweep/types.js';

/** What the sweep workflow starts with. `machine` is carried through continue-as-new. */
export interface SweepInput {
  spec: SweepSpec;
  concurrency: number;
  machine?: PackedMachine;
  /** Rebuild trials from the store before anything else: a resumed or vanished sweep. */
  rebuild?: boolean;
  /** With `rebuild`: failed trials to try again. */
  retry?: RetryRequest;
  /** Carried through continue-as-new: trials whose failure was told. */
  failuresTold?: number;
}

/** What a trial's segment starts with; everything else it reads from the store. */
export interface SegmentInput {
  sweep: string;
  trial: number;
  purpose: 'train' | 'test';
  rung: number;
  /** Training steps at the segment's end. */
  step: number;
  /** Failures without progress after which the trial is given up. */
  retries: number;
  supervision?: Supervision;
  /** Train queue of the sweep's machines; absent: the common one. */
  queue?: string;
  /** Of a reproducible sweep: the number of the decision that began it. */
  job?: number;
  /** The trial's record says already that it is running. */
  recorded?: true;
  /** What records the rung tells the sweep, too. Absent in segments that a worker of before has begun. */
  direct?: true;
}

/** A segment tells its sweep how it ended, by signal to the sweep's workflow id, so that the sweep may continue as new meanwhile. */
export type SegmentReport =
  | {
      trial: number;
      purpose: 'train' | 'test';
      rung: number;
      outcome: 'finished';
      /** The first objective, smaller is better. */
      value: number;
      /** The other objectives, where there are several. */
      others?: number[];
      /** Seconds that trainers worked, lost attempts included. */
      seconds?: number;
    }
  | {
      trial: number;
      purpose: 'train' | 'test';
      rung: number;
      outcome: 'failed';
      kind: FailureKind;
      message: string;
      seconds?: number;
    }
  | {
      trial: number;
      purpose: 'train' | 'test';
      rung: number;
      outcome: 'interrupted';
      seconds?: number;
    };

export const segmentReport = defineSignal<[SegmentReport]>('segmentReport');

/** The sweep's state machine as it is. */
export const sweepStatus = defineQuery<SweepMachine>('status');

/** No new segment starts; with `now`, running ones write a checkpoint and give their trainer back. */
export const pauseSweep = defineUpdate<string, [{ now: boolean }]>('pause');
export const resumeSweep = defineUpdate<string>('resume');
/** Ends the sweep: running segments write a checkpoint first. It can be resumed later from the store. */
export const stopSweep = defineUpdate<string>('stop');
/** Applied once an update id, also after continue-as-new or a rebuild from the store. */
export const extendSweep = defineUpdate<string, [Extension]>('extend');
export const setConcurrency = defineUpdate<string, [number]>('setConcurrency');
/** Failed trials go on from their last good checkpoint, or from zero. Trials that have not failed are left alone. */
export const retryTrials = defineUpdate<string, [RetryRequest]>('retry');
export const enqueueTrial = defineUpdate<string, [Parameters]>('enqueue');
