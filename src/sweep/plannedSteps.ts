import type { SweepSpec } from './types.js';

/** What one rung trains at most. */
export interface PlannedRung {
  /** Steps from and to which its trials train. */
  from: number;
  to: number;
  /** Searched trials that reach it at most. */
  trials: number;
}

/**
 * What a sweep trains if every rung promotes its full share, the most it pays without failures. Promotion ASHA lets ⌊n/η⌋
 * of the n trials of a rung go on, so rung k trains at most ⌊n/ηᵏ⌋ trials; baselines train to the last rung.
 */
export function plannedSteps(spec: Pick<SweepSpec, 'pruner' | 'budget' | 'baselines'>): {
  rungs: PlannedRung[];
  steps: number;
} {
  const { rungs, reduction } = spec.pruner;
  let { trials } = spec.budget;
  const planned = rungs.map((to, index) => {
    if (index > 0) trials = Math.floor(trials / reduction);
    return { from: index === 0 ? 0 : rungs[index - 1]!, to, trials };
  });
  const searched = planned.reduce((sum, { from, to, trials }) => sum + trials * (to - from), 0);
  return { rungs: planned, steps: searched + spec.baselines.length * rungs.at(-1)! };
}
