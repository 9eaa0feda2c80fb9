import { proxyActivities, proxyLocalActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';
import { controlQueue } from '../src/sweep/names.js';

const short = {
  startToCloseTimeout: '2 minutes',
  retry: { maximumInterval: '30 seconds', nonRetryableErrorTypes: ['bad-configuration', 'data-missing'] },
} satisfies ActivityOptions;

/** The sweep's own short activities, on the control side; the server mostly hands them back with the workflow task that asks for them. */
export const recorders = proxyActivities<Activities>({
  ...short,
  taskQueue: controlQueue,
  heartbeatTimeout: '15 seconds',
});
export type Recorders = typeof recorders;
/** The same where the workflow runs, for runs of before (workflows/versions.ts). */
export const local: Recorders = proxyLocalActivities<Activities>(short);
export const control = proxyActivities<Activities>({
  taskQueue: controlQueue,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { maximumInterval: '1 minute' },
});
