import { CounterRandom } from '../random/philox.js';
import type { SearchSpace } from '../space/types.js';
import { type CellAxis, cellAxes, cellsOf, type Point } from './cells.js';
import { type Estimate, usablePoints } from './fanova.js';
import { errorsOfHalves, halvesOf } from './halves.js';

export interface PedAnova {
  /** Number of trials it was made from, and how many of them count as good. */
  trials: number;
  good: number;
  /**
   * Share of what all parameters together explain of being good, largest first; `chance` is the probability that a parameter
   * without any influence would have done as well.
   */
  main: ({ name: string; chance: number } & Estimate)[];
}

const splits = 32;
const permutations = 199;

/**
 * PED-ANOVA (Watanabe, Bansal, Hutter, IJCAI 2023, arXiv 2304.10255): what makes a trial one of the best. For every parameter the
 * variance of P(good | x) over the trials' own values of x, which is γ² times the Pearson divergence of the good trials' density
 * from all trials'. It asks about the best only, and where the search has been does not matter.
 *
 * P(good | x) comes from one kernel for both densities (Gaussian on a numeric axis, Scott's width of the good ones; none on choices),
 * so it stays a probability. What labels drawn by lot would give is subtracted (exactly: the variance of a weighted mean of
 * labels). A conditional parameter counts among the trials that have it, by their share.
 * @param points trials with a finite value, smaller being better
 * @param quantile γ: this share of the trials, at least four, is good
 * @throws RgsweepError `usage` for fewer than 12 trials
 */
export function pedAnova(
  space: SearchSpace,
  points: readonly Point[],
  { quantile = 0.1, seed = 0 }: { quantile?: number; seed?: number } = {},
): PedAnova {
  const own = usablePoints(space, points);
  const axes = cellAxes(space);
  const rows = cellsOf(space, axes, own);
  const all = own.map((_, index) => index);
  const labels = goodLabels(own, all, quantile);
  const variances = axes.map((axis, d) => explained(axis, d, rows, all, labels));
  const shares = sharesOf(variances);
  const pairs = halvesOf(own.length, splits, seed).map(
    (both) =>
      both.map((members) => {
        const theirs = goodLabels(own, members, quantile);
        return sharesOf(axes.map((axis, d) => explained(axis, d, rows, members, theirs)));
      }) as [number[], number[]],
  );
  const errors = errorsOfHalves(pairs);
  const exceeded = axes.map(() => 0);
  const random = new CounterRandom(seed, 'insight/permutations');
  const drawn = Uint8Array.from(labels);
  for (let p = 0; p < permutations; p++) {
    for (let i = drawn.length - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [drawn[i], drawn[j]] = [drawn[j]!, drawn[i]!];
    }
    axes.forEach((axis, d) => {
      if (explained(axis, d, rows, all, drawn) >= variances[d]!) exceeded[d]!++;
    });
  }
  return {
    trials: own.length,
    good: labels.reduce((sum, label) => sum + label, 0),
    main: axes
      .map(({ name }, d) => ({
        name,
        value: shares[d]!,
        error: errors[d]!,
        chance: (1 + exceeded[d]!) / (1 + permutations),
      }))
      .sort((a, b) => b.value - a.value),
  };
}

function sharesOf(variances: readonly number[]): number[] {
  const positive = variances.map((variance) => Math.max(0, variance));
  const total = positive.reduce((sum, variance) => sum + variance, 0);
  return positive.map((variance) => (total > 0 ? variance / total : 0));
}

/** 1 for the best trials among the members, ties by number; indexed as the points are. */
function goodLabels(points: readonly Point[], members: readonly number[], quantile: number): Uint8Array {
  const count = Math.min(members.length - 1, Math.max(4, Math.ceil(quantile * members.length)));
  const labels = new Uint8Array(points.length);
  const order = [...members].sort((a, b) => points[a]!.value - points[b]!.value || a - b);
  for (const index of order.slice(0, count)) labels[index] = 1;
  return labels;
}

/** Variance of P(good | x) among the members that have the parameter, times their share, less what chance gives. */
function explained(
  axis: CellAxis,
  d: number,
  rows: readonly Int16Array[],
  members: readonly number[],
  labels: Uint8Array,
): number {
  const active = members.filter((index) => rows[index]![d]! >= 0);
  let good = 0;
  for (const index of active) good += labels[index]!;
  if (good === 0 || good === active.length) return 0;
  const all = new Float64Array(axis.count);
  const best = new Float64Array(axis.count);
  for (const index of active) {
    const cell = rows[index]![d]!;
    all[cell]!++;
    if (labels[index]) best[cell]!++;
  }
  const kernel = axis.ordered ? gaussian(best, good, axis.count) : Float64Array.of(1);
  const reach = kernel.length - 1;
  const rate = good / active.length;
  let variance = 0;
  let luck = 0;
  for (let cell = 0; cell < axis.count; cell++) {
    if (all[cell] === 0) continue;
    let weight = 0;
    let ofGood = 0;
    let squares = 0;
    const last = Math.min(axis.count - 1, cell + reach);
    for (let other = Math.max(0, cell - reach); other <= last; other++) {
      const k = kernel[Math.abs(other - cell)]!;
      weight += k * all[other]!;
      ofGood += k * best[other]!;
      squares += k * k * all[other]!;
    }
    variance += (all[cell]! / active.length) * (ofGood / weight - rate) ** 2;
    luck += (all[cell]! / active.length) * (squares / weight ** 2 - 1 / active.length);
  }
  const spread = (rate * (1 - rate) * active.length) / (active.length - 1);
  return (active.length / members.length) * (variance - spread * luck);
}

/**
 * Weights by distance in cells, to four widths. The width is Scott's rule for the good trials, 1.06 min(σ, IQR/1.34) n^(−1/5), at
 * least half a cell.
 */
function gaussian(best: Float64Array, good: number, count: number): Float64Array {
  let mean = 0;
  let square = 0;
  const quartiles = [0, 0];
  let seen = 0;
  for (let cell = 0; cell < count; cell++) {
    mean += (best[cell]! * cell) / good;
    square += (best[cell]! * cell * cell) / good;
    for (const [i, level] of [0.25, 0.75].entries())
      if (seen < level * good && seen + best[cell]! >= level * good) quartiles[i] = cell;
    seen += best[cell]!;
  }
  const deviation = Math.sqrt(Math.max(0, square - mean * mean));
  const range = (quartiles[1]! - quartiles[0]!) / 1.34;
  const width = Math.max(0.5, 1.06 * (range > 0 ? Math.min(deviation, range) : deviation) * good ** -0.2);
  const reach = Math.min(count - 1, Math.ceil(4 * width));
  return Float64Array.from({ length: reach + 1 }, (_, i) => Math.exp(-0.5 * (i / width) ** 2));
}
