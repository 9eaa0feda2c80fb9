import { log } from './elementary.js';
import { modelStep, rankTrials } from './split.js';
import type { Observation } from './types.js';

/** Settings of the split into good and bad; src/samplers/tpe.ts has the values. */
export interface RoleSettings {
  /** Results that make a rung one the model may read. */
  enoughResults: number;
  /** Good trials: ⌈fraction × n⌉, at most `mostGood`. */
  goodFraction: number;
  mostGood: number;
  /** Trials of earlier searches weigh h/(h + n) beside this search's n finished ones. */
  priorHalf: number;
}

/** Indices of the trials that speak for a place and of those that speak against it, with their weights. */
export interface Roles {
  good: number[];
  goodWeights: Float64Array;
  bad: number[];
  badWeights: Float64Array;
  /** Share of the good ones in all that count. */
  share: number;
}

/**
 * Which trials are good and which bad. Each search, this one and the earlier ones, is judged by itself: their values may be of
 * different tasks, and ranks are all that carries over. What an earlier one says counts less the more this one knows, and as far as it agrees.
 * @param ownCount the first so many observations are this search's, the rest are priors
 * @param agreement of an earlier search, by the indices of its good and bad trials and of this search's results, best first
 */
export function rolesOf(
  observations: readonly Observation[],
  ownCount: number,
  settings: RoleSettings,
  agreement: (good: readonly number[], bad: readonly number[], ranked: readonly number[]) => number,
): Roles {
  const goodOf = (count: number): number =>
    Math.min(Math.ceil(settings.goodFraction * count), settings.mostGood);
  const split = (members: readonly Observation[]) => {
    const step = modelStep(members, settings.enoughResults);
    const { ranked, unranked } = rankTrials(members, step, goodOf);
    const count = goodOf(ranked.length);
    return {
      good: ranked.slice(0, count),
      bad: [...ranked.slice(count), ...unranked].sort((a, b) => a - b),
      ranked,
    };
  };
  const own = split(ownCount === observations.length ? observations : observations.slice(0, ownCount));
  const roles: Roles = {
    good: own.good,
    goodWeights: rankWeights(own.good.length),
    bad: own.bad,
    badWeights: recencyWeights(own.bad.length),
    share: own.good.length / Math.max(1, own.good.length + own.bad.length),
  };
  if (ownCount === observations.length) return roles;

  const fading = settings.priorHalf / (settings.priorHalf + own.ranked.length);
  for (const indices of priorGroups(observations, ownCount)) {
    const { good, bad } = split(indices.map((index) => observations[index]!));
    const [goodOnes, badOnes] = [good, bad].map((places) => places.map((place) => indices[place]!));
    const weight = fading * agreement(goodOnes!, badOnes!, own.ranked);
    if (weight === 0) continue;
    roles.good = [...roles.good, ...goodOnes!];
    roles.bad = [...roles.bad, ...badOnes!];
    roles.goodWeights = joined(roles.goodWeights, rankWeights(good.length), weight);
    roles.badWeights = joined(roles.badWeights, new Float64Array(bad.length).fill(1), weight);
  }
  const sum = (weights: Float64Array): number => weights.reduce((total, one) => total + one, 0);
  const [good, bad] = [sum(roles.goodWeights), sum(roles.badWeights)];
  roles.share = good / Math.max(1e-9, good + bad);
  return roles;
}

/** Indices of the priors by the search they come from, in the order in which these are first named. */
function priorGroups(observations: readonly Observation[], ownCount: number): number[][] {
  const groups = new Map<string | undefined, number[]>();
  for (let i = ownCount; i < observations.length; i++) {
    const { prior } = observations[i]!;
    const known = groups.get(prior);
    if (known) known.push(i);
    else groups.set(prior, [i]);
  }
  return [...groups.values()];
}

function joined(first: Float64Array, second: Float64Array, weight: number): Float64Array {
  const both = new Float64Array(first.length + second.length);
  both.set(first);
  second.forEach((value, i) => (both[first.length + i] = weight * value));
  return both;
}

/** log(n + ½) − log(rank), scaled to a mean of 1: the best trial weighs most, and no scale of the values enters. */
function rankWeights(count: number): Float64Array {
  const weights = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) total += weights[i] = log(count + 0.5) - log(i + 1);
  for (let i = 0; i < count; i++) weights[i]! *= count / total;
  return weights;
}

/** 1 for the last 25 trials, before them rising in a line from 1/n: what was bad long ago matters less. */
function recencyWeights(count: number): Float64Array {
  const weights = new Float64Array(count).fill(1);
  const ramp = count - 25;
  for (let i = 0; i < ramp; i++)
    weights[i] = 1 / count + (ramp === 1 ? 0 : ((1 - 1 / count) * i) / (ramp - 1));
  return weights;
}
