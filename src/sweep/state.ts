import type { FailureKind } from '../errors.js';
import { decideNext } from '../pruners/asha.js';
import type { PrunerTrial } from '../pruners/types.js';
import type { Parameters } from '../space/types.js';
import type { SweepSpec, SweepState, TrialState } from './types.js';

/**
 * The sweep as a state machine: `reduce(state, event)` and `nextAction(state)`, both pure. The workflow only carries
 * out the actions and feeds back what happened, so every rule here is tested without a server.
 *
 * What is kept per trial is small (no parameters: they are in the store), since it travels through continue-as-new.
 */
export interface TrialRow {
  trial: number;
  /** Its baseline's name, when it is one. */
  baseline?: string;
  state: TrialState;
  /** Objective by finished rung, smaller is better (a maximized metric is negated). */
  values: number[];
  /** The open segment: training towards a rung, or the measurement on test data. */
  segment?: { kind: 'train' | 'test'; rung: number };
  /** The trial whose schedule, training and seed are the same; this one is not trained. */
  equals?: number;
  family?: string;
  /** Test data are used once. */
  tested?: boolean;
}

export interface SweepMachine {
  status: SweepState;
  /** Searched trials allowed; baselines come on top. */
  trialBudget: number;
  concurrency: number;
  trials: TrialRow[];
  /** Parameter sets to run before the sampler is asked. */
  enqueued: Parameters[];
  /** A stop was asked for: open segments are being ended. */
  stopping: boolean;
}

export type SweepEvent =
  | { type: 'created'; trial: number; baseline?: string; family: string; equals?: number; enqueued?: boolean }
  | { type: 'creationFailed'; trial: number; baseline?: string; enqueued?: boolean }
  | { type: 'segmentStarted'; trial: number; kind: 'train' | 'test'; rung: number }
  | { type: 'segmentFinished'; trial: number; rung: number; value: number }
  | { type: 'tested'; trial: number }
  | { type: 'segmentFailed'; trial: number; kind: FailureKind }
  /** Ended without a result and through no fault of its own (cancelled, lost): to be started again. */
  | { type: 'segmentInterrupted'; trial: number }
  | { type: 'paused' }
  | { type: 'resumed' }
  | { type: 'stopped' }
  | { type: 'extended'; trials: number }
  | { type: 'concurrencySet'; concurrency: number }
  /** Failed trials go on; `fromScratch`: what they had trained is gone. */
  | { type: 'retried'; trials: number[]; fromScratch?: boolean }
  | { type: 'enqueued'; parameters: Parameters }
  | { type: 'finished'; state: SweepState };

export type SweepAction =
  | { kind: 'create'; trial: number; source: TrialSource }
  | { kind: 'segment'; trial: number; purpose: 'train' | 'test'; rung: number }
  | { kind: 'finish'; state: 'complete' | 'stopped' };

export type TrialSource =
  { from: 'baseline'; name: string } | { from: 'enqueued'; parameters: Parameters } | { from: 'sampler' };

export function initialMachine(spec: SweepSpec, concurrency: number): SweepMachine {
  return {
    status: 'running',
    trialBudget: spec.budget.trials,
    concurrency,
    trials: [],
    enqueued: [],
    stopping: false,
  };
}

/** Failed, and there is something to train: a trial whose schedule could not be made has no family. */
export function isRetryable(row: TrialRow): boolean {
  return row.state === 'failed' && !row.segment && row.family !== undefined;
}

function isOver(state: TrialState): boolean {
  return state === 'complete' || state === 'pruned' || state === 'failed';
}

/** Number of open segments: what occupies trainers. */
export function openSegments(machine: SweepMachine): number {
  let open = 0;
  for (const row of machine.trials) if (row.segment) open++;
  return open;
}

function withRow(machine: SweepMachine, trial: number, change: (row: TrialRow) => TrialRow): SweepMachine {
  const row = machine.trials[trial];
  if (!row) return machine;
  const changed = change(row);
  if (changed === row) return machine;
  const trials = machine.trials.slice();
  trials[trial] = changed;
  return { ...machine, trials };
}

