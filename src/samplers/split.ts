import type { Observation } from './types.js';

/**
 * The model's view of the trials: which have a result, best first, and which count as bad without one.
 * Indices point into the observations.
 */
export interface Ranking {
  /** Trials with a result at the model's fidelity, best first. */
  ranked: number[];
  /** Trials without one that still say where not to look: failed, or running (constant liar). */
  unranked: number[];
}

/** The value a trial has at a step, or undefined. */
export function resultAt(observation: Observation, step: number): readonly number[] | undefined {
  return observation.values.find((value) => value.step === step)?.objectives;
}

/**
 * The fidelity the model reads: the highest step at which at least `enough` trials have finite results, else the
 * lowest step there is (Falkner, Klein, Hutter, "BOHB", arXiv 1807.01774, §3.2). Undefined without any result.
 */
export function modelStep(observations: readonly Observation[], enough: number): number | undefined {
  const counts = new Map<number, number>();
  for (const observation of observations) {
    if (observation.state === 'failed') continue;
    for (const { step, objectives } of observation.values)
      if (objectives.every(Number.isFinite)) counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  const steps = [...counts.keys()].sort((a, b) => b - a);
  return steps.find((step) => counts.get(step)! >= enough) ?? steps[steps.length - 1];
}

/** Σ of the violated constraints: 0 where feasible. */
export function violation(observation: Observation): number {
  let total = 0;
  for (const value of observation.constraints ?? [])
    total += value > 0 ? value : Number.isNaN(value) ? Infinity : 0;
  return total;
}

/**
 * Orders the trials for the model at one fidelity. Feasible trials with a result come by value, then infeasible ones by
 * total violation; ties keep trial order. Pruned trials that never reached the step follow by the step they reached
 * (later first) and their value there. Failed trials and running ones without any result come last, unordered.
 */
export function rankTrials(observations: readonly Observation[], step: number | undefined): Ranking {
  const keyed: { index: number; tier: number; key: number; value: number }[] = [];
  const unranked: number[] = [];
  observations.forEach((observation, index) => {
    const result = step === undefined ? undefined : resultAt(observation, step)?.[0];
    const infeasible = violation(observation);
    if (observation.state === 'failed') unranked.push(index);
    else if (result !== undefined && !Number.isNaN(result))
      keyed.push(
        infeasible > 0
          ? { index, tier: 2, key: infeasible, value: result }
          : { index, tier: 0, key: result, value: 0 },
      );
    else if (observation.state === 'pruned' && observation.values.length > 0) {
      const last = observation.values[observation.values.length - 1]!;
      keyed.push({ index, tier: 1, key: -last.step, value: last.objectives[0] ?? Infinity });
    } else if (observation.state === 'running' && observation.values.length === 0) unranked.push(index);
  });
  keyed.sort((a, b) => a.tier - b.tier || a.key - b.key || a.value - b.value || a.index - b.index);
  return { ranked: keyed.map((entry) => entry.index), unranked };
}
