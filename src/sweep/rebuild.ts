import { initialMachine, type SweepMachine, type TrialRow } from './state.js';
import type { SweepSpec, TrialRecord } from './types.js';

/**
 * The state machine from the store's records alone: what a resumed, stopped or vanished sweep goes on from.
 * A trial that was running waits for its next attempt; a pruned one may be promoted again, should the budget have grown.
 *
 * @param retry failed trials to try again, or all of them
 */
export function rebuildMachine(
  spec: SweepSpec,
  concurrency: number,
  records: readonly TrialRecord[],
  retry?: readonly number[] | 'all',
): SweepMachine {
  const { metric, direction } = spec.objective;
  const rungCount = spec.pruner.rungs.length;
  const sorted = [...records].sort((a, b) => a.trial - b.trial);
  const trials: TrialRow[] = [];
  for (const record of sorted) {
    // A gap cannot be: a trial's record is written before the next trial's. Whatever lies behind one is not ours.
    if (record.trial !== trials.length) break;
    const values = record.rungs
      .slice()
      .sort((a, b) => a.rung - b.rung)
      .map(
        (result) =>
          (direction === 'maximize' ? -1 : 1) * (result.metrics[metric] ?? Number.POSITIVE_INFINITY),
      );
    const row: TrialRow = { trial: record.trial, state: record.state, values, family: record.family };
    if (record.baseline !== undefined) row.baseline = record.baseline;
    if (record.equals !== undefined) row.equals = record.equals;
    if (record.test) row.tested = true;
    const tryAgain = retry === 'all' || retry?.includes(record.trial);
    if (record.equals !== undefined) row.state = 'complete';
    else if (record.state === 'failed') row.state = tryAgain ? 'waiting' : 'failed';
    else if (values.length >= rungCount) row.state = 'complete';
    else row.state = values.length > 0 ? 'paused' : 'waiting';
    trials.push(row);
  }
  return { ...initialMachine(spec, concurrency), trials };
}
