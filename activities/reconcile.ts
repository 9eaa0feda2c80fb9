import { WorkflowNotFoundError } from '@temporalio/client';
import { RgsweepError } from '../src/errors.js';
import { segmentWorkflowId } from '../src/sweep/names.js';
import type { Dependencies } from './dependencies.js';
import type { Activities } from './types.js';

/** Which of these trials have no open segment workflow: terminated, timed out or lost behind the sweep's back. */
export function createClosedSegments({ client }: Dependencies): Activities['closedSegments'] {
  return async ({ sweep, trials }) => {
    if (!client) throw new RgsweepError('internal', 'this worker has no client to look up segments with');
    const closed: number[] = [];
    for (const trial of trials) {
      try {
        const { status } = await client.workflow.getHandle(segmentWorkflowId(sweep, trial)).describe();
        if (status.name !== 'RUNNING') closed.push(trial);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        closed.push(trial);
      }
    }
    return closed;
  };
}