/** Applies what happened. Repeated or late events change nothing, so signals may be delivered twice. */
export function reduce(machine: SweepMachine, event: SweepEvent, rungCount: number): SweepMachine {
  switch (event.type) {
    case 'created':
    case 'creationFailed': {
      if (event.trial !== machine.trials.length) return machine;
      const row: TrialRow = { trial: event.trial, state: 'waiting', values: [] };
      if (event.baseline !== undefined) row.baseline = event.baseline;
      if (event.type === 'creationFailed') row.state = 'failed';
      else {
        row.family = event.family;
        if (event.equals !== undefined) {
          row.equals = event.equals;
          row.state = 'complete';
        }
      }
      return {
        ...machine,
        trials: [...machine.trials, row],
        // Not whatever is first now: it may have come while the sampler chose.
        enqueued: event.enqueued ? machine.enqueued.slice(1) : machine.enqueued,
      };
    }
    case 'segmentStarted':
      return withRow(machine, event.trial, (row) => {
        if (row.segment) return row;
        const started: TrialRow = { ...row, segment: { kind: event.kind, rung: event.rung } };
        if (event.kind === 'train') started.state = 'running';
        return started;
      });
    case 'segmentFinished':
      return withRow(machine, event.trial, (row) => {
        if (row.values.length !== event.rung) return row;
        const values = [...row.values, event.value];
        const { segment: _closed, ...rest } = row;
        return { ...rest, values, state: values.length >= rungCount ? 'complete' : 'paused' };
      });
    case 'tested':
      return withRow(machine, event.trial, (row) => {
        const { segment: _closed, ...rest } = row;
        return { ...rest, tested: true };
      });
    case 'segmentFailed':
      return withRow(machine, event.trial, (row) => {
        if (!row.segment) return row;
        const { segment, ...rest } = row;
        // A failed measurement on test data takes nothing from what the search found.
        return segment.kind === 'test' ? { ...rest, tested: true } : { ...rest, state: 'failed' };
      });
    case 'segmentInterrupted':
      return withRow(machine, event.trial, (row) => {
        if (!row.segment) return row;
        const { segment, ...rest } = row;
        return segment.kind === 'test' ? rest : { ...rest, state: 'waiting' };
      });
    case 'paused':
      return machine.status === 'running' ? { ...machine, status: 'paused' } : machine;
    case 'resumed':
      return machine.status === 'paused' ? { ...machine, status: 'running' } : machine;
    case 'stopped':
      return { ...machine, stopping: true };
    case 'extended':
      return { ...machine, trialBudget: machine.trialBudget + event.trials };
    case 'concurrencySet':
      return { ...machine, concurrency: event.concurrency };
    case 'retried':
      return event.trials.reduce(
        (current, trial) =>
          withRow(current, trial, (row) =>
            isRetryable(row)
              ? { ...row, state: 'waiting', values: event.fromScratch ? [] : row.values }
              : row,
          ),
        machine,
      );
    case 'enqueued':
      return { ...machine, enqueued: [...machine.enqueued, event.parameters] };
    case 'finished':
      return { ...machine, status: event.state };
  }
}

/** Finalists: every baseline, and the searched trial with the best value at the last rung anyone reached. */
function nextToTest(machine: SweepMachine, rungCount: number): TrialRow | undefined {
  const untested = (row: TrialRow) => !row.tested && !row.segment;
  const baseline = machine.trials.find(
    (row) => row.baseline !== undefined && row.values.length > 0 && row.state !== 'failed' && untested(row),
  );
  if (baseline) return baseline;
  const winner = bestTrial(machine, rungCount);
  return winner && untested(winner) ? winner : undefined;
}

/** The searched trial with the smallest value at the highest rung reached by any; ties go to the lower number. */
export function bestTrial(machine: SweepMachine, rungCount: number): TrialRow | undefined {
  for (let rung = rungCount - 1; rung >= 0; rung--) {
    let best: TrialRow | undefined;
    for (const row of machine.trials) {
      const value = row.values[rung];
      if (row.baseline !== undefined || value === undefined || row.state === 'failed') continue;
      if (!best || value < best.values[rung]!) best = row;
    }
    if (best) return best;
  }
  return undefined;
}

/**
 * What to do with a free slot, or undefined when there is nothing to do until something happens.
 * Order: interrupted trials (what was paid for goes on first), baselines, then the pruner's word, then the
 * measurement on test data, then the end.
 */
export function nextAction(machine: SweepMachine, spec: SweepSpec): SweepAction | undefined {
  const rungCount = spec.pruner.rungs.length;
  const open = openSegments(machine);
  if (machine.stopping) return open === 0 ? { kind: 'finish', state: 'stopped' } : undefined;
  if (machine.status !== 'running' || open >= machine.concurrency) return undefined;

  for (const row of machine.trials) {
    if (row.segment) continue;
    const continues = row.state === 'waiting' || (row.baseline !== undefined && row.state === 'paused');
    if (continues) return { kind: 'segment', trial: row.trial, purpose: 'train', rung: row.values.length };
  }
  const created = new Set(machine.trials.map((row) => row.baseline));
  const missing = spec.baselines.find((name) => !created.has(name));
  const next = machine.trials.length;
  if (missing !== undefined)
    return { kind: 'create', trial: next, source: { from: 'baseline', name: missing } };

  const searched = machine.trials.filter((row) => row.baseline === undefined);
  const decision = decideNext(prunerView(searched), {
    reduction: spec.pruner.reduction,
    rungCount,
    newTrialsLeft: Math.max(0, machine.trialBudget - searched.length),
  });
  if (decision?.kind === 'promote')
    return { kind: 'segment', trial: decision.trial, purpose: 'train', rung: decision.rung };
  if (decision?.kind === 'new') {
    const [parameters] = machine.enqueued;
    return {
      kind: 'create',
      trial: next,
      source: parameters ? { from: 'enqueued', parameters } : { from: 'sampler' },
    };
  }
  const searching = machine.trials.some((row) => row.segment?.kind === 'train');
  if (searching) return undefined;
  const candidate = nextToTest(machine, rungCount);
  if (candidate)
    return { kind: 'segment', trial: candidate.trial, purpose: 'test', rung: candidate.values.length - 1 };
  return open === 0 ? { kind: 'finish', state: 'complete' } : undefined;
}

/** Duplicates stand outside: their twin already holds the place in the ranking. */
function prunerView(rows: readonly TrialRow[]): PrunerTrial[] {
  return rows
    .filter((row) => row.equals === undefined)
    .map((row) => ({
      trial: row.trial,
      values: row.values,
      running: row.segment !== undefined || row.state === 'waiting',
      ended: isOver(row.state),
      failed: row.state === 'failed',
    }));
}
