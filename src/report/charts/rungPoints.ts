import type { SweepSnapshot, TrialRecord } from '../../sweep/types.js';
import { metricFigure } from '../figures.js';
import { thin } from './scales.js';

/** One result of one searched trial at one rung. */
export interface RungPoint {
  trial: TrialRecord;
  rung: number;
  step: number;
  value: number;
  error?: number;
  finishedAt: number;
}

/** Every finite objective value of the searched trials that were trained, by the time it was measured. */
export function rungPoints(snapshot: SweepSnapshot, trials: readonly TrialRecord[]): RungPoint[] {
  const points = trials.flatMap((trial) =>
    trial.rungs.flatMap((result): RungPoint[] => {
      const figure = metricFigure(result.metrics, snapshot.spec.objective.metric);
      return figure
        ? [
            {
              trial,
              rung: result.rung,
              step: result.step,
              ...figure,
              finishedAt: Date.parse(result.finishedAt),
            },
          ]
        : [];
    }),
  );
  return points.sort(
    (a, b) => a.finishedAt - b.finishedAt || a.trial.trial - b.trial.trial || a.rung - b.rung,
  );
}

export const searchedTrials = (snapshot: SweepSnapshot): TrialRecord[] =>
  snapshot.trials.filter((trial) => trial.baseline === undefined && trial.equals === undefined);

/** At most `count` points: the best third and an even selection of the others, in their order. */
export function selectPoints<T extends RungPoint>(
  snapshot: SweepSnapshot,
  points: readonly T[],
  count: number,
): T[] {
  if (points.length <= count) return [...points];
  const sign = snapshot.spec.objective.direction === 'minimize' ? 1 : -1;
  const ranked = [...points].sort((a, b) => sign * (a.value - b.value));
  const top = Math.floor(count / 3);
  const kept = new Set([...ranked.slice(0, top), ...thin(ranked.slice(top), count - top)]);
  return points.filter((point) => kept.has(point));
}

/** Colours and shapes of rungs: the last one stands out. */
export function rungEncoding(snapshot: SweepSnapshot): {
  steps: number[];
  colors: string[];
  labels: string[];
} {
  const steps = snapshot.spec.pruner.rungs;
  return {
    steps,
    colors: steps.map((_, i) => (i === steps.length - 1 ? 'var(--best)' : `var(--rung${Math.min(i, 3)})`)),
    labels: steps.map((step) => `${step.toLocaleString('en-US')} steps`),
  };
}
