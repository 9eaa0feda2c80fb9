import type { SweepSpec, TrialState } from './types.js';

/**
 * What the state machine keeps of a trial: small (no parameters, they are in the store), since it travels through
 * continue-as-new.
 */
export interface TrialRow {
  trial: number;
  /** Its baseline's name, when it is one. */
  baseline?: string;
  state: TrialState;
  /** First objective by finished rung, from `firstRung` on; smaller is better (a maximized metric is negated). */
  values: number[];
  /** With several objectives: by finished rung the other ones. */
  others?: number[][];
  /** The open segment: training towards a rung, or the measurement on test data; `at`: its start, in milliseconds. */
  segment?: { kind: 'train' | 'test'; rung: number; at?: number };
  /** The trial whose schedule, training and seed are the same; this one is not trained. */
  equals?: number;
  family?: string;
  /** Test data are used once. */
  tested?: boolean;
  /** The rung its first segment trains to, where that is not the first one. */
  firstRung?: number;
  /** Another seed of that trial's configuration. */
  replicateOf?: number;
  /** With `replicateOf`: a fresh seed, trained after the search to confirm a candidate; no part of the search. */
  confirms?: true;
  /** Of a reproducible sweep: the number of the decision that began each of its segments. */
  jobs?: number[];
}

/** The rung that the next segment trains to. */
export function nextRung(row: TrialRow): number {
  return (row.firstRung ?? 0) + row.values.length;
}

/** The value at a rung, or undefined while there is none. */
export function valueAt(row: TrialRow, rung: number): number | undefined {
  return row.values[rung - (row.firstRung ?? 0)];
}

/** All objectives at a rung that has been reached. */
export function vectorAt(row: TrialRow, rung: number): number[] {
  const place = rung - (row.firstRung ?? 0);
  return [row.values[place]!, ...(row.others?.[place] ?? [])];
}

export function isOver(state: TrialState): boolean {
  return state === 'complete' || state === 'pruned' || state === 'failed';
}

/** A trial that could not even be written down; it was never trained. */
export function isUncreated(row: TrialRow): boolean {
  return row.state === 'failed' && row.family === undefined;
}

/** A trial that has the place of its configuration: no other seed of one. */
export function leads(row: TrialRow): boolean {
  return row.replicateOf === undefined;
}

/**
 * Training steps that the trial has taken or is committed to: those of the highest rung it was started towards. A trial that
 * waits was promised its next segment; one that failed has used it. Steps repeated after a loss are not counted again.
 */
export function chargedSteps(row: TrialRow, rungs: readonly number[]): number {
  if (row.equals !== undefined || isUncreated(row)) return 0;
  const begun =
    row.segment?.kind === 'train' ||
    row.state === 'waiting' ||
    row.state === 'running' ||
    row.state === 'failed';
  const rung = Math.min(rungs.length - 1, nextRung(row) - (begun ? 0 : 1));
  return row.values.length === 0 && !begun ? 0 : (rungs[rung] ?? 0);
}

/** Number of seeds of each configuration. */
export function replicatesOf(spec: SweepSpec): number {
  return spec.replicates ?? 1;
}
