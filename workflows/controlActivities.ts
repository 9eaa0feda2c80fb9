import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';
import { controlQueue } from '../src/sweep/names.js';

/** The sweep's own activities on the control side: short ones where the workflow runs, longer ones on the control queue. */
export const local = proxyLocalActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  retry: { maximumInterval: '30 seconds', nonRetryableErrorTypes: ['bad-configuration', 'data-missing'] },
});
export const control = proxyActivities<Activities>({
  taskQueue: controlQueue,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { maximumInterval: '1 minute' },
});
