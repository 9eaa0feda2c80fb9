import type { SweepState, TrialState } from '../sweep/types.js';
import { formatCount, formatDuration, type Figure } from './figures.js';
import type { FrontSummary } from './front.js';

/** One trial that holds a trainer now. */
export interface RunningTrial {
  trial: number;
  label: string;
  /** What the trainer does. */
  phase: 'train' | 'evaluate' | 'test';
  /** Steps trained so far, of the whole trial. */
  step: number;
  /** The rung it is on its way to. */
  toStep: number;
  loss?: number;
  stepsPerSecond?: number;
  /** Part of the way to its rung, or of its evaluation, from 0 to 1; absent where it is not known. */
  fraction?: number;
  /** Seconds until its rung, or the end of its evaluation, as far as can be said. */
  secondsLeft?: number;
  /** Why it makes no headway just now, e.g. what the store says. */
  waiting?: string;
}

/** How a sweep stands: what `status` and the live view show, and what `status --json` prints. */
export interface ProgressStatus {
  sweep: string;
  state: SweepState;
  /** Why the sweep could not be asked: the rest is what the store knows. */
  unanswered?: string;
  /** Metric of the objective, e.g. `kl`. */
  metric: string;
  /** Direction of the objective. */
  direction: 'minimize' | 'maximize';
  /** What makes the data set, while there is none: `secondsLeft` as far as can be said. */
  data?: { fraction: number; what: string; secondsLeft?: number };
  /** Why it has no data set yet, and nobody makes one. */
  waits?: string;
  /** Where the sweep as a whole has failed: why. */
  failure?: { kind: string; message: string };
  /** Number of trials in each state; states without any may be left out. */
  counts: Partial<Record<TrialState, number>>;
  running: RunningTrial[];
  /** Once nothing is left to train: measurements of the finalists on test data. */
  measured?: { done: number; of: number; secondsLeft?: number };
  /** The best searched trial so far, at the highest rung reached. */
  best?: Figure & { trial: number; label: string; step: number };
  /** With several objectives: the Pareto front of the searched trials, and its volume. */
  front?: FrontSummary;
  /** The baselines' values at the highest rung each has reached; absent while there is none. */
  baselines: (Partial<Figure> & { name: string; step?: number })[];
  /** Trials that failed for good, newest failure first: of each its last failure. */
  failures?: { trial: number; kind: string; step: number; message: string; at: string }[];
  /** Training steps done, and those the sweep will take by the present estimate. */
  stepsDone: number;
  stepsTotal?: number;
  /** ISO time at which the sweep began. */
  startedAt: string;
  /** ISO time at which it ended. */
  finishedAt?: string;
  /** Seconds until all is trained and evaluated ([timeLeft.ts](timeLeft.ts)); absent while nothing can be said. */
  secondsLeft?: number;
}

/**
 * What is still to come, in a few words: the time left while there is training to do, then what goes on instead. Undefined
 * where nothing can be said.
 */
export function remainingWords(status: ProgressStatus): string | undefined {
  if (status.finishedAt !== undefined || status.state !== 'running') return undefined;
  const about = (seconds: number) => `about ${formatDuration(seconds)} left`;
  if (status.measured) {
    const { done, of, secondsLeft = 0 } = status.measured;
    const time = secondsLeft < 1 ? '' : `, ${about(secondsLeft)}`;
    return `measuring on test data, ${formatCount(done)} of ${formatCount(of)} done${time}`;
  }
  const left = status.secondsLeft;
  if (left === undefined) return undefined;
  if (left >= 0.5) return about(left);
  const phases = status.running.map(({ phase }) => phase);
  if (phases.includes('train')) return 'training more than was estimated';
  return phases.length > 0 ? 'all is trained, evaluating' : undefined;
}
