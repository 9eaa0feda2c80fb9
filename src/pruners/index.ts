import { promotable } from './rung.js';
import type { Pruner, PrunerOptions, PrunerRoom, PrunerTrial } from './types.js';

/**
 * The pruner of a name. All of them promote: a trial pauses at each rung, holds nothing there, and a free slot takes
 * the highest rung that has a trial to go on, else starts a new one. What differs is who may go on:
 *
 * - `none`: everyone.
 * - `median`: who is no worse than the median of the rung's results; everyone while there are fewer than `startup`
 *   (Golovin et al., "Google Vizier", 2017, §3.2.2, with the value at the rung as the criterion).
 * - `asha`: the best ⌊n/η⌋ of n (Li et al., arXiv 1810.05934, Algorithm 2).
 * - `hyperband`: as `asha`, in brackets of which bracket s starts at rung s, so that a rung at which results mislead is
 *   not the only judge; brackets get trials in Hyperband's proportions (Li et al., arXiv 1603.06560).
 *
 * O(trials × rungs) a decision with one objective.
 */
export function createPruner({ name, reduction, rungCount, startup = 5 }: PrunerOptions): Pruner {
  switch (name) {
    case 'none':
      return promoting(rungCount, (results) => results);
    case 'median':
      return promoting(rungCount, (results) => (results < startup ? results : Math.ceil(results / 2)));
    case 'asha':
      return promoting(rungCount, (results) => Math.floor(results / reduction));
    case 'hyperband':
      return hyperband(rungCount, reduction);
  }
}

function promoting(rungCount: number, quota: (results: number) => number): Pruner {
  return (trials, room) => {
    for (let rung = rungCount - 2; rung >= 0; rung--) {
      if (!room.affords(rung, rung + 1)) continue;
      const trial = promotable(trials, rung, quota);
      if (trial) return { kind: 'promote', trial: trial.trial, rung: rung + 1 };
    }
    return room.newTrial && room.affords(-1, 0) ? { kind: 'new', firstRung: 0 } : undefined;
  };
}

/**
 * Trials by bracket in proportion: bracket s, which starts at rung s of R, has ⌈R/(R − s) · η^{R−1−s}⌉, so that
 * all brackets cost about the same.
 */
export function bracketSizes(rungCount: number, reduction: number): number[] {
  return Array.from({ length: rungCount }, (_, first) => {
    let power = 1;
    for (let i = first; i < rungCount - 1; i++) power *= reduction;
    return Math.ceil((rungCount * power) / (rungCount - first));
  });
}

function hyperband(rungCount: number, reduction: number): Pruner {
  const sizes = bracketSizes(rungCount, reduction);
  const quota = (results: number): number => Math.floor(results / reduction);
  return (trials, room) => {
    for (let rung = rungCount - 2; rung >= 0; rung--) {
      if (!room.affords(rung, rung + 1)) continue;
      for (let bracket = 0; bracket <= rung; bracket++) {
        const trial = promotable(trials, rung, quota, bracket);
        if (trial) return { kind: 'promote', trial: trial.trial, rung: rung + 1 };
      }
    }
    const bracket = room.newTrial ? neediestBracket(trials, sizes, room) : undefined;
    return bracket === undefined ? undefined : { kind: 'new', firstRung: bracket };
  };
}

/** The affordable bracket that has the smallest part of its share; ties go to the one that starts lower. */
function neediestBracket(
  trials: readonly PrunerTrial[],
  sizes: readonly number[],
  room: PrunerRoom,
): number | undefined {
  const counts = sizes.map(() => 0);
  for (const trial of trials) counts[trial.firstRung ?? 0]!++;
  let neediest: number | undefined;
  for (let bracket = 0; bracket < sizes.length; bracket++) {
    if (!room.affords(-1, bracket)) continue;
    if (neediest === undefined || counts[bracket]! * sizes[neediest]! < counts[neediest]! * sizes[bracket]!)
      neediest = bracket;
  }
  return neediest;
}
