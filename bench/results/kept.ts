import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RungResult, SweepSnapshot, TrialRecord } from '../../src/sweep/types.js';
import { blockMeans } from '../../src/report/paired.js';
import type { PerConfiguration } from '../../src/report/pairs.js';

/**
 * What is kept of a sweep in docs/results/NAME.json: its spec and its trials with all that tables are made of, and no more.
 * `likelihoods` has −log q of each tested trial as means over 100 consecutive blocks of the test data, from which
 * paired differences follow.
 */
export interface KeptSweep {
  snapshot: SweepSnapshot;
  likelihoods: PerConfiguration;
  /** What each trial's schedule comes to (src/schedule/inEffect.ts): by its parameters alone it cannot be told. */
  effects?: ReadonlyMap<number, Effect>;
}

export type Effect = 'standard' | 'one-gamma' | 'by-scale';

/** Figures that no table shows, and that are in the store. */
const leftOut = /^(absM|phi2|phi4|actionPerSite)Z?$/;

const rounded = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(6)));

function metricsOf(metrics: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, value]) =>
      leftOut.test(name) ? [] : [[name, rounded(value)] as const],
    ),
  );
}

function rungOf(result: RungResult): RungResult {
  return {
    ...result,
    metrics: metricsOf(result.metrics),
    trainSeconds: rounded(result.trainSeconds),
    evaluateSeconds: rounded(result.evaluateSeconds),
    stepsPerSecond: rounded(result.stepsPerSecond),
  };
}

function trialOf(trial: TrialRecord): TrialRecord {
  const {
    lastWrite: _write,
    earlierWrites: _writes,
    memory: _memory,
    warnings: _warnings,
    jobs: _jobs,
    ...rest
  } = trial;
  return {
    ...rest,
    rungs: trial.rungs.map(rungOf),
    ...(trial.test ? { test: metricsOf(trial.test) } : {}),
    ...(trial.trainerSeconds === undefined ? {} : { trainerSeconds: rounded(trial.trainerSeconds) }),
  };
}

/** A sweep as text for docs/results: JSON, one trial a line, so that a later run differs where it differs. */
export function encodeKept({ snapshot, likelihoods, effects }: KeptSweep, rgsweep: string): string {
  const { spec, state, startedAt, finishedAt } = snapshot;
  const list = (lines: readonly unknown[]) =>
    lines.length === 0 ? '[]' : `[\n  ${lines.map((line) => JSON.stringify(line)).join(',\n  ')}\n ]`;
  const kept = [...likelihoods].map(([trial, values]) => ({
    trial,
    nll: blockMeans(values).map((value) => Number(value.toFixed(5))),
  }));
  const trials = [...snapshot.trials].sort((a, b) => a.trial - b.trial).map(trialOf);
  return `{
 "rgsweep": ${JSON.stringify(rgsweep)},
 "spec": ${JSON.stringify(spec)},
 "state": ${JSON.stringify(state)},
 "startedAt": ${JSON.stringify(startedAt)},
 "finishedAt": ${JSON.stringify(finishedAt ?? null)},
 "effects": ${JSON.stringify(effects ? [...effects] : null)},
 "trials": ${list(trials)},
 "likelihoods": ${list(kept)}
}
`;
}

/** What `encodeKept` wrote. */
export function decodeKept(text: string): KeptSweep {
  const { spec, state, startedAt, finishedAt, effects, trials, likelihoods } = JSON.parse(text) as {
    finishedAt: string | null;
    effects?: [number, Effect][] | null;
    likelihoods: { trial: number; nll: number[] }[];
  } & Pick<SweepSnapshot, 'spec' | 'state' | 'startedAt' | 'trials'>;
  return {
    snapshot: {
      spec,
      state,
      startedAt,
      ...(finishedAt === null ? {} : { finishedAt }),
      trials,
      curves: new Map(),
    },
    likelihoods: new Map(likelihoods.map(({ trial, nll }) => [trial, nll])),
    ...(effects ? { effects: new Map(effects) } : {}),
  };
}

/** Where sweeps are kept, below the project's folder. */
export const keptFolder = 'docs/results';

/** All sweeps that are kept, by name. */
export function readKept(): ReadonlyMap<string, KeptSweep> {
  const files = readdirSync(keptFolder).filter((file) => file.endsWith('.json'));
  const sweeps = files.map((file) => decodeKept(readFileSync(join(keptFolder, file), 'utf8')));
  return new Map(sweeps.map((one) => [one.snapshot.spec.name, one]));
}
