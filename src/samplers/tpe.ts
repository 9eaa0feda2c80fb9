import { CounterRandom } from '../random/philox.js';
import type { Parameters } from '../space/types.js';
import { agreementOf } from './agreement.js';
import { type Arena, openArena } from './arena.js';
import { valueAt } from './axis.js';
import { type Columns, columnsOf } from './columns.js';
import { constraintContrasts, logAdvantage } from './constraints.js';
import { fitMixture } from './fit.js';
import { drawPoint, logDensity, type Mixture, type Point } from './parzen.js';
import { sampleQmc } from './qmc.js';
import { rolesOf, type RoleSettings } from './roles.js';
import { drawParameters, type Tree } from './tree.js';
import type { Sampler, SuggestInput } from './types.js';

/** The settings that were tuned (docs/search.md says on what); nothing else is free. */
export interface TpeSettings extends RoleSettings {
  /** The model is used from this many trials on, finished or not, … */
  startup: number;
  /** … of which this many have an outcome. */
  startupFinished: number;
  /** Points drawn from the good mixture, of which the best ratio is suggested. */
  candidates: number;
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
  priorHalf: 10,
};

/**
 * Tree-structured Parzen estimator with one joint model over the declared tree of conditions (Bergstra et al. 2011;
 * Watanabe, arXiv 2304.11127): the best ⌈15 %⌉ of the trials (at most 25), weighted by rank, make a mixture l, all others a
 * mixture g; of some draws from l the one with the largest l/g is suggested. Trials still running count as bad (constant
 * liar), so that parallel workers spread. Until there are enough outcomes it suggests scrambled Sobol' points. A set that
 * was tried already is suggested again only where no other is found. Trials of earlier searches stand in for the points of the
 * start, and fade (roles.ts).
 */
export function createTpe(settings: TpeSettings = tpeSettings): Sampler {
  return (input) => suggest(input, settings);
}

function suggest(input: SuggestInput, settings: TpeSettings): Parameters {
  const { space, trial, seed } = input;
  const priors = input.observations.filter(({ prior }) => prior !== undefined);
  const ownCount = input.observations.length - priors.length;
  const observations =
    priors.length === 0
      ? input.observations
      : [...input.observations.filter(({ prior }) => prior === undefined), ...priors];
  let finished = 0;
  for (const one of observations) if (one.state !== 'running' || one.values.length > 0) finished++;
  if (observations.length < settings.startup || finished < settings.startupFinished) return sampleQmc(input);
  // Earlier searches may mislead: every second point of the start is one that they have no part in.
  if (ownCount < settings.startup && ownCount % 2 === 1) return sampleQmc(input);

  const arena = openArena();
  const { tree, columns } = columnsOf(space, observations, arena);
  const minWidth = Math.min(0.25, settings.minWidth * Math.sqrt(tree.searched.length / 3));
  const fit = { tree, columns, minWidth, arena };
  const { good, goodWeights, bad, badWeights, share } = rolesOf(
    observations,
    ownCount,
    settings,
    (...those) => agreementOf(fit, ...those),
  );
  const below = fitMixture(tree, columns, good, goodWeights, minWidth, arena);
  const above = fitMixture(tree, columns, bad, badWeights, minWidth, arena);

  const constraints = constraintContrasts(tree, columns, observations, minWidth, arena);
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
    if (isKnown(columns, ownCount, point)) continue;
    const own = score(point);
    if (best === undefined || own > bestScore) {
      best = point;
      bestScore = own;
    }
  }
  return parametersAt(tree, best ?? drawUnknown(below, columns, ownCount, random, arena));
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
