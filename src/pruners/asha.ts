import type { PrunerDecision, PrunerTrial } from './types.js';

/**
 * Asynchronous successive halving with promotion (Li et al., "A system for massively parallel hyperparameter
 * tuning", arXiv 1810.05934, Algorithm 2). This file imports nothing and only compares numbers, so it runs inside a
 * workflow and replays alike on every engine.
 */
export interface AshaOptions {
  /** η: of n results at a rung the best ⌊n/η⌋ go on. At least 2. */
  reduction: number;
  /** Number of rungs; with 1 nothing is ever promoted, which is the pruner `none`. */
  rungCount: number;
  /** How many trials may still be started. */
  newTrialsLeft: number;
}

/**
 * What one free slot does next: of the highest rung that has one, the best trial among that rung's top ⌊n/η⌋ that
 * was not promoted yet; else a new trial; undefined when neither can be had now.
 *
 * Smaller values are better, equal ones rank by trial number, NaN ranks last. A failed trial is in no ranking; one
 * that ended otherwise stays in it but is not promoted. O(trials × rungs).
 */
export function decideNext(trials: readonly PrunerTrial[], options: AshaOptions): PrunerDecision | undefined {
  for (let rung = options.rungCount - 2; rung >= 0; rung--) {
    // If the best trial that could be promoted is not in the top, no other one is: a rank is all that is needed.
    let best: PrunerTrial | undefined;
    let results = 0;
    for (const trial of trials) {
      if (trial.failed || trial.values.length <= rung) continue;
      results++;
      const waits = trial.values.length === rung + 1 && !trial.running && !trial.ended;
      if (waits && (best === undefined || ranksBefore(trial, best, rung))) best = trial;
    }
    if (best === undefined) continue;
    const promotable = Math.floor(results / options.reduction);
    let better = 0;
    for (const trial of trials)
      if (!trial.failed && trial.values.length > rung && trial !== best && ranksBefore(trial, best, rung))
        better++;
    if (better < promotable) return { kind: 'promote', trial: best.trial, rung: rung + 1 };
  }
  return options.newTrialsLeft > 0 ? { kind: 'new' } : undefined;
}

function ranksBefore(a: PrunerTrial, b: PrunerTrial, rung: number): boolean {
  const left = a.values[rung]!;
  const right = b.values[rung]!;
  if (left < right) return true;
  if (left > right) return false;
  if (left === right) return a.trial < b.trial;
  const leftIsNumber = left === left;
  const rightIsNumber = right === right;
  return leftIsNumber === rightIsNumber ? a.trial < b.trial : leftIsNumber;
}

/**
 * The rungs min, min·η, min·η², … below `max`, and `max` itself, by multiplying integers: int(log 243 / log 3) is 4,
 * so a logarithm would lose a rung.
 * @throws RangeError unless all are integers, 1 ≤ min ≤ max and η ≥ 2
 */
export function rungsOf(min: number, max: number, reduction: number): number[] {
  for (const [name, value, least] of [
    ['min', min, 1],
    ['max', max, min],
    ['reduction', reduction, 2],
  ] as const)
    if (!Number.isSafeInteger(value) || value < least)
      throw new RangeError(`${name} is ${value}: give an integer of at least ${least}`);
  const rungs: number[] = [];
  for (let rung = min; rung < max; rung *= reduction) rungs.push(rung);
  rungs.push(max);
  return rungs;
}
