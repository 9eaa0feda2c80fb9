import type { Parameters } from '../space/types.js';
import { replicatesOf, type TrialRow } from './rows.js';
import type { SweepSpec, SweepState } from './types.js';

/** A budget of time that is used up: nothing is trained any more. */
export type SpentBudget = 'wallClock' | 'gpuHours';

/** All that a sweep is, apart from its spec; plain JSON, carried through continue-as-new (pack.ts). */
export interface SweepMachine {
  status: SweepState;
  /** Searched configurations allowed; baselines come on top. */
  trialBudget: number;
  /** Training steps allowed, if they are bounded. */
  stepBudget?: number;
  wallClockSeconds?: number;
  gpuHours?: number;
  concurrency: number;
  /** Seeds of each configuration. */
  replicates: number;
  trials: TrialRow[];
  /** Parameter sets to run before the sampler is asked. */
  enqueued: Parameters[];
  /** A stop was asked for: open segments are being ended. */
  stopping: boolean;
  /** Milliseconds that the sweep has been running, and since when it runs, in milliseconds of the epoch. */
  clock: { used: number; since?: number };
  /** Seconds that trainers have worked in segments that are closed. */
  trainerSeconds: number;
  /** A budget of time is used up. */
  spent?: SpentBudget;
  /** Of a reproducible sweep: decisions made so far, and how many may be in flight at a time. */
  jobs: number;
  lag?: number;
  /** Ids of the latest updates that were applied: an update that is sent again changes nothing. */
  updates: string[];
}

export function initialMachine(spec: SweepSpec, concurrency: number): SweepMachine {
  const { trials, steps, wallClockSeconds, gpuHours } = spec.budget;
  const replicates = replicatesOf(spec);
  return {
    status: 'running',
    trialBudget: trials,
    ...(steps === undefined ? {} : { stepBudget: steps }),
    ...(wallClockSeconds === undefined ? {} : { wallClockSeconds }),
    ...(gpuHours === undefined ? {} : { gpuHours }),
    concurrency,
    replicates,
    trials: [],
    enqueued: [],
    stopping: false,
    clock: { used: 0 },
    trainerSeconds: 0,
    jobs: 0,
    ...(spec.reproducible ? { lag: Math.max(1, Math.ceil(concurrency / replicates)) } : {}),
    updates: [],
  };
}

/** Number of open segments: what occupies trainers. */
export function openSegments(machine: SweepMachine): number {
  let open = 0;
  for (const row of machine.trials) if (row.segment) open++;
  return open;
}
