/** A configuration as a pruner sees it. Values are minimized. */
export interface PrunerTrial {
  trial: number;
  /** The rung of the first value: 0, or later where a bracket of hyperband begins there. */
  firstRung?: number;
  /** One value a finished rung, from `firstRung` on. The trial waits at the last of them unless `running`. */
  values: readonly number[];
  /** With several objectives: by finished rung the other objectives' values, the first one's being in `values`. */
  others?: readonly (readonly number[])[] | undefined;
  /**
   * `paused`: it waits at its last rung and may go on. A failed one is in no ranking; the others stay in the rungs'
   * ranking and are not promoted.
   */
  state: 'waiting' | 'running' | 'paused' | 'complete' | 'pruned' | 'failed';
  /** What is open of it, if anything is: then it is not promoted now. */
  segment?: unknown;
}

/** What a free slot does next. `rung` is an index into the rungs; a new trial starts towards rung `firstRung`. */
export type PrunerDecision =
  { kind: 'promote'; trial: number; rung: number } | { kind: 'new'; firstRung: number };

/** What may be started now. */
export interface PrunerRoom {
  /** One more trial may be started. */
  newTrial: boolean;
  /** Training from rung `from` (−1: from nothing) to rung `to` is within what is left of the budget. */
  affords: (from: number, to: number) => boolean;
}

/** A pure function that compares numbers and nothing else: it runs inside a workflow and replays alike on every engine. */
export type Pruner = (trials: readonly PrunerTrial[], room: PrunerRoom) => PrunerDecision | undefined;

export const prunerNames = ['none', 'median', 'asha', 'hyperband'] as const;
export type PrunerName = (typeof prunerNames)[number];

export interface PrunerOptions {
  name: PrunerName;
  /** η of `asha` and `hyperband`: of n results at a rung the best ⌊n/η⌋ go on. At least 2. */
  reduction: number;
  /** Number of rungs; with 1 nothing is ever promoted. */
  rungCount: number;
  /** Results at a rung before `median` holds anything back. Default 5. */
  startup?: number;
}
