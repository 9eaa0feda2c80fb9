import { activityInfo } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { LeaseClaim } from '../src/store/lease.js';
import type { Dependencies } from './dependencies.js';

/** Is this activity still pending in its workflow, as the server sees it? */
async function isPending(client: Client): Promise<boolean> {
  const { activityId, workflowExecution } = activityInfo();
  if (!workflowExecution) return true;
  const { workflowId, runId } = workflowExecution;
  try {
    const { status, raw } = await client.workflow.getHandle(workflowId, runId).describe();
    if (status.name !== 'RUNNING') return false;
    return raw.pendingActivities?.some((pending) => pending.activityId === activityId) ?? false;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** This activity's claim on its trial: when the server ordered it, and whether it still wants it. */
export function leaseClaim({ client }: Pick<Dependencies, 'client'>): LeaseClaim {
  const { currentAttemptScheduledTimestampMs } = activityInfo();
  return {
    orderedAt: currentAttemptScheduledTimestampMs,
    isCurrent: () => (client ? isPending(client) : Promise.resolve(false)),
  };
}
