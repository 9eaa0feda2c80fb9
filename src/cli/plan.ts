import { plannedSteps } from '../sweep/plannedSteps.js';
import type { SweepSpec } from '../sweep/types.js';

export interface Plan {
  sweep: string;
  searchedTrials: number;
  baselines: number;
  /** Training steps if every rung promotes its full share: the most a sweep without failures pays. */
  steps: number;
  text: string;
}

/** What a sweep would train, in words. */
export function describePlan(spec: SweepSpec): Plan {
  const { rungs, steps } = plannedSteps(spec);
  const last = rungs.at(-1)!.to;
  const lines = rungs.map(
    ({ from, to, trials }, rung) => `  rung ${rung}: up to ${trials} searched trials, steps ${from} to ${to}`,
  );
  const text = [
    `${spec.name}: ${spec.budget.trials} searched trials (${spec.sampler.name}) and ${spec.baselines.length} baselines`,
    ...lines,
    `  baselines (${spec.baselines.join(', ') || 'none'}): ${last} steps each`,
    `  at most ${steps} training steps in all, without failures`,
  ].join('\n');
  return {
    sweep: spec.name,
    searchedTrials: spec.budget.trials,
    baselines: spec.baselines.length,
    steps,
    text,
  };
}
