import { WorkflowNotFoundError } from '@temporalio/client';
import { messageOf, RgsweepError } from '../src/errors.js';
import { keepSeen } from '../src/store/owner.js';
import { segmentWorkflowId } from '../src/sweep/names.js';
import type { Dependencies } from './dependencies.js';
import type { Activities } from './types.js';

/**
 * Says in the store that this server is at work on a sweep, so that no other one takes it for vanished. A hint: whatever goes wrong
 * with it is only told.
 */
export async function saySeen(
  { store, place, log }: Pick<Dependencies, 'store' | 'place' | 'log'>,
  sweep: string,
): Promise<void> {
  if (!place) return;
  try {
    const other = await keepSeen(store, sweep, place);
    if (other)
      log.warn(
        { sweep },
        `the sweep was taken over by the Temporal server ${other.address}, namespace "${other.namespace}" (${other.host}): both may train ` +
          `its trials; end it here with \`rgsweep stop ${sweep} --address ${place.address}\``,
      );
  } catch (error) {
    log.warn({ sweep }, `the store could not be told that the sweep runs here: ${messageOf(error)}`);
  }
}

/** A server that hangs must not hold up the sweep, which waits for this: it is asked again. */
const describeMilliseconds = 10_000;

/** Which of these trials have no open segment workflow: terminated, timed out or lost behind the sweep's back. */
export function createClosedSegments(dependencies: Dependencies): Activities['closedSegments'] {
  const { client } = dependencies;
  return async ({ sweep, trials }) => {
    await saySeen(dependencies, sweep);
    if (!client) throw new RgsweepError('internal', 'this worker has no client to look up segments with');
    const closed: number[] = [];
    for (const trial of trials) {
      try {
        const { status } = await client.withDeadline(Date.now() + describeMilliseconds, () =>
          client.workflow.getHandle(segmentWorkflowId(sweep, trial)).describe(),
        );
        if (status.name !== 'RUNNING') closed.push(trial);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        closed.push(trial);
      }
    }
    return closed;
  };
}
