import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, sleep, startChild } from '@temporalio/workflow';
import { segmentWorkflowId } from '../src/sweep/names.js';
import type { SegmentInput } from './messages.js';
import type { trialSegment } from './trial.js';
import type { Versions } from './versions.js';

/** Milliseconds to wait for the workflow of a segment that has reported to be closed, before its trial's next one starts. */
const closingMilliseconds = [50, 100, 200, 400, 800, 1600, 3200];

/**
 * Starts that the server has not confirmed yet are so many at most. They go to it together with the end of a workflow task, so
 * the first of them waits for the suggestions of the others.
 */
const mostUnconfirmed = 8;

/** Starts the workflows of segments, several at a time, each trial's after the one before. */
export interface SegmentStarts {
  /** Asks for a segment's workflow; resolves when the next one may be asked for. */
  start(segment: SegmentInput): Promise<void>;
  /** A segment has reported, though its workflow may not be closed yet. */
  reported(trial: number): void;
  /** Of a trial whose segment is just being started: resolves when it is. Undefined where nothing has to be waited for. */
  confirmed(trial: number): Promise<void> | undefined;
  /** The same of all, before the workflow ends: what is not confirmed then may never start. */
  allConfirmed(): Promise<void>;
}

/** @param onFailure told at once when a start fails for another reason than that the segment runs already */
export function createSegmentStarts(
  onFailure: (error: Error) => void,
  { since }: Pick<Versions, 'since'>,
): SegmentStarts {
  // Each start was waited for before; sweeps of then replay so.
  const together = since('segments-start-together');
  const reportedTrials = new Set<number>();
  const unconfirmed = new Map<number, Promise<void>>();

  /**
   * A trial that goes straight on finds the workflow of its last segment still closing: that one reports a moment before it ends.
   * Without having reported it is one from before a restart of this sweep, and will report.
   */
  async function startOnce(segment: SegmentInput): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await startChild<typeof trialSegment>('trialSegment', {
          workflowId: segmentWorkflowId(segment.sweep, segment.trial),
          args: [segment],
          parentClosePolicy: ParentClosePolicy.ABANDON,
        });
        reportedTrials.delete(segment.trial);
        return;
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        const wait = closingMilliseconds[attempt];
        if (!reportedTrials.has(segment.trial) || wait === undefined) return;
        await sleep(wait);
      }
    }
  }

  return {
    async start(segment) {
      if (!together) return startOnce(segment);
      const { trial } = segment;
      await unconfirmed.get(trial);
      const confirmed = startOnce(segment)
        .catch((error: unknown) => onFailure(error instanceof Error ? error : new Error(String(error))))
        .finally(() => unconfirmed.delete(trial));
      unconfirmed.set(trial, confirmed);
      if (unconfirmed.size >= mostUnconfirmed) await Promise.race(unconfirmed.values());
    },
    reported: (trial) => void reportedTrials.add(trial),
    confirmed: (trial) => unconfirmed.get(trial),
    allConfirmed: async () => void (await Promise.all(unconfirmed.values())),
  };
}
