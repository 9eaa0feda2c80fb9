import { RgsweepError } from '../errors.js';
import type { Parameters } from '../space/types.js';
import type { SweepSnapshot } from '../sweep/types.js';
import { type Figure, formatCount, formatFigure, metricFigure, metricTitle } from './figures.js';
import { differenceOnData, isPairable, type PerConfiguration } from './pairs.js';
import {
  bestSearched,
  figureAt,
  highestResult,
  judgedSeeds,
  lastStep,
  outcomeOf,
  type Outcome,
  type Source,
} from './ranking.js';
import { layoutTable } from './table.js';

/** The best trial of one sweep. */
export interface SweepEntry {
  sweep: string;
  trials: number;
  stepsPaid: number;
  /** Absent while the search has no result. */
  best?: { trial: number; figure: Figure; parameters: Parameters };
  /** Against the first sweep: positive where this one is better. */
  difference?: { value: number; error?: number; method: 'pairs' | 'combined'; outcome: Outcome };
}

export interface SweepComparison {
  metric: string;
  direction: 'minimize' | 'maximize';
  /** Where all figures were measured: on test data, or on validation data after so many steps. */
  measured: { kind: 'test' | 'validation'; step: number };
  sweeps: SweepEntry[];
}

/**
 * The best searched trial of each sweep, and its difference from the first sweep's: on test data where all have them after equally many
 * steps, else after the largest number of steps that all bests were evaluated at. Below twice its error a difference is a tie.
 * @param likelihoods of each sweep's trials on the test data, in the order of the sweeps: where a best and the first one have them, their
 * difference is measured on the same data (pairs.ts); else its error is e² = e₁² + e₂², which is wider than the truth
 * @throws RgsweepError `usage` where the sweeps measure different things
 */
export function compareSweeps(
  snapshots: readonly SweepSnapshot[],
  likelihoods: readonly PerConfiguration[] = [],
): SweepComparison {
  const [first, ...others] = snapshots as [SweepSnapshot, ...SweepSnapshot[]];
  const { metric, direction } = first.spec.objective;
  for (const { spec } of others) {
    if (spec.objective.metric !== metric || spec.objective.direction !== direction)
      throw new RgsweepError(
        'usage',
        `${first.spec.name} is judged by ${metric} (${direction}), ${spec.name} by ${spec.objective.metric} (${spec.objective.direction})`,
        { remedy: 'compare sweeps with one objective' },
      );
    if (JSON.stringify(sorted(spec.task)) !== JSON.stringify(sorted(first.spec.task)))
      throw new RgsweepError(
        'usage',
        `${first.spec.name} trains on ${JSON.stringify(first.spec.task)}, ${spec.name} on ${JSON.stringify(spec.task)}`,
        { remedy: 'compare sweeps of one task: figures of two tasks have no common scale' },
      );
  }
  const bests = snapshots.map((snapshot) => ({ snapshot, trial: bestSearched(snapshot) }));
  const found = bests.filter((one) => one.trial !== undefined);
  const test: Source = { kind: 'test', step: found[0] ? lastStep(found[0].trial!) : 0 };
  const tested = found.length > 0 && found.every(({ snapshot, trial }) => figureAt(snapshot, trial!, test));
  const steps = found.map(({ trial }) => trial!.rungs.map(({ step }) => step));
  const common = (steps[0] ?? []).filter((step) => steps.every((own) => own.includes(step)));
  if (!tested && common.length === 0)
    throw new RgsweepError('usage', 'the best trials were never evaluated after the same number of steps', {
      remedy: `rungs: ${snapshots.map(({ spec }) => `${spec.name} ${spec.pruner.rungs.join(', ')}`).join('; ')}`,
    });
  const step = Math.max(...common);
  const figures = bests.map(({ snapshot, trial }): Figure | undefined => {
    if (!trial) return undefined;
    if (tested) return figureAt(snapshot, trial, test);
    const result = trial.rungs.find((one) => one.step === step);
    return result && metricFigure(result.metrics, metric);
  });
  const sign = direction === 'minimize' ? 1 : -1;
  const sideOf = (index: number) => ({
    seeds: judgedSeeds(bests[index]!.snapshot, bests[index]!.trial!),
    likelihoods: likelihoods[index] ?? new Map<number, ArrayLike<number>>(),
  });
  const differenceFromFirst = (index: number, own: Figure, base: Figure): SweepEntry['difference'] => {
    const paired =
      tested && isPairable(metric, test) ? differenceOnData(sideOf(index), sideOf(0)) : undefined;
    const value = sign * (paired ? paired.value : base.value - own.value);
    const error =
      paired?.error ??
      (base.error === undefined || own.error === undefined ? undefined : Math.hypot(base.error, own.error));
    return {
      value,
      ...(error === undefined ? {} : { error }),
      method: paired ? 'pairs' : 'combined',
      outcome: outcomeOf(value, error),
    };
  };
  return {
    metric,
    direction,
    measured: tested ? { kind: 'test', step: test.step } : { kind: 'validation', step },
    sweeps: bests.map(({ snapshot, trial }, i): SweepEntry => {
      const figure = figures[i];
      const base = figures[0];
      return {
        sweep: snapshot.spec.name,
        trials: snapshot.trials.filter((one) => one.baseline === undefined && highestResult(snapshot, one))
          .length,
        stepsPaid: snapshot.trials.reduce((sum, one) => sum + one.stepsPaid, 0),
        ...(trial && figure ? { best: { trial: trial.trial, figure, parameters: trial.parameters } } : {}),
        ...(i > 0 && figure && base ? { difference: differenceFromFirst(i, figure, base) } : {}),
      };
    }),
  };
}

function sorted(task: object): unknown {
  return Object.entries(task).sort(([a], [b]) => (a < b ? -1 : 1));
}

const words: Record<Outcome, string> = {
  better: 'better',
  worse: 'worse',
  tie: 'a tie',
  unknown: 'no error known',
};

/** A comparison as people read it in a terminal. */
export function comparisonText(
  { metric, direction, measured, sweeps }: SweepComparison,
  width: number,
): string {
  const rows = sweeps.map(({ sweep, trials, stepsPaid, best, difference }) => [
    sweep,
    best ? formatFigure(best.figure) : '–',
    difference
      ? `${formatFigure({ ...difference, value: Math.abs(difference.value) })} ${words[difference.outcome]}`
      : '–',
    best ? String(best.trial) : '–',
    formatCount(trials),
    formatCount(stepsPaid),
  ]);
  const table = layoutTable(
    [
      { title: 'sweep', align: 'left', flexible: 12, dispensable: 0 },
      { title: metricTitle(metric), align: 'right', dispensable: 0 },
      { title: `against ${sweeps[0]!.sweep}`, align: 'right', dispensable: 0 },
      { title: 'trial', align: 'right', dispensable: 3 },
      { title: 'trials', align: 'right', dispensable: 2 },
      { title: 'steps paid', align: 'right', dispensable: 1 },
    ],
    rows,
    width,
  );
  const where = `on ${measured.kind} data after ${formatCount(measured.step)} steps`;
  const combined = sweeps.some(({ difference }) => difference?.method === 'combined' && difference.error);
  return `${[
    ...table,
    '',
    `the best trial of each, ${where}; ${direction === 'minimize' ? 'lower' : 'higher'} is better; below two standard errors it is a tie`,
    ...(combined
      ? [
          'errors of differences combine those of both trials, which were measured on the same data: the true ones are probably smaller',
        ]
      : []),
  ].join('\n')}\n`;
}
