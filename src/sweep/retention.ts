import type { SweepSpec } from './types.js';

/** Checkpoints that a sweep keeps of each trial unless its file says otherwise. */
export const defaultRetention = { keepLast: 2, keepBest: 0 };

/** Which checkpoints of a trial are kept: the newest, the best, and every rung's, from which it may be promoted. */
export function retentionOf(spec: SweepSpec): { keepLast: number; keepBest: number; keepSteps: number[] } {
  return { ...defaultRetention, ...spec.retention, keepSteps: spec.pruner.rungs };
}
