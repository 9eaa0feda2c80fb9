import type { FailureKind } from '../errors.js';
import type { Parameters } from '../space/types.js';
import type { SpentBudget, SweepMachine } from './machine.js';
import { nextRung, type TrialRow } from './rows.js';
import type { Extension, SweepState } from './types.js';

export { bestTrial, finalists, frontTrials } from './finalists.js';
export { initialMachine, openSegments, type SweepMachine } from './machine.js';
export { nextAction, type SweepAction, type TrialSource } from './next.js';
export { nextRung, type TrialRow } from './rows.js';

/**
 * The sweep as a state machine: `reduce(state, event)` and `nextAction(state)`, both pure. The workflow only carries
 * out the actions and feeds back what happened, so every rule here is tested without a server. `at` is a time in
 * milliseconds of the epoch, `seconds` what trainers worked.
 */
export type SweepEvent =
  /** The workflow has begun, or goes on after continue-as-new. */
  | { type: 'started'; at: number }
  | ({ type: 'created'; trial: number; family: string; equals?: number } & Origin)
  | ({ type: 'creationFailed'; trial: number } & Origin)
  | { type: 'segmentStarted'; trial: number; kind: 'train' | 'test'; rung: number; at?: number }
  | {
      type: 'segmentFinished';
      trial: number;
      rung: number;
      value: number;
      others?: number[];
      seconds?: number;
    }
  | { type: 'tested'; trial: number; seconds?: number }
  | { type: 'segmentFailed'; trial: number; kind: FailureKind; seconds?: number }
  /** Ended without a result and through no fault of its own (cancelled, lost): to be started again. */
  | { type: 'segmentInterrupted'; trial: number; seconds?: number }
  | { type: 'paused'; at?: number }
  | { type: 'resumed'; at?: number }
  | { type: 'stopped'; at?: number }
  /** A budget of time is used up; `regained`: it was not, after all. */
  | { type: 'spent'; budget: SpentBudget }
  | { type: 'regained' }
  | ({ type: 'extended'; update?: string } & Extension)
  | { type: 'concurrencySet'; concurrency: number }
  /** Failed trials go on; `fromScratch`: what they had trained is gone. */
  | { type: 'retried'; trials: number[]; fromScratch?: boolean }
  | { type: 'enqueued'; parameters: Parameters; update?: string }
  | { type: 'finished'; state: SweepState };

/** Where a trial has come from, as far as its row keeps it. */
interface Origin {
  baseline?: string;
  replicateOf?: number;
  confirms?: true;
  firstRung?: number;
  enqueued?: boolean;
}

/** Failed, and there is something to train: a trial whose schedule could not be made has no family. */
export function isRetryable(row: TrialRow): boolean {
  return row.state === 'failed' && !row.segment && row.family !== undefined;
}

/** Ids of updates that are remembered: an update that is sent again within so many others changes nothing. */
const rememberedUpdates = 200;

function withRow(machine: SweepMachine, trial: number, change: (row: TrialRow) => TrialRow): SweepMachine {
  const row = machine.trials[trial];
  if (!row) return machine;
  const changed = change(row);
  if (changed === row) return machine;
  const trials = machine.trials.slice();
  trials[trial] = changed;
  return { ...machine, trials };
}

/** A row changes and, if it does, what its trainer worked is counted: so a repeated report is counted once. */
function closeSegment(
  machine: SweepMachine,
  event: { trial: number; seconds?: number },
  change: (row: TrialRow) => TrialRow,
): SweepMachine {
  const changed = withRow(machine, event.trial, change);
  if (changed === machine || event.seconds === undefined) return changed;
  return { ...changed, trainerSeconds: changed.trainerSeconds + event.seconds };
}

/** Applies what happened. Repeated or late events change nothing, so signals may be delivered twice. */
export function reduce(machine: SweepMachine, event: SweepEvent, rungCount: number): SweepMachine {
  switch (event.type) {
    case 'started':
      return machine.status === 'running' && machine.clock.since === undefined
        ? { ...machine, clock: { ...machine.clock, since: event.at } }
        : machine;
    case 'created':
    case 'creationFailed':
      return create(machine, event);
    case 'segmentStarted':
      return startSegment(machine, event);
    case 'segmentFinished':
      return closeSegment(machine, event, (row) => {
        if (nextRung(row) !== event.rung || row.equals !== undefined) return row;
        const { segment: _closed, ...rest } = row;
        const done = event.rung + 1 >= rungCount || row.confirms === true;
        return {
          ...rest,
          values: [...row.values, event.value],
          ...(event.others ? { others: [...(row.others ?? []), event.others] } : {}),
          state: done ? 'complete' : 'paused',
        };
      });
    case 'tested':
      return closeSegment(machine, event, (row) => {
        if (row.tested && !row.segment) return row;
        const { segment: _closed, ...rest } = row;
        return { ...rest, tested: true };
      });
    case 'segmentFailed':
      return closeSegment(machine, event, (row) => {
        if (!row.segment) return row;
        const { segment, ...rest } = row;
        // A failed measurement on test data takes nothing from what the search found.
        return segment.kind === 'test' ? { ...rest, tested: true } : { ...rest, state: 'failed' };
      });
    case 'segmentInterrupted':
      return closeSegment(machine, event, (row) => {
        if (!row.segment) return row;
        const { segment, ...rest } = row;
        return segment.kind === 'test' ? rest : { ...rest, state: 'waiting' };
      });
    case 'paused':
      return machine.status === 'running' ? stopClock({ ...machine, status: 'paused' }, event.at) : machine;
    case 'resumed':
      return machine.status === 'paused' ? startClock({ ...machine, status: 'running' }, event.at) : machine;
    case 'stopped':
      return { ...machine, stopping: true };
    case 'spent':
      return { ...machine, spent: event.budget };
    case 'regained': {
      const { spent: _spent, ...rest } = machine;
      return rest;
    }
    case 'extended':
      return once(machine, event.update, (current) => extend(current, event));
    case 'concurrencySet':
      return { ...machine, concurrency: event.concurrency };
    case 'retried':
      return event.trials.reduce(
        (current, trial) =>
          withRow(current, trial, (row) => (isRetryable(row) ? retry(row, event.fromScratch) : row)),
        machine,
      );
    case 'enqueued':
      return once(machine, event.update, (current) => ({
        ...current,
        enqueued: [...current.enqueued, event.parameters],
      }));
    case 'finished':
      return finish(machine, event.state);
  }
}

