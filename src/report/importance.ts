import { RgsweepError } from '../errors.js';
import type { Point } from '../insight/cells.js';
import { type Fanova, fanova, leastPoints } from '../insight/fanova.js';
import { type PedAnova, pedAnova } from '../insight/pedAnova.js';
import type { SweepSnapshot } from '../sweep/types.js';
import { metricFigure } from './figures.js';

/** What a sweep says about its parameters. */
export interface SweepImportance {
  metric: string;
  /** Training steps of the rung that fANOVA was read at, and its results. */
  step: number;
  trials: number;
  /** Those of PED-ANOVA. */
  best: { step: number; trials: number };
  fanova: Fanova;
  pedAnova: PedAnova;
}

/** A share whose probability of being none is above this may be chance. */
export const mostChance = 0.05;

/** A rung with so many results is read in preference to a lower one with more, for what makes the best. */
const enoughResults = 20;

/**
 * Importance of the searched parameters for a metric. The variance over the space (fANOVA) is that of the rung with the most results, of equal
 * ones the highest: higher rungs have what a pruner left, and a parameter whose bad values it has weeded out seems to do nothing there. What
 * makes one of the best (PED-ANOVA) is read at the highest rung with at least 20 results, else there too.
 * Trials of one parameter set (replicates) count once, with their mean; baselines and failed trials do not.
 * @param options.metric default: the objective. Where it is another one, larger is better for `ess` and worse for all else
 * @param options.step reads both at the rung of so many training steps
 * @throws RgsweepError `usage` where there is no such rung, or fewer than 12 results
 */
export function importanceOf(
  snapshot: SweepSnapshot,
  options: { metric?: string; step?: number } = {},
): SweepImportance {
  const { objective, space, pruner, name } = snapshot.spec;
  const metric = options.metric ?? objective.metric;
  const maximize = metric === objective.metric ? objective.direction === 'maximize' : metric === 'ess';
  const searched = new Set(space.parameters.map((parameter) => parameter.name));
  const byStep = new Map<number, Map<string, { parameters: Point['parameters']; values: number[] }>>();
  for (const trial of snapshot.trials) {
    if (trial.baseline !== undefined || trial.state === 'failed') continue;
    // A trial's parameters are those of the space and the sweep's defaults.
    const parameters = Object.fromEntries(
      Object.entries(trial.parameters).filter(([parameter]) => searched.has(parameter)),
    );
    const key = JSON.stringify(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const { step, metrics } of trial.rungs) {
      const figure = metricFigure(metrics, metric);
      if (!figure) continue;
      const sets =
        byStep.get(step) ?? new Map<string, { parameters: Point['parameters']; values: number[] }>();
      byStep.set(step, sets);
      const known = sets.get(key) ?? { parameters, values: [] };
      known.values.push(maximize ? -figure.value : figure.value);
      sets.set(key, known);
    }
  }
  const steps = [...byStep.keys()].sort((a, b) => b - a);
  const size = (step: number): number => byStep.get(step)!.size;
  const step =
    options.step ??
    steps.reduce<number | undefined>(
      (most, one) => (most === undefined || size(one) > size(most) ? one : most),
      undefined,
    );
  if (step === undefined || !byStep.has(step))
    throw new RgsweepError(
      'usage',
      step === undefined
        ? `sweep ${name} has no result of ${metric} yet`
        : `sweep ${name} has no result of ${metric} at ${step} steps`,
      {
        remedy: `Its rungs are ${pruner.rungs.join(', ')}; importance needs ${leastPoints} results at one of them.`,
      },
    );
  const bestStep = options.step ?? steps.find((one) => size(one) >= enoughResults) ?? step;
  const pointsAt = (one: number): Point[] =>
    [...byStep.get(one)!.values()].map(({ parameters, values }) => ({
      parameters,
      value: values.reduce((sum, value) => sum + value, 0) / values.length,
    }));
  const variances = fanova(space, pointsAt(step));
  const ofBest = pedAnova(space, pointsAt(bestStep));
  const sign = maximize ? -1 : 1;
  return {
    metric,
    step,
    trials: variances.trials,
    best: { step: bestStep, trials: ofBest.trials },
    fanova: {
      ...variances,
      dependence: variances.dependence.map(({ name: parameter, points: curve }) => ({
        name: parameter,
        points: curve.map((point) => ({ ...point, mean: sign * point.mean })),
      })),
    },
    pedAnova: ofBest,
  };
}
