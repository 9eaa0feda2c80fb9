export const bareControlQueue = 'bare-control';
export const bareTrainQueue = 'bare-train';

const activity = (trial: number): Promise<number> => Promise.resolve(trial);

/** Activities that do nothing. */
export const bareActivities = {
  suggest: activity,
  train: activity,
  evaluate: activity,
  recordRung: activity,
};
export type BareActivities = typeof bareActivities;
