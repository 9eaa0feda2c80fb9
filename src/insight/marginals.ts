import { scrambledSobol } from '../samplers/sobol.js';
import { type CellAxis, type CellCondition, shareOf } from './cells.js';
import type { RegressionTree } from './forest.js';

/** A function of one parameter or two: its mean over everything else, by cell (of the first axis, then of the second). */
export interface Marginal {
  values: Float64Array;
  /** Probability of each cell. */
  measure: Float64Array;
}

/** Mean and variance of a marginal over its own cells. */
export function momentsOf({ values, measure }: Marginal): { mean: number; variance: number } {
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += measure[i]! * values[i]!;
  let variance = 0;
  for (let i = 0; i < values.length; i++) variance += measure[i]! * (values[i]! - mean) ** 2;
  return { mean, variance };
}

/** The product measure given that some conditions hold: on a parent, its measure within the allowed cells, scaled to 1. */
export function measureGiven(
  axes: readonly CellAxis[],
  conditions: readonly CellCondition[],
): Float64Array[] {
  const measures = axes.map(({ measure }) => measure);
  for (const { axis, allowed } of conditions) {
    const own = measures[axis]!;
    const share = shareOf(own, allowed);
    measures[axis] = own.map((mass, cell) => (allowed[cell] ? mass / share : 0));
  }
  return measures;
}

/** Conditions of both, or undefined where they exclude each other. */
export function jointConditions(
  axes: readonly CellAxis[],
  first: number,
  second: number,
): CellCondition[] | undefined {
  const joint: CellCondition[] = axes[first]!.conditions.map((one) => ({ ...one }));
  for (const { axis, allowed } of axes[second]!.conditions) {
    const known = joint.find((one) => one.axis === axis);
    if (!known) joint.push({ axis, allowed });
    else known.allowed = known.allowed.map((flag, cell) => flag & allowed[cell]!);
  }
  return joint.every(({ axis, allowed }) => shareOf(axes[axis]!.measure, allowed) > 0) ? joint : undefined;
}

/** The cells of a leaf as runs of neighbours, `[first, last + 1]` each; all of them where it is not bounded. */
function runsOf(cells: Uint8Array | undefined, count: number): [number, number][] {
  if (!cells) return [[0, count]];
  const runs: [number, number][] = [];
  for (let cell = 0; cell < count; cell++)
    if (cells[cell]) {
      const last = runs[runs.length - 1];
      if (last?.[1] === cell) last[1] = cell + 1;
      else runs.push([cell, cell + 1]);
    }
  return runs;
}

/**
 * The forest's mean over all axes but `targets`, under a product measure. Exact: every leaf adds its value times its share of the
 * other axes to its own cells (Hutter, Hoos, Leyton-Brown, "An efficient approach for assessing hyperparameter
 * importance", ICML 2014, Algorithm 2).
 */
export function marginalOf(
  forest: readonly RegressionTree[],
  axes: readonly CellAxis[],
  targets: readonly number[],
  measures: readonly Float64Array[],
): Marginal {
  const [first, second] = targets as [number, number | undefined];
  const rows = axes[first]!.count;
  const columns = second === undefined ? 1 : axes[second]!.count;
  // Second differences: a leaf changes four corners of a box, whatever its size.
  const stride = columns + 1;
  const corners = new Float64Array((rows + 1) * stride);
  for (const tree of forest)
    for (const leaf of tree) {
      let weight = leaf.value;
      for (let axis = 0; axis < axes.length && weight !== 0; axis++) {
        const own = leaf.cells[axis];
        if (!own || axis === first || axis === second) continue;
        weight *= measures[axis] === axes[axis]!.measure ? leaf.mass[axis]! : shareOf(measures[axis]!, own);
      }
      if (weight === 0) continue;
      const across = second === undefined ? [[0, 1] as const] : runsOf(leaf.cells[second], columns);
      for (const [top, bottom] of runsOf(leaf.cells[first], rows))
        for (const [left, right] of across) {
          corners[top * stride + left]! += weight;
          corners[top * stride + right]! -= weight;
          corners[bottom * stride + left]! -= weight;
          corners[bottom * stride + right]! += weight;
        }
    }
  const values = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) {
      sum += corners[row * stride + column]!;
      values[row * columns + column] = sum + (row === 0 ? 0 : values[(row - 1) * columns + column]!);
    }
  }
  const measure = new Float64Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      measure[row * columns + column] =
        measures[first]![row]! * (second === undefined ? 1 : measures[second]![column]!);
  return { values, measure };
}

/**
 * Variance of the forest over the whole space, from scrambled Sobol' points: the exact sum over pairs of leaves of all trees would
 * grow with the square of the forest.
 */
export function totalVariance(
  forest: readonly RegressionTree[],
  axes: readonly CellAxis[],
  points: number,
): number {
  // Nothing but the mean: its own rounding is no variance.
  if (forest.length < 2) return 0;
  const cumulative = axes.map(({ measure }) => {
    let sum = 0;
    return measure.map((mass) => (sum += mass));
  });
  const cells = Array.from({ length: points }, (_, point) =>
    Int16Array.from(axes, ({ count }, axis) => {
      const u = scrambledSobol(point, axis, 0, 'insight/variance');
      const within = cumulative[axis]!;
      let low = 0;
      let high = count - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (u < within[middle]!) high = middle;
        else low = middle + 1;
      }
      return low;
    }),
  );
  const sums = new Float64Array(points);
  for (const tree of forest) {
    const bounds = tree.map((leaf) => leaf.cells.flatMap((own, axis) => (own ? [{ own, axis }] : [])));
    for (let point = 0; point < points; point++) {
      const row = cells[point]!;
      for (let l = 0; l < tree.length; l++) {
        let inside = true;
        for (const { own, axis } of bounds[l]!)
          if (own[row[axis]!] === 0) {
            inside = false;
            break;
          }
        if (inside) {
          sums[point]! += tree[l]!.value;
          break;
        }
      }
    }
  }
  return momentsOf({ values: sums, measure: new Float64Array(points).fill(1 / points) }).variance;
}
