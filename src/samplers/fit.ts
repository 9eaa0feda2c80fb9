import type { Arena } from './arena.js';
import type { Columns } from './columns.js';
import { log } from './elementary.js';
import { categoricalKernels, type DimensionKernels, type Mixture, numericKernels } from './parzen.js';
import type { Tree } from './tree.js';

/**
 * A Parzen mixture of some trials: one kernel a trial, and one of the prior (uniform on categorical axes, on numeric
 * ones a normal about the middle as wide as the axis).
 * @param members indices of the trials in the columns
 * @param memberWeights their weights; the prior has weight 1 beside them
 */
export function fitMixture(
  tree: Tree,
  columns: Columns,
  members: readonly number[],
  memberWeights: Float64Array,
  minWidth: number,
  arena: Arena,
): Mixture {
  const prior = members.length;
  const count = prior + 1;
  const weights = arena.take(count);
  const logWeights = arena.take(count);
  let total = 1;
  for (let k = 0; k < prior; k++) total += memberWeights[k]!;
  for (let k = 0; k < count; k++) {
    weights[k] = (k === prior ? 1 : memberWeights[k]!) / total;
    logWeights[k] = log(weights[k]!);
  }
  const dimensions = tree.searched.map(({ axis, dimension }): DimensionKernels => {
    const column = columns[dimension]!;
    const values = arena.take(count);
    for (let k = 0; k < prior; k++) values[k] = column[members[k]!]!;
    if (axis.kind === 'categorical') {
      values[prior] = NaN;
      for (let k = 0; k < count; k++) if (values[k] !== values[k]) values[k] = -1;
      return categoricalKernels(axis, values, 1 / count);
    }
    values[prior] = 0.5;
    const width = arena.take(count);
    neighbourWidths(values, prior, minWidth, width, arena);
    return numericKernels(axis, values, width, arena);
  });
  return { tree, count, weights, logWeights, dimensions };
}

/**
 * σ of every kernel of an axis: the larger of the gaps to its neighbours (at the ends the inner one), the prior's centre
 * counting as a neighbour, within [max(minWidth, (n + 2)⁻²), 1]; the prior's own is 1. NaN centres are skipped.
 * (Watanabe, "Tree-structured Parzen estimator", arXiv 2304.11127, §3.3.4.)
 *
 * No sorting: in buckets no wider than the least width only a bucket's two outer points can have a gap that counts.
 */
function neighbourWidths(
  centre: Float64Array,
  prior: number,
  minWidth: number,
  width: Float64Array,
  arena: Arena,
): void {
  let known = 0;
  for (let k = 0; k <= prior; k++) if (centre[k] === centre[k]) known++;
  const least = Math.max(minWidth, 1 / ((known + 1) * (known + 1)));
  const buckets = Math.ceil(1 / least);
  // One more than the index of the first least and of the last greatest centre of every bucket; 0 where it is empty.
  const first = arena.take(buckets + 1);
  const last = arena.take(buckets + 1);
  for (let k = 0; k <= prior; k++) {
    const x = centre[k]!;
    if (x !== x) continue;
    const b = Math.floor(x * buckets);
    if (first[b] === 0 || x < centre[first[b]! - 1]!) first[b] = k + 1;
    if (last[b] === 0 || x >= centre[last[b]! - 1]!) last[b] = k + 1;
    width[k] = least;
  }
  let previous = -1;
  for (let b = 0; b <= buckets; b++) {
    if (first[b] === 0) continue;
    const here = first[b]! - 1;
    if (previous >= 0) {
      const gap = centre[here]! - centre[previous]!;
      if (gap > width[here]!) width[here] = gap;
      if (gap > width[previous]!) width[previous] = gap;
    }
    previous = last[b]! - 1;
  }
  width[prior] = 1;
}
