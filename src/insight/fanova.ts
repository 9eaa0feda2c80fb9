import { RgsweepError } from '../errors.js';
import type { ParameterValue, SearchSpace } from '../space/types.js';
import { validateParameters } from '../space/validate.js';
import { type CellAxis, cellAxes, cellsOf, type Point, shareOf, valueOfCell } from './cells.js';
import { type ForestSettings, forestSettings, growForest, type RegressionTree } from './forest.js';
import { errorsOfHalves, halvesOf } from './halves.js';
import { jointConditions, marginalOf, measureGiven, momentsOf, totalVariance } from './marginals.js';

/** A number with its standard error. */
export interface Estimate {
  value: number;
  error: number;
}

/** The mean of the value as a function of one parameter, over everything else where the parameter is active. */
export interface PartialDependence {
  name: string;
  points: { at: ParameterValue; mean: number; error: number }[];
}

export interface Fanova {
  /** Number of trials it was made from. */
  trials: number;
  /** Variance of the value over the space, as the forest has it. */
  variance: number;
  /** Share of the variance that a parameter alone explains, largest first. */
  main: ({ name: string } & Estimate)[];
  /** Share of pairs beyond what both alone explain, of the most important parameters; largest first. */
  pairs: ({ names: [string, string] } & Estimate)[];
  dependence: PartialDependence[];
}

/** Fewer trials than this say nothing about importance. */
export const leastPoints = 12;

const splits = 6;
const pairedParameters = 6;
/** A share below this comes from adding up. */
const rounding = 1e-12;

/**
 * Functional analysis of variance (Hutter, Hoos, Leyton-Brown, ICML 2014) of a random forest over the trials: the variance of the
 * value in a random draw from the space, split into what each parameter explains alone, and each pair beyond that. The
 * decomposition is the forest's own (of the mean of its trees), not the mean of the trees': what only one tree has is noise.
 *
 * A conditional parameter x counts where it is active: P(active) · Var(E[value | x, active]); that it is active at all is what its
 * parents explain. Without conditions these are first-order Sobol' indices.
 *
 * Errors are standard errors from random halves of the trials: what other trials from the same search would have changed, and how far halves are
 * from all, on average.
 * @param points trials with a finite value; those that do not belong to the space are left out
 * @throws RgsweepError `usage` for fewer than 12 trials
 */
export function fanova(
  space: SearchSpace,
  points: readonly Point[],
  { seed = 0, settings = forestSettings }: { seed?: number; settings?: ForestSettings } = {},
): Fanova {
  const own = usablePoints(space, points);
  const axes = cellAxes(space);
  const rows = cellsOf(space, axes, own);
  const values = Float64Array.from(own, ({ value }) => value);
  const all = own.map((_, index) => index);
  const forest = growForest(axes, rows, values, all, seed, settings);
  const whole = analyse(forest, axes, 4096);
  const strongest = [...axes.keys()]
    .sort((a, b) => whole.shares[b]! - whole.shares[a]! || a - b)
    .filter((axis) => whole.shares[axis]! > 0)
    .slice(0, pairedParameters);
  const pairs = strongest.flatMap((first, i) =>
    strongest
      .slice(i + 1)
      .map((second): [number, number] => [Math.min(first, second), Math.max(first, second)]),
  );
  const pairShares = pairs.map(([first, second]) => pairShare(forest, axes, first, second, whole.variance));

  const halves = halvesOf(own.length, splits, seed).map((both, split) =>
    both.map((members, half) => {
      const part = growForest(axes, rows, values, members, seed + 1 + 2 * split + half, settings);
      const found = analyse(part, axes, 1024);
      return {
        shares: found.shares,
        pairs: pairs.map(([first, second]) => pairShare(part, axes, first, second, found.variance)),
        curves: found.curves,
      };
    }),
  );
  const errors = (
    own: ArrayLike<number>,
    pick: (half: (typeof halves)[number][number]) => ArrayLike<number>,
  ): number[] =>
    errorsOfHalves(
      halves.map(([a, b]) => [pick(a!), pick(b!)] as const),
      own,
    );

  const mainErrors = errors(whole.shares, (half) => half.shares);
  const pairErrors = errors(pairShares, (half) => half.pairs);
  const byShare = (a: Estimate, b: Estimate): number => b.value - a.value;
  return {
    trials: own.length,
    variance: whole.variance,
    main: axes
      .map(({ name }, axis) => ({ name, value: whole.shares[axis]!, error: mainErrors[axis]! }))
      .sort(byShare),
    pairs: pairs
      .map(([first, second], i) => ({
        names: [axes[first]!.name, axes[second]!.name] as [string, string],
        value: pairShares[i]!,
        error: pairErrors[i]!,
      }))
      .sort(byShare),
    dependence: axes.flatMap((axis, d): PartialDependence[] => {
      if (axis.activeShare === 0) return [];
      const curve = whole.curves[d]!;
      const curveErrors = errors(curve, (half) => half.curves[d]!);
      const points = [...curve].map((mean, cell) => ({
        at: valueOfCell(axis, cell),
        mean,
        error: curveErrors[cell]!,
      }));
      return [{ name: axis.name, points: points.length > 200 ? thinned(points, 200) : points }];
    }),
  };
}

