import { createPruner } from '../pruners/index.js';
import type { PrunerDecision } from '../pruners/types.js';
import type { Parameters } from '../space/types.js';
import { stepsLeft } from './budget.js';
import { configurationsOf, firstUnfinished, hideAfter, mustFollow } from './configurations.js';
import { nextConfirmation, nextToTest } from './finalists.js';
import { openSegments, type SweepMachine } from './machine.js';
import { isUncreated, leads, nextRung, type TrialRow } from './rows.js';
import type { SweepSpec } from './types.js';

export type SweepAction =
  | {
      kind: 'create';
      trial: number;
      source: TrialSource;
      /** The rung its first segment trains to, where that is not the first one. */
      firstRung?: number;
      /** Of a reproducible sweep: the sampler sees the outcomes of the decisions before this one. */
      visible?: number;
    }
  | { kind: 'segment'; trial: number; purpose: 'train' | 'test'; rung: number }
  | { kind: 'finish'; state: 'complete' | 'stopped' };

export type TrialSource =
  | { from: 'baseline'; name: string }
  | { from: 'enqueued'; parameters: Parameters }
  | { from: 'sampler' }
  /** Seed number `index` of the configuration of trial `of`; `confirms`: a fresh one after the search. */
  | { from: 'replicate'; of: number; index: number; baseline?: string; confirms?: true };

/**
 * What to do with a free slot, or undefined when there is nothing to do until something happens.
 * Order: interrupted trials (what was paid for goes on first), further seeds of what was begun, baselines, then the
 * pruner's word, then fresh seeds of the candidates, then the measurement on test data, then the end.
 */
export function nextAction(machine: SweepMachine, spec: SweepSpec): SweepAction | undefined {
  const open = openSegments(machine);
  if (machine.stopping) return open === 0 ? { kind: 'finish', state: 'stopped' } : undefined;
  if (machine.status !== 'running' || open >= machine.concurrency) return undefined;
  const training = machine.spent === undefined ? nextTraining(machine, spec) : undefined;
  if (training) return training;
  if (machine.trials.some((row) => row.segment?.kind === 'train')) return undefined;
  const rungCount = spec.pruner.rungs.length;
  if (machine.spent === undefined) {
    const left = stepsLeft(machine, spec);
    // What is set aside for one candidate is not among what is left; a second one has to fit.
    const confirmed = new Set(machine.trials.flatMap((row) => (row.confirms ? [row.replicateOf!] : [])));
    const seed = nextConfirmation(
      machine,
      rungCount,
      (rung, begun) => begun || confirmed.size === 0 || machine.replicates * spec.pruner.rungs[rung]! <= left,
    );
    if (seed) {
      const { of, index, rung } = seed;
      const source = { from: 'replicate', of, index, confirms: true } as const;
      return { kind: 'create', trial: machine.trials.length, source, firstRung: rung };
    }
  }
  const candidate = nextToTest(machine, rungCount);
  if (candidate)
    return { kind: 'segment', trial: candidate.trial, purpose: 'test', rung: nextRung(candidate) - 1 };
  return open === 0 ? { kind: 'finish', state: 'complete' } : undefined;
}

function nextTraining(machine: SweepMachine, spec: SweepSpec): SweepAction | undefined {
  const { trials, replicates } = machine;
  for (const row of trials) {
    if (row.segment) continue;
    const follows = row.replicateOf !== undefined && mustFollow(row, trials[row.replicateOf]!);
    if (row.state === 'waiting' || follows || (row.baseline !== undefined && row.state === 'paused'))
      return { kind: 'segment', trial: row.trial, purpose: 'train', rung: nextRung(row) };
  }
  const seed = replicates > 1 ? missingSeed(trials, replicates) : undefined;
  if (seed) return seed;
  const missing = spec.baselines.find((name) => !trials.some((row) => row.baseline === name));
  if (missing !== undefined)
    return { kind: 'create', trial: trials.length, source: { from: 'baseline', name: missing } };
  return searchDecision(machine, spec);
}

/** The next seed of a configuration that does not have all of them; the latest one is the only candidate. */
function missingSeed(trials: readonly TrialRow[], replicates: number): SweepAction | undefined {
  const last = trials[trials.length - 1];
  if (!last || last.confirms) return undefined;
  const leader = last.replicateOf === undefined ? last : trials[last.replicateOf]!;
  if (leader.equals !== undefined || isUncreated(leader)) return undefined;
  const index = trials.length - leader.trial;
  if (index >= replicates) return undefined;
  const baseline = leader.baseline === undefined ? {} : { baseline: leader.baseline };
  return {
    kind: 'create',
    trial: trials.length,
    source: { from: 'replicate', of: leader.trial, index, ...baseline },
    ...(leader.firstRung === undefined ? {} : { firstRung: leader.firstRung }),
  };
}

function searchDecision(machine: SweepMachine, spec: SweepSpec): SweepAction | undefined {
  const { reduction, rungs, name } = spec.pruner;
  const pruner = createPruner({ name, reduction, rungCount: rungs.length });
  const configurations = configurationsOf(machine.trials, machine.replicates);
  const left = stepsLeft(machine, spec);
  const room = {
    newTrial: configurations.length < machine.trialBudget,
    affords: (from: number, to: number) =>
      machine.replicates * (rungs[to]! - (from < 0 ? 0 : rungs[from]!)) <= left,
  };
  // Duplicates stand outside: their twin already holds the place in the ranking.
  const decide = (rows: readonly TrialRow[]): PrunerDecision | undefined =>
    pruner(
      rows.filter((row) => row.equals === undefined),
      room,
    );
  if (machine.lag === undefined) return actionOf(machine, decide(configurations));
  const settled = firstUnfinished(configurations);
  // The earliest view from which something follows: it depends on nothing but the decisions before.
  for (let visible = Math.max(0, machine.jobs - machine.lag + 1); visible <= machine.jobs; visible++) {
    if (settled < visible) return undefined;
    const decision = decide(hideAfter(configurations, visible));
    if (decision) return actionOf(machine, decision, visible);
  }
  return undefined;
}

function actionOf(
  machine: SweepMachine,
  decision: PrunerDecision | undefined,
  visible?: number,
): SweepAction | undefined {
  if (!decision) return undefined;
  if (decision.kind === 'promote')
    return { kind: 'segment', trial: decision.trial, purpose: 'train', rung: decision.rung };
  const [parameters] = machine.enqueued;
  return {
    kind: 'create',
    trial: machine.trials.length,
    source: parameters ? { from: 'enqueued', parameters } : { from: 'sampler' },
    ...(decision.firstRung === 0 ? {} : { firstRung: decision.firstRung }),
    ...(visible === undefined ? {} : { visible }),
  };
}

/** For those who list trials by configuration: the leader's number. */
export function configurationOf(row: TrialRow): number {
  return leads(row) ? row.trial : row.replicateOf!;
}
