import { proxyActivities, proxyLocalActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';
import { controlQueue } from '../src/sweep/names.js';

const short = {
  startToCloseTimeout: '2 minutes',
  retry: { maximumInterval: '30 seconds', nonRetryableErrorTypes: ['bad-configuration', 'data-missing'] },
} satisfies ActivityOptions;

/** The sweep's own activities on the control side: short ones where the workflow runs, longer ones on the control queue. */
export const local = proxyLocalActivities<Activities>(short);
/**
 * Short ones of updates, on the control queue: an update's local activity that overlaps one of the sweep's in a workflow task may leave a history
 * that does not replay (temporalio/sdk-typescript issue 1744, test/workflows/edges.test.ts).
 */
export const ofUpdates = proxyActivities<Activities>({ ...short, taskQueue: controlQueue });
export const control = proxyActivities<Activities>({
  taskQueue: controlQueue,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { maximumInterval: '1 minute' },
});