/**
 * The points that belong to the space and have a finite value.
 * @throws RgsweepError `usage` for fewer than 12, or when all have one value
 */
export function usablePoints(space: SearchSpace, points: readonly Point[]): Point[] {
  const own = points.filter(
    ({ parameters, value }) => Number.isFinite(value) && validateParameters(space, parameters).length === 0,
  );
  if (own.length < leastPoints)
    throw new RgsweepError('usage', `${own.length} trials with a value: importance needs ${leastPoints}`, {
      remedy: 'Let the search go on, or look at a lower rung.',
    });
  return own;
}

function thinned<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]!);
}

/** Shares and partial dependence of every parameter. */
function analyse(
  forest: readonly RegressionTree[],
  axes: readonly CellAxis[],
  points: number,
): { variance: number; shares: number[]; curves: Float64Array[] } {
  const variance = totalVariance(forest, axes, points);
  const curves: Float64Array[] = [];
  const shares = axes.map(({ conditions, activeShare, count }, axis) => {
    if (activeShare === 0) {
      curves.push(new Float64Array(count));
      return 0;
    }
    const marginal = marginalOf(forest, axes, [axis], measureGiven(axes, conditions));
    curves.push(marginal.values);
    const share = variance > 0 ? (activeShare * momentsOf(marginal).variance) / variance : 0;
    return share < rounding ? 0 : share;
  });
  return { variance, shares, curves };
}

/** Share of the variance that two parameters explain beyond what both alone do. */
function pairShare(
  forest: readonly RegressionTree[],
  axes: readonly CellAxis[],
  first: number,
  second: number,
  variance: number,
): number {
  const conditions = jointConditions(axes, first, second);
  if (!conditions || variance === 0) return 0;
  let active = 1;
  for (const { axis, allowed } of conditions) active *= shareOf(axes[axis]!.measure, allowed);
  const marginal = marginalOf(forest, axes, [first, second], measureGiven(axes, conditions));
  const columns = axes[second]!.count;
  const ofFirst = new Float64Array(axes[first]!.count);
  const ofSecond = new Float64Array(columns);
  const measures = measureGiven(axes, conditions);
  marginal.values.forEach((value, i) => {
    const row = Math.floor(i / columns);
    const column = i % columns;
    ofFirst[row]! += value * measures[second]![column]!;
    ofSecond[column]! += value * measures[first]![row]!;
  });
  const both = momentsOf(marginal).variance;
  const alone =
    momentsOf({ values: ofFirst, measure: measures[first]! }).variance +
    momentsOf({ values: ofSecond, measure: measures[second]! }).variance;
  return Math.max(0, (active * (both - alone)) / variance);
}
