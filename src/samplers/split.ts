import { orderByDominance } from './pareto.js';
import type { Observation } from './types.js';

/** The model's view of the trials; indices point into the observations. */
export interface Ranking {
  /** Trials with an outcome that can be compared, best first. */
  ranked: number[];
  /** Trials without one that still say where not to look: failed, or running (constant liar). */
  unranked: number[];
}

/** The objectives a trial has at a step, or undefined. */
function resultAt(observation: Observation, step: number | undefined): readonly number[] | undefined {
  for (const value of observation.values) if (value.step === step) return value.objectives;
  return undefined;
}

/**
 * The fidelity the model reads: the highest step at which at least `enough` trials have finite results, else the
 * lowest step there is (Falkner, Klein, Hutter, "BOHB", arXiv 1807.01774, §3.2). One model over mixed fidelities would
 * take what was trained longest for what is best. Undefined without any result.
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

/** Σ of the violated constraints: 0 where feasible, Infinity where one is NaN. */
export function violation({ constraints }: Observation): number {
  let total = 0;
  if (constraints)
    for (const value of constraints) total += value > 0 ? value : Number.isNaN(value) ? Infinity : 0;
  return total;
}

/**
 * Orders the trials for the model at one fidelity: feasible ones with a result there by value (several objectives: by
 * non-domination, then by added hypervolume); pruned ones that never got there by the step they reached (later first)
 * and their value at it; infeasible ones by total violation. Ties keep trial order.
 *
 * Failed trials, running ones without any result and those whose result is NaN are unranked. A trial that waits at a
 * lower rung is left out: it is neither known good nor known bad here.
 * @param goodCount how many of n ranked trials must be in exact order; more need not be with several objectives
 */
export function rankTrials(
  observations: readonly Observation[],
  step: number | undefined,
  goodCount: (ranked: number) => number,
): Ranking {
  const feasible: { index: number; result: readonly number[] }[] = [];
  const pruned: { index: number; step: number; value: number }[] = [];
  const infeasible: { index: number; violation: number }[] = [];
  const unranked: number[] = [];
  observations.forEach((observation, index) => {
    const result = resultAt(observation, step);
    if (observation.state === 'failed') unranked.push(index);
    else if (result?.some(Number.isNaN)) unranked.push(index);
    else if (result) {
      const violated = violation(observation);
      if (violated > 0) infeasible.push({ index, violation: violated });
      else feasible.push({ index, result });
    } else if (observation.state === 'pruned') {
      const last = observation.values[observation.values.length - 1];
      if (last) pruned.push({ index, step: last.step, value: last.objectives[0] ?? Infinity });
      else unranked.push(index);
    } else if (observation.values.length === 0) unranked.push(index);
  });
  pruned.sort((a, b) => b.step - a.step || compareNumbers(a.value, b.value) || a.index - b.index);
  infeasible.sort((a, b) => compareNumbers(a.violation, b.violation) || a.index - b.index);
  const several = feasible.some(({ result }) => result.length > 1);
  if (several) {
    const needed = goodCount(feasible.length + pruned.length + infeasible.length);
    const order = orderByDominance(
      feasible.map(({ result }) => result),
      needed,
    );
    const sorted = order.map((place) => feasible[place]!);
    feasible.splice(0, feasible.length, ...sorted);
  } else feasible.sort((a, b) => compareNumbers(a.result[0]!, b.result[0]!) || a.index - b.index);
  return { ranked: [...feasible, ...pruned, ...infeasible].map(({ index }) => index), unranked };
}

/** Ascending; equal infinities compare as equal, NaN comes last. */
function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1;
}
