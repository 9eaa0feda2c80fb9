import { CounterRandom } from '../random/philox.js';
import type { Parameters } from '../space/types.js';
import { type Arena, openArena } from './arena.js';
import { valueAt } from './axis.js';
import { type Columns, columnsOf } from './columns.js';
import { constraintContrasts, logAdvantage } from './constraints.js';
import { log } from './elementary.js';
import { fitMixture } from './fit.js';
import { drawPoint, logDensity, type Mixture, type Point } from './parzen.js';
import { sampleQmc } from './qmc.js';
import { modelStep, rankTrials } from './split.js';
import { drawParameters, type Tree } from './tree.js';
import type { Sampler, SuggestInput } from './types.js';

/** The settings that were tuned (docs/search.md says on what); nothing else is free. */
export interface TpeSettings {
  /** The model is used from this many trials on, finished or not, … */
  startup: number;
  /** … of which this many have an outcome. */
  startupFinished: number;
  /** Results that make a rung one the model may read. */
  enoughResults: number;
  /** Points drawn from the good mixture, of which the best ratio is suggested. */
  candidates: number;
  /** Good trials: ⌈fraction × n⌉, at most `mostGood`. */
  goodFraction: number;
  mostGood: number;
  /** Least kernel width on a unit axis in three dimensions; it grows with the root of the dimension, up to ¼. */
  minWidth: number;
}

export const tpeSettings: TpeSettings = {
  startup: 7,
  startupFinished: 4,
  enoughResults: 10,
  candidates: 16,
  goodFraction: 0.15,
  mostGood: 25,
  minWidth: 0.03,
};

/**
 * Tree-structured Parzen estimator with one joint model over the declared tree of conditions (Bergstra et al. 2011;
 * Watanabe, arXiv 2304.11127): the best ⌈15 %⌉ of the trials (at most 25), weighted by rank, make a mixture l, all others a
 * mixture g; of some draws from l the one with the largest l/g is suggested. Trials still running count as bad (constant
 * liar), so that parallel workers spread. Until there are enough outcomes it suggests scrambled Sobol' points. A set that
 * was tried already is suggested again only where no other is found.
 */
export function createTpe(settings: TpeSettings = tpeSettings): Sampler {
  return (input) => suggest(input, settings);
}

function suggest(input: SuggestInput, settings: TpeSettings): Parameters {
  const { space, observations, trial, seed } = input;
  let finished = 0;
  for (const one of observations) if (one.state !== 'running' || one.values.length > 0) finished++;
  if (observations.length < settings.startup || finished < settings.startupFinished) return sampleQmc(input);

  const arena = openArena();
  const { tree, columns } = columnsOf(space, observations, arena);
  const goodOf = (count: number): number =>
    Math.min(Math.ceil(settings.goodFraction * count), settings.mostGood);
  const { ranked, unranked } = rankTrials(
    observations,
    modelStep(observations, settings.enoughResults),
    goodOf,
  );
  const goodCount = goodOf(ranked.length);
  const minWidth = Math.min(0.25, settings.minWidth * Math.sqrt(tree.searched.length / 3));
  const good = ranked.slice(0, goodCount);
  const bad = [...ranked.slice(goodCount), ...unranked].sort((a, b) => a - b);
  const below = fitMixture(tree, columns, good, rankWeights(good.length, arena), minWidth, arena);
  const above = fitMixture(tree, columns, bad, recencyWeights(bad.length, arena), minWidth, arena);

  const constraints = constraintContrasts(tree, columns, observations, minWidth, arena);
  const share = goodCount / Math.max(1, ranked.length + unranked.length);
  let longest = Math.max(below.count, above.count);
  for (const { held, broken } of constraints) longest = Math.max(longest, held.count, broken.count);
  const scratch = arena.take(longest);
  const score = (point: Point): number => {
    if (constraints.length === 0)
      return logDensity(below, point, scratch) - logDensity(above, point, scratch);
    let sum = logAdvantage({ held: below, broken: above, share }, point, scratch);
    for (const contrast of constraints) sum += logAdvantage(contrast, point, scratch);
    return sum;
  };

  const random = new CounterRandom(seed, 'sampler/tpe', trial);
  let best: Point | undefined;
  let bestScore = -Infinity;
  for (let i = 0; i < settings.candidates; i++) {
    const point = drawPoint(below, random, arena.take(tree.searched.length));
    if (isKnown(columns, observations.length, point)) continue;
    const own = score(point);
    if (best === undefined || own > bestScore) {
      best = point;
      bestScore = own;
    }
  }
  return parametersAt(tree, best ?? drawUnknown(below, columns, observations.length, random, arena));
}

/** log(n + ½) − log(rank), scaled to a mean of 1: the best trial weighs most, and no scale of the values enters. */
function rankWeights(count: number, arena: Arena): Float64Array {
  const weights = arena.take(count);
  let total = 0;
  for (let i = 0; i < count; i++) total += weights[i] = log(count + 0.5) - log(i + 1);
  for (let i = 0; i < count; i++) weights[i]! *= count / total;
  return weights;
}

/** 1 for the last 25 trials, before them rising in a line from 1/n: what was bad long ago matters less. */
function recencyWeights(count: number, arena: Arena): Float64Array {
  const weights = arena.take(count).fill(1);
  const ramp = count - 25;
  for (let i = 0; i < ramp; i++)
    weights[i] = 1 / count + (ramp === 1 ? 0 : ((1 - 1 / count) * i) / (ramp - 1));
  return weights;
}

/** A draw that no trial has had, where one is found soon; a space of few values runs out of them. */
function drawUnknown(
  mixture: Mixture,
  columns: Columns,
  count: number,
  random: CounterRandom,
  arena: Arena,
): Point {
  const point = arena.take(mixture.tree.searched.length);
  for (let i = 0; i < 100; i++) if (!isKnown(columns, count, drawPoint(mixture, random, point))) break;
  return point;
}

function isKnown(columns: Columns, count: number, point: Point): boolean {
  for (let i = 0; i < count; i++) {
    let d = 0;
    while (d < columns.length && Object.is(columns[d]![i], point[d])) d++;
    if (d === columns.length) return true;
  }
  return false;
}

function parametersAt(tree: Tree, point: Point): Parameters {
  return drawParameters(tree, ({ axis, dimension }) => {
    const x = point[dimension]!;
    return axis.kind === 'categorical' ? axis.parameter.choices[x]! : valueAt(axis, x);
  });
}
