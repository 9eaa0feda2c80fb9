import type { RungResult } from '../sweep/types.js';
import type { RunningTrial } from './progressStatus.js';

/** Results that say how fast it goes: of older ones the machines may have been others. */
const lately = 10;

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
 * Seconds until what is left is trained and evaluated:
 *
 *     T = steps / (n v) · (1 + e),
 *
 * n the trials that hold a trainer, v the mean steps per second of those that train (before the first says so, of the last results), e the
 * seconds of evaluation for one of training in the last results (0 before the first). At least as long as the trial that is
 * furthest from its rung. Time since the start is no part of it: a sweep may have lain still for days. Undefined while no trainer
 * works or nobody knows how fast.
 */
export function trainingTimeLeft({ steps, running, results, rungs }: TrainingLeft): number | undefined {
  if (steps <= 0) return 0;
  const last = [...results].sort((a, b) => b.finishedAt.localeCompare(a.finishedAt)).slice(0, lately);
  const paced = last.filter(({ stepsPerSecond }) => stepsPerSecond > 0);
  const training = running.filter(({ phase }) => phase === 'train');
  const live = training.flatMap(({ stepsPerSecond }) => (stepsPerSecond ? [stepsPerSecond] : []));
  const speed = mean(live) ?? mean(paced.map(({ stepsPerSecond }) => stepsPerSecond));
  if (speed === undefined || running.length === 0) return undefined;
  const trainSeconds = sum(
    paced.map(({ rung, step, stepsPerSecond }) => (step - (rungs[rung - 1] ?? 0)) / stepsPerSecond),
  );
  const evaluateSeconds = sum(paced.map((result) => result.evaluateSeconds));
  const share = trainSeconds > 0 ? evaluateSeconds / trainSeconds : 0;
  const longest = Math.max(0, ...training.map(({ secondsLeft = 0 }) => secondsLeft));
  return Math.max((steps / (running.length * speed)) * (1 + share), longest);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number | undefined {
  return values.length > 0 ? sum(values) / values.length : undefined;
}
