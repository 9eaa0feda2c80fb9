/** Task queue of workflows, local activities and record keeping: needs no GPU. */
export const controlQueue = 'rgsweep-control';
/** Task queue of training and evaluation; one slot a trainer. */
export const trainQueue = 'rgsweep-train';

/** `7` → `trial-0007`; numbers past 9999 simply grow. */
export function trialName(trial: number): string {
  return `trial-${String(trial).padStart(4, '0')}`;
}

/** Workflow id of a trial's open segment: at most one is open at a time, so the id is the lock. */
export function segmentWorkflowId(sweep: string, trial: number): string {
  return `${sweep}/${trialName(trial)}`;
}
