/** A trial as a pruner sees it. Values are minimized. */
export interface PrunerTrial {
  trial: number;
  /** Number of rungs whose result is known: `values.length`. The trial is paused at rung `values.length − 1`. */
  values: readonly number[];
  /** A segment of it is open, so it cannot be promoted now. */
  running: boolean;
  /** It takes no part in promotions any more (failed, pruned, stopped); its values stay in the rungs' ranking unless failed. */
  ended: boolean;
  failed: boolean;
}

/** What a free slot does next. `rung` is an index into the rungs; a new trial starts towards rung 0. */
export type PrunerDecision = { kind: 'promote'; trial: number; rung: number } | { kind: 'new' };