function create(
  machine: SweepMachine,
  event: Extract<SweepEvent, { type: 'created' | 'creationFailed' }>,
): SweepMachine {
  if (event.trial !== machine.trials.length) return machine;
  const { baseline, replicateOf, confirms, firstRung } = event;
  const row: TrialRow = { trial: event.trial, state: 'waiting', values: [] };
  if (baseline !== undefined) row.baseline = baseline;
  if (replicateOf !== undefined) row.replicateOf = replicateOf;
  if (confirms) row.confirms = true;
  if (firstRung !== undefined) row.firstRung = firstRung;
  if (event.type === 'creationFailed') row.state = 'failed';
  else {
    row.family = event.family;
    if (event.equals !== undefined) {
      row.equals = event.equals;
      row.state = 'complete';
    }
  }
  const searched = baseline === undefined && replicateOf === undefined;
  const decided = searched && machine.lag !== undefined;
  if (decided) row.jobs = [machine.jobs];
  return {
    ...machine,
    trials: [...machine.trials, row],
    // Not whatever is first now: it may have come while the sampler chose.
    enqueued: event.enqueued ? machine.enqueued.slice(1) : machine.enqueued,
    jobs: machine.jobs + (decided ? 1 : 0),
  };
}

function retry(row: TrialRow, fromScratch = false): TrialRow {
  if (!fromScratch) return { ...row, state: 'waiting' };
  return { ...row, state: 'waiting', values: [], ...(row.others ? { others: [] } : {}) };
}

function startSegment(
  machine: SweepMachine,
  event: Extract<SweepEvent, { type: 'segmentStarted' }>,
): SweepMachine {
  const { kind, rung, at } = event;
  // A promotion is a decision; a segment that is started again is not.
  const row = machine.trials[event.trial];
  const decided = kind === 'train' && row?.jobs !== undefined && row.jobs.length <= row.values.length;
  const started = withRow(machine, event.trial, (before) => {
    if (before.segment) return before;
    const after: TrialRow = { ...before, segment: { kind, rung, ...(at === undefined ? {} : { at }) } };
    if (kind === 'train') after.state = 'running';
    if (decided) after.jobs = [...before.jobs!, machine.jobs];
    return after;
  });
  return decided && started !== machine ? { ...started, jobs: started.jobs + 1 } : started;
}

function stopClock(machine: SweepMachine, at: number | undefined): SweepMachine {
  const { used, since } = machine.clock;
  if (at === undefined || since === undefined) return machine;
  return { ...machine, clock: { used: used + Math.max(0, at - since) } };
}

function startClock(machine: SweepMachine, at: number | undefined): SweepMachine {
  return at === undefined ? machine : { ...machine, clock: { used: machine.clock.used, since: at } };
}

function once(
  machine: SweepMachine,
  update: string | undefined,
  change: (machine: SweepMachine) => SweepMachine,
): SweepMachine {
  if (update === undefined) return change(machine);
  if (machine.updates.includes(update)) return machine;
  return { ...change(machine), updates: [...machine.updates, update].slice(-rememberedUpdates) };
}

/** A budget that was not bounded stays so. */
function extend(machine: SweepMachine, by: Extension): SweepMachine {
  const extended: SweepMachine = { ...machine, trialBudget: machine.trialBudget + (by.trials ?? 0) };
  if (extended.stepBudget !== undefined) extended.stepBudget += by.steps ?? 0;
  if (extended.wallClockSeconds !== undefined) extended.wallClockSeconds += by.wallClockSeconds ?? 0;
  if (extended.gpuHours !== undefined) extended.gpuHours += by.gpuHours ?? 0;
  const more = extended.spent === 'wallClock' ? by.wallClockSeconds : by.gpuHours;
  if (extended.spent !== undefined && (more ?? 0) > 0) delete extended.spent;
  return extended;
}

/** At the end whoever was not to go on is pruned; after a stop they wait to be resumed. */
function finish(machine: SweepMachine, state: SweepState): SweepMachine {
  if (state !== 'complete') return { ...machine, status: state };
  const trials = machine.trials.map((row): TrialRow =>
    !row.segment && (row.state === 'paused' || row.state === 'waiting') ? { ...row, state: 'pruned' } : row,
  );
  return { ...machine, status: state, trials };
}
