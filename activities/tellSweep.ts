import { WorkflowNotFoundError } from '@temporalio/client';
import { messageOf } from '../src/errors.js';
import { segmentReport, type SegmentReport } from '../workflows/messages.js';
import type { Dependencies } from './dependencies.js';

/**
 * Tells a sweep how a segment ended, from the activity that keeps it: the segment's workflow is then spared the events and the
 * task that a signal of its own takes. The sweep may be told twice, when the activity runs again after a lost worker.
 *
 * @returns false where it could not be told, which the segment's workflow then does itself
 */
export async function tellSweep(
  { client, log }: Pick<Dependencies, 'client' | 'log'>,
  sweep: string,
  report: SegmentReport,
): Promise<boolean> {
  if (!client) return false;
  try {
    await client.workflow.getHandle(sweep).signal(segmentReport, report);
    return true;
  } catch (error) {
    // A sweep that is gone needs no report: what was found is in the store, from where a resumed sweep reads it.
    if (error instanceof WorkflowNotFoundError) return true;
    log.warn({ sweep, trial: report.trial }, `the sweep could not be told: ${messageOf(error)}`);
    return false;
  }
}
