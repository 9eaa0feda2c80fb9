/** Task queue of workflows, local activities and record keeping: needs no GPU. */
export const controlQueue = 'rgsweep-control';
/**
 * Task queue of training and evaluation, one slot a trainer. Machines of a class of their own (`gpu-a100`) serve the queue
 * of that name; without a name it is the queue that every sweep uses unless its file says otherwise.
 */
export function trainQueue(name?: string): string {
  return name === undefined ? 'rgsweep-train' : `rgsweep-train-${name}`;
}

/** Type of the failure by which a sweep refuses an update since it is about to end. */
export const endingFailure = 'ending';

/** What a train queue may be called: `gpu-a100`. */
export const trainQueuePattern = /^[a-z0-9][a-z0-9.-]{0,62}$/;

/** `7` → `trial-0007`; numbers past 9999 simply grow. */
export function trialName(trial: number): string {
  return `trial-${String(trial).padStart(4, '0')}`;
}

/** Workflow id of a trial's open segment: at most one is open at a time, so the id is the lock. */
export function segmentWorkflowId(sweep: string, trial: number): string {
  return `${sweep}/${trialName(trial)}`;
}
