import { chooseRetries, type RetryRequest } from './retry.js';
import { initialMachine, reduce, type SweepMachine, type TrialRow } from './state.js';
import {
  objectivesOf,
  type Objective,
  type SweepAmendment,
  type SweepSpec,
  type TrialRecord,
} from './types.js';

/** A metric as the search minimizes it; one that is not there is worst. */
export function minimized(
  { metric, direction }: Objective,
  metrics: Readonly<Record<string, number>>,
): number {
  const value = metrics[metric] ?? NaN;
  if (Number.isNaN(value)) return Number.POSITIVE_INFINITY;
  return direction === 'maximize' ? -value : value;
}

/** What a trial's row keeps of its record; states are those of a sweep in which nothing is open. */
export function rowOf(spec: SweepSpec, record: TrialRecord): TrialRow {
  const [first, ...more] = objectivesOf(spec);
  const rungs = [...record.rungs].sort((a, b) => a.rung - b.rung);
  const values = rungs.map((result) => minimized(first!, result.metrics));
  const row: TrialRow = { trial: record.trial, state: record.state, values };
  if (!record.invalid) row.family = record.family;
  if (more.length > 0)
    row.others = rungs.map((result) => more.map((objective) => minimized(objective, result.metrics)));
  if (record.baseline !== undefined) row.baseline = record.baseline;
  if (record.equals !== undefined) row.equals = record.equals;
  if (record.test) row.tested = true;
  if (record.firstRung !== undefined) row.firstRung = record.firstRung;
  if (record.replicateOf !== undefined) row.replicateOf = record.replicateOf;
  if (record.confirms) row.confirms = true;
  if (record.jobs) row.jobs = record.jobs;
  const finished = (rungs.at(-1)?.rung ?? -1) + 1 >= spec.pruner.rungs.length;
  if (record.equals !== undefined) row.state = 'complete';
  else if (record.state === 'failed') row.state = 'failed';
  else if (finished || (record.confirms && values.length > 0)) row.state = 'complete';
  else if (values.length === 0 || isBegun(record, values.length)) row.state = 'waiting';
  else row.state = 'paused';
  return row;
}

/** Its next segment was begun before the sweep was lost: it is what goes on first. */
function isBegun(record: TrialRecord, finished: number): boolean {
  return record.state === 'running' || record.state === 'waiting' || (record.jobs?.length ?? 0) > finished;
}

/**
 * The state machine from the store's records alone: what a resumed, stopped or vanished sweep goes on from.
 * A trial that was running waits for its next attempt; a pruned one may be promoted again, should the budget have grown.
 *
 * @param options.retry failed trials to try again
 * @param options.amendments what was changed after the launch, in order
 * @param options.runningSeconds how long the sweep has run so far, pauses not counted
 */
export function rebuildMachine(
  spec: SweepSpec,
  concurrency: number,
  records: readonly TrialRecord[],
  options: {
    retry?: RetryRequest;
    amendments?: readonly SweepAmendment[];
    runningSeconds?: number;
  } = {},
): SweepMachine {
  const { retry, amendments = [], runningSeconds = 0 } = options;
  const sorted = [...records].sort((a, b) => a.trial - b.trial);
  const trials: TrialRow[] = [];
  let trainerSeconds = 0;
  for (const record of sorted) {
    // A trial whose record is gone keeps its number and its place in the budget; there is nothing to go on from.
    while (trials.length < record.trial) trials.push({ trial: trials.length, state: 'failed', values: [] });
    trials.push(rowOf(spec, record));
    trainerSeconds += record.trainerSeconds ?? 0;
  }
  const jobs = trials.reduce((most, row) => Math.max(most, ...(row.jobs ?? []).map((job) => job + 1)), 0);
  let machine: SweepMachine = {
    ...initialMachine(spec, concurrency),
    trials,
    jobs,
    trainerSeconds,
    clock: { used: 1000 * runningSeconds },
  };
  for (const { id, ...amendment } of amendments) {
    if (amendment.kind === 'extend') {
      const { trials: more, steps, wallClockSeconds, gpuHours } = amendment;
      machine = reduce(
        machine,
        {
          type: 'extended',
          update: id,
          ...(more === undefined ? {} : { trials: more }),
          ...(steps === undefined ? {} : { steps }),
          ...(wallClockSeconds === undefined ? {} : { wallClockSeconds }),
          ...(gpuHours === undefined ? {} : { gpuHours }),
        },
        spec.pruner.rungs.length,
      );
    } else if (amendment.kind === 'concurrency') machine = { ...machine, concurrency: amendment.concurrency };
    else
      machine = reduce(
        machine,
        { type: 'enqueued', update: id, parameters: amendment.parameters },
        spec.pruner.rungs.length,
      );
  }
  // Enqueued sets are taken in order: as many as there are trials of that origin have been.
  const taken = sorted.filter((record) => record.origin === 'enqueued').length;
  machine = { ...machine, enqueued: machine.enqueued.slice(taken) };
  if (!retry) return machine;
  const { fromScratch = false } = retry;
  const chosen = chooseRetries(machine, retry);
  return reduce(machine, { type: 'retried', trials: chosen, fromScratch }, spec.pruner.rungs.length);
}
