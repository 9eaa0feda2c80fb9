import { CounterRandom } from '../random/philox.js';
import type { Parameters } from '../space/types.js';
import { valueAt } from './axis.js';
import {
  categoricalKernels,
  coordinateOf,
  drawPoint,
  type DimensionKernels,
  logDensity,
  type Mixture,
  numericKernels,
  type Point,
} from './parzen.js';
import { sampleQmc } from './qmc.js';
import { modelStep, rankTrials } from './split.js';
import { compileTree, drawParameters, knownValue, type Tree } from './tree.js';
import type { Observation, Sampler, SuggestInput } from './types.js';
import { log } from './elementary.js';

export interface TpeOptions {
  startup: number;
  candidates: number;
  goodFraction: number;
  goodMost: number;
  bandwidth: 'neighbour' | 'watanabe' | 'scott';
  scottFactor: number;
  minFactor: number;
  weights: 'uniform' | 'improvement' | 'old';
  goodWeights: 'uniform' | 'improvement' | 'old' | 'rank';
  priorWeight: number;
}
export const defaults: TpeOptions = {
  startup: 10,
  candidates: 24,
  goodFraction: 0.1,
  goodMost: 25,
  bandwidth: 'neighbour',
  scottFactor: 1,
  minFactor: 0.01,
  weights: 'old',
  goodWeights: 'old',
  priorWeight: 1,
};

export function createTpe(options: TpeOptions = defaults): Sampler {
  return (input) => suggest(input, options);
}

function suggest(input: SuggestInput, options: TpeOptions): Parameters {
  const { space, observations, trial, seed } = input;
  const finished = observations.filter((one) => one.state !== 'running' || one.values.length > 0).length;
  if (finished < options.startup) return sampleQmc(input);
  const tree = compileTree(space);
  const step = modelStep(observations, options.startup);
  const { ranked, unranked } = rankTrials(observations, step);
  const goodCount = Math.min(Math.ceil(options.goodFraction * ranked.length), options.goodMost);
  const good = ranked.slice(0, goodCount).sort((a, b) => a - b);
  const bad = [...ranked.slice(goodCount), ...unranked].sort((a, b) => a - b);
  const points = pointsOf(tree, observations);
  const value = (i: number): number =>
    observations[i]!.values.find((v) => v.step === step)?.objectives[0] ?? Infinity;
  const below = fit(
    tree,
    points,
    good,
    weightsOf(good, options.goodWeights, value, ranked, goodCount),
    options,
  );
  const above = fit(tree, points, bad, weightsOf(bad, options.weights, value, ranked, goodCount), options);
  const random = new CounterRandom(seed, 'sampler/tpe', trial);
  const scratch = new Float64Array(Math.max(below.count, above.count));
  let best: Point | undefined;
  let bestScore = -Infinity;
  for (let i = 0; i < options.candidates; i++) {
    const point = new Float64Array(tree.searched.length);
    drawPoint(below, random, point);
    const score = logDensity(below, point, scratch) - logDensity(above, point, scratch);
    if (best === undefined || score > bestScore) {
      best = point;
      bestScore = score;
    }
  }
  return parametersAt(tree, best!);
}

function parametersAt(tree: Tree, point: Point): Parameters {
  return drawParameters(tree, ({ axis, dimension }) => {
    const x = point[dimension]!;
    return axis.kind === 'categorical' ? axis.parameter.choices[x]! : valueAt(axis, x);
  });
}

function pointsOf(tree: Tree, observations: readonly Observation[]): Float64Array[] {
  return tree.searched.map((node) =>
    Float64Array.from(observations, (observation) => {
      const value = knownValue(node, observation.parameters);
      return value === undefined ? NaN : coordinateOf(node.axis, value);
    }),
  );
}

function weightsOf(
  members: number[],
  rule: TpeOptions['goodWeights'],
  value: (i: number) => number,
  ranked: number[],
  goodCount: number,
): Float64Array {
  const n = members.length;
  const weights = new Float64Array(n).fill(1);
  if (rule === 'old' && n >= 25)
    for (let i = 0; i < n - 25; i++) weights[i] = n - 25 === 1 ? 1 / n : 1 / n + ((1 - 1 / n) * i) / (n - 26);
  if (rule === 'improvement') {
    const threshold = value(ranked[goodCount] ?? ranked[ranked.length - 1]!);
    let total = 0;
    for (let i = 0; i < n; i++) total += weights[i] = Math.max(1e-12, threshold - value(members[i]!));
    for (let i = 0; i < n; i++) weights[i]! *= n / total;
  }
  if (rule === 'rank') {
    const order = new Map(ranked.map((index, position) => [index, position]));
    let total = 0;
    for (let i = 0; i < n; i++) total += weights[i] = log(n + 0.5) - log((order.get(members[i]!) ?? n) + 1);
    for (let i = 0; i < n; i++) weights[i]! *= n / total;
  }
  return weights;
}

function fit(
  tree: Tree,
  points: Float64Array[],
  members: number[],
  own: Float64Array,
  options: TpeOptions,
): Mixture {
  const count = members.length + 1;
  const weights = new Float64Array(count);
  let total = options.priorWeight;
  for (let i = 0; i < members.length; i++) total += own[i]!;
  for (let i = 0; i < members.length; i++) weights[i] = own[i]! / total;
  weights[members.length] = options.priorWeight / total;
  const dimensions = tree.searched.map(({ axis, dimension }): DimensionKernels => {
    const column = points[dimension]!;
    if (axis.kind === 'categorical') {
      const choice = Int32Array.from({ length: count }, (_, k) =>
        k === members.length || Number.isNaN(column[members[k]!]!) ? -1 : column[members[k]!]!,
      );
      return categoricalKernels(axis, choice, 1 / count);
    }
    const centre = Float64Array.from({ length: count }, (_, k) =>
      k === members.length ? 0.5 : column[members[k]!]!,
    );
    return numericKernels(axis, centre, widths(centre, members.length, tree.searched.length, options));
  });
  return { tree, count, weights, logWeights: weights.map((w) => log(w)), dimensions };
}

function widths(
  centre: Float64Array,
  memberCount: number,
  dimensionCount: number,
  options: TpeOptions,
): Float64Array {
  const width = new Float64Array(centre.length).fill(1);
  const known: number[] = [];
  for (let k = 0; k < memberCount; k++) if (centre[k] === centre[k]) known.push(k);
  const n = known.length;
  if (options.bandwidth === 'scott') {
    const sigma = Math.max(
      options.minFactor,
      options.scottFactor * Math.exp(-Math.log(n + 1) / (4 + dimensionCount)) * 0.3,
    );
    for (const k of known) width[k] = sigma;
    return width;
  }
  const watanabe = options.bandwidth === 'watanabe';
  if (watanabe) known.push(memberCount);
  known.sort((a, b) => centre[a]! - centre[b]!);
  const m = known.length;
  const least = watanabe ? Math.max(options.minFactor, 1 / (n + 2) / (n + 2)) : 1 / Math.min(100, n + 2);
  for (let i = 0; i < m; i++) {
    const here = centre[known[i]!]!;
    const left = i === 0 ? (m > 1 ? -1 : here) : here - centre[known[i - 1]!]!;
    const right = i === m - 1 ? (m > 1 ? -1 : 1 - here) : centre[known[i + 1]!]! - here;
    width[known[i]!] = Math.min(1, Math.max(least, left, right));
  }
  if (watanabe) width[memberCount] = 1;
  return width;
}
