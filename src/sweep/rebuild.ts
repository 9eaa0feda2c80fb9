import { chooseRetries, type RetryRequest } from './retry.js';
import { initialMachine, reduce, type SweepMachine, type TrialRow } from './state.js';
import type { SweepAmendment, SweepSpec, TrialRecord } from './types.js';

/**
 * The state machine from the store's records alone: what a resumed, stopped or vanished sweep goes on from.
 * A trial that was running waits for its next attempt; a pruned one may be promoted again, should the budget have grown.
 *
 * @param options.retry failed trials to try again
 * @param options.amendments what was changed after the launch, in order
 */
export function rebuildMachine(
  spec: SweepSpec,
  concurrency: number,
  records: readonly TrialRecord[],
  options: { retry?: RetryRequest; amendments?: readonly SweepAmendment[] } = {},
): SweepMachine {
  const { amendments = [] } = options;
  const { metric, direction } = spec.objective;
  const rungCount = spec.pruner.rungs.length;
  const sorted = [...records].sort((a, b) => a.trial - b.trial);
  const trials: TrialRow[] = [];
  for (const record of sorted) {
    // A trial whose record is gone keeps its number and its place in the budget; there is nothing to go on from.
    while (trials.length < record.trial) trials.push({ trial: trials.length, state: 'failed', values: [] });
    const values = record.rungs
      .slice()
      .sort((a, b) => a.rung - b.rung)
      .map(
        (result) =>
          (direction === 'maximize' ? -1 : 1) * (result.metrics[metric] ?? Number.POSITIVE_INFINITY),
      );
    const row: TrialRow = { trial: record.trial, state: record.state, values };
    if (!record.invalid) row.family = record.family;
    if (record.baseline !== undefined) row.baseline = record.baseline;
    if (record.equals !== undefined) row.equals = record.equals;
    if (record.test) row.tested = true;
    if (record.equals !== undefined) row.state = 'complete';
    else if (record.state === 'failed') row.state = 'failed';
    else if (values.length >= rungCount) row.state = 'complete';
    else row.state = values.length > 0 ? 'paused' : 'waiting';
    trials.push(row);
  }
  const machine: SweepMachine = { ...initialMachine(spec, concurrency), trials };
  for (const amendment of amendments) {
    if (amendment.kind === 'extend') machine.trialBudget += amendment.trials;
    else if (amendment.kind === 'concurrency') machine.concurrency = amendment.concurrency;
    else machine.enqueued.push(amendment.parameters);
  }
  // Enqueued sets are taken in order: as many as there are trials of that origin have been.
  machine.enqueued.splice(0, sorted.filter((record) => record.origin === 'enqueued').length);
  if (!options.retry) return machine;
  const { fromScratch = false } = options.retry;
  const chosen = chooseRetries(machine, options.retry);
  return reduce(machine, { type: 'retried', trials: chosen, fromScratch }, rungCount);
}
