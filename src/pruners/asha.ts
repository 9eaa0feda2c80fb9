import { createPruner } from './index.js';
import type { PrunerDecision, PrunerTrial } from './types.js';

export interface AshaOptions {
  /** η: of n results at a rung the best ⌊n/η⌋ go on. At least 2. */
  reduction: number;
  /** Number of rungs; with 1 nothing is ever promoted. */
  rungCount: number;
  /** How many trials may still be started. */
  newTrialsLeft: number;
}

/** What one free slot does next under the pruner `asha`, without any budget but the number of trials. */
export function decideNext(
  trials: readonly PrunerTrial[],
  { reduction, rungCount, newTrialsLeft }: AshaOptions,
): PrunerDecision | undefined {
  return createPruner({ name: 'asha', reduction, rungCount })(trials, {
    newTrial: newTrialsLeft > 0,
    affords: () => true,
  });
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
