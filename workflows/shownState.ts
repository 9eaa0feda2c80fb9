import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { bestTrial, type SweepMachine } from '../src/sweep/state.js';
import type { SweepSpec, SweepState } from '../src/sweep/types.js';

const attribute = {
  sweep: defineSearchAttributeKey('RgsweepSweep', 'KEYWORD'),
  task: defineSearchAttributeKey('RgsweepTask', 'KEYWORD'),
  state: defineSearchAttributeKey('RgsweepState', 'KEYWORD'),
  best: defineSearchAttributeKey('RgsweepBest', 'DOUBLE'),
  family: defineSearchAttributeKey('RgsweepFamily', 'KEYWORD'),
};

/** What Temporal's own pages show of a sweep, by search attributes. */
export interface ShownState {
  showState: (state: SweepState) => void;
  /** Shows the best trial, where it is another one than before. */
  showBest: (machine: SweepMachine) => void;
}

/** @param machine the sweep as the run begins: its best is shown already */
export function createShownState(spec: SweepSpec, machine: SweepMachine): ShownState {
  const rungCount = spec.pruner.rungs.length;
  let shownBest = bestTrial(machine, rungCount)?.values.at(-1);
  return {
    showState(state) {
      upsertSearchAttributes([
        { key: attribute.sweep, value: spec.name },
        { key: attribute.task, value: spec.task.name },
        { key: attribute.state, value: state },
      ]);
    },
    showBest(current) {
      const best = bestTrial(current, rungCount);
      const value = best?.values.at(-1);
      if (!best || value === undefined || value === shownBest) return;
      shownBest = value;
      upsertSearchAttributes([
        { key: attribute.best, value: spec.objective.direction === 'maximize' ? -value : value },
        ...(best.family === undefined ? [] : [{ key: attribute.family, value: best.family }]),
      ]);
    },
  };
}
