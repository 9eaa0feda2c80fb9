import type { RungResult } from '../sweep/types.js';
import type { RunningTrial } from './progressStatus.js';

export interface TrainingLeft {
  /** Steps that are still to be trained, of all trials. */
  steps: number;
  /** Trials that hold a trainer. */
  running: readonly RunningTrial[];
  /** Results of all rungs so far, in any order. */
  results: readonly RungResult[];
  /** Steps of the pruner's rungs, ascending. */
  rungs: readonly number[];
}

/**
 * Seconds until what is left is trained and evaluated: T = steps · c / n, with n the trials that hold a trainer and c the seconds that a step
 * costs, start of the trainer and evaluation included, as the last two results of each trainer tell (at least four; of older ones machines
 * and their load may have been others), before the first result as the trainers say of their steps alone. At least as long as the trial that
 * is furthest from its rung. Time since the start is no part of it: a sweep may have lain still for days. Undefined while no
 * trainer works or nobody knows how fast.
 */
export function trainingTimeLeft({ steps, running, results, rungs }: TrainingLeft): number | undefined {
  if (steps <= 0) return 0;
  if (running.length === 0) return undefined;
  const last = results
    .filter(({ stepsPerSecond }) => stepsPerSecond > 0)
    .sort((a, b) => b.finishedAt.localeCompare(a.finishedAt))
    .slice(0, Math.max(4, 2 * running.length));
  const training = running.filter(({ phase }) => phase === 'train');
  const speeds = training.flatMap(({ stepsPerSecond }) => (stepsPerSecond ? [stepsPerSecond] : []));
  if (last.length === 0 && speeds.length === 0) return undefined;
  const trained = last.map(({ rung, step }) => step - (rungs[rung - 1] ?? 0));
  const seconds = last.map(
    ({ stepsPerSecond, evaluateSeconds }, n) => trained[n]! / stepsPerSecond + evaluateSeconds,
  );
  const cost = last.length > 0 ? sum(seconds) / sum(trained) : speeds.length / sum(speeds);
  const longest = Math.max(0, ...training.map(({ secondsLeft = 0 }) => secondsLeft));
  return Math.max((steps * cost) / running.length, longest);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
