import type { SweepSpec } from '../sweep/types.js';

export interface Plan {
  sweep: string;
  searchedTrials: number;
  baselines: number;
  /** Training steps if every rung promotes its full share: the most a sweep without failures pays. */
  steps: number;
  text: string;
}

/**
 * What a sweep would train. Promotion ASHA lets ⌊n/η⌋ of the n trials of a rung go on, so rung k trains at most
 * ⌊n/ηᵏ⌋ trials; baselines train to the last rung.
 */
export function describePlan(spec: SweepSpec): Plan {
  const { rungs, reduction } = spec.pruner;
  const last = rungs.at(-1)!;
  let trials = spec.budget.trials;
  let steps = spec.baselines.length * last;
  const lines: string[] = [];
  rungs.forEach((rung, index) => {
    const from = index === 0 ? 0 : rungs[index - 1]!;
    if (index > 0) trials = Math.floor(trials / reduction);
    steps += trials * (rung - from);
    lines.push(`  rung ${index}: up to ${trials} searched trials, steps ${from} to ${rung}`);
  });
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
