import { CounterRandom } from '../random/philox.js';
import { type CellAxis, shareOf } from './cells.js';

/** A part of the space on which a tree is constant: for every axis which cells belong to it. */
export interface Leaf {
  value: number;
  /** One flag a cell; undefined where all cells belong to it. */
  cells: readonly (Uint8Array | undefined)[];
  /** Their probability, by axis. */
  mass: Float64Array;
}
export type RegressionTree = readonly Leaf[];

/** The settings of the forest; docs/decisions/importance.md says how they were chosen. */
export interface ForestSettings {
  trees: number;
  /** What each tree adds of its own fit. */
  rate: number;
  /** Leaves of a tree, parts split off for a condition's sake not counted. */
  leaves: number;
  /** Fewest trials on each side of a split. */
  leastLeaf: number;
  /** Share of the trials that a tree is grown on, drawn anew for each. */
  sampleShare: number;
  /** Share of the axes that a split chooses among, drawn anew for each. */
  axesShare: number;
}

export const forestSettings: ForestSettings = {
  trees: 200,
  rate: 0.1,
  leaves: 5,
  leastLeaf: 4,
  sampleShare: 0.6,
  axesShare: 0.75,
};

interface Node {
  rows: Int32Array;
  cells: (Uint8Array | undefined)[];
  mean: number;
  /** What it would gain most by. */
  split: Split | undefined;
}

/** What a split takes: the cells that go left. */
interface Split {
  axis: number;
  left: Uint8Array;
  gain: number;
  /** It only makes the part of the node where a condition holds a node of its own. */
  peels: boolean;
}

/**
 * A sum of regression trees, each grown on a random part of the trials to what the ones before it left unexplained (stochastic
 * gradient boosting; Friedman, Comput. Stat. Data Anal. 38 (2002) 367). A tree splits on a conditional parameter only where all
 * of its conditions hold; where they hold in a part of a node only and a split of that part is the best there is, the part is
 * split off first. So every leaf is a product of cells, and a parameter says nothing where it is not active.
 * @param rows the trials' cells: every trial must have exactly the parameters that are active in it
 * @param members indices of the trials to learn from
 * @returns trees whose values add up to the prediction; the first one is the mean
 */
export function growForest(
  axes: readonly CellAxis[],
  rows: readonly Int16Array[],
  values: Float64Array,
  members: readonly number[],
  seed: number,
  settings: ForestSettings = forestSettings,
): RegressionTree[] {
  let mean = 0;
  for (const row of members) mean += values[row]! / members.length;
  const residuals = values.map((value) => value - mean);
  const whole: Leaf = {
    value: mean,
    cells: axes.map(() => undefined),
    mass: new Float64Array(axes.length).fill(1),
  };
  const forest: RegressionTree[] = [[whole]];
  const histogram = makeHistogram(Math.max(1, ...axes.map(({ count }) => count)));
  const order = Int32Array.from(members);
  const sampleSize = Math.max(2, Math.round(settings.sampleShare * order.length));
  for (let round = 0; round < settings.trees; round++) {
    const random = new CounterRandom(seed, 'insight/forest', round);
    for (let i = 0; i < sampleSize; i++) {
      const j = i + random.integer(order.length - i);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    const sample = order.slice(0, sampleSize);
    const tree = growTree(axes, rows, residuals, sample, random, settings, histogram);
    if (tree.length < 2) continue;
    forest.push(tree);
    for (const row of order) residuals[row]! -= predictTree(tree, rows[row]!);
  }
  return forest;
}

/** What a tree says of a trial. */
export function predictTree(tree: RegressionTree, row: Int16Array): number {
  for (const { cells, value } of tree) {
    let inside = true;
    for (let axis = 0; axis < cells.length && inside; axis++)
      if (cells[axis] !== undefined && cells[axis]![row[axis]!] !== 1) inside = false;
    if (inside) return value;
  }
  return 0;
}

interface Histogram {
  count: Float64Array;
  sum: Float64Array;
}
function makeHistogram(cells: number): Histogram {
  return { count: new Float64Array(cells), sum: new Float64Array(cells) };
}

/** Grows the leaf that gains most, until there are enough of them or none gains. */
function growTree(
  axes: readonly CellAxis[],
  rows: readonly Int16Array[],
  values: Float64Array,
  sample: Int32Array,
  random: CounterRandom,
  settings: ForestSettings,
  histogram: Histogram,
): Leaf[] {
  const nodes: Node[] = [
    makeNode(
      sample,
      axes.map(() => undefined),
      0,
    ),
  ];
  for (let leaves = 1; leaves < settings.leaves;) {
    let at = -1;
    nodes.forEach(({ split }, i) => {
      if (split && (at < 0 || split.gain > nodes[at]!.split!.gain)) at = i;
    });
    if (at < 0) break;
    const { rows: own, cells, mean, split } = nodes[at]!;
    const { axis, left, peels } = split!;
    const before = cells[axis];
    const sides = [1, 0].map((side) => {
      const part = new Uint8Array(left.length);
      for (let cell = 0; cell < part.length; cell++)
        part[cell] = left[cell] === side && before?.[cell] !== 0 ? 1 : 0;
      const within = [...cells];
      within[axis] = part;
      return makeNode(
        own.filter((row) => left[rows[row]![axis]!] === side),
        within,
        mean,
      );
    });
    nodes.splice(at, 1, ...sides);
    if (!peels) leaves++;
  }
  return nodes.map(({ cells, mean }) => ({
    value: settings.rate * mean,
    cells,
    mass: Float64Array.from(axes, ({ measure }, axis) => {
      const own = cells[axis];
      return own ? shareOf(measure, own) : 1;
    }),
  }));

  /** @param around the mean to take where the part of the space holds no trial */
  function makeNode(own: Int32Array, cells: (Uint8Array | undefined)[], around: number): Node {
    let sum = 0;
    for (const row of own) sum += values[row]!;
    const node: Node = {
      rows: own,
      cells,
      mean: own.length === 0 ? around : sum / own.length,
      split: undefined,
    };
    if (own.length >= 2 * settings.leastLeaf) node.split = bestSplit(node);
    return node;
  }

  function bestSplit(node: Node): Split | undefined {
    let first = 0;
    let second = 0;
    for (const row of node.rows) {
      first += values[row]!;
      second += values[row]! ** 2;
    }
    const count = node.rows.length;
    // Nothing is left to explain but rounding.
    if (second - (first * first) / count <= 1e-12 * second) return undefined;
    const chosen = drawAxes(axes.length, Math.ceil(settings.axesShare * axes.length), random);
    let best: Split | undefined;
    for (const axis of chosen) {
      const found = splitOn(node, axis, first);
      if (found && (best === undefined || found.gain > best.gain)) best = found;
    }
    return best;
  }

  /** The best split on one axis, or, where it is active in a part of the node only, the split that makes that part a node. */
  function splitOn(node: Node, axis: number, first: number): Split | undefined {
    const { conditions, activeShare } = axes[axis]!;
    if (activeShare === 0) return undefined;
    let peel: Split | undefined;
    for (const { axis: parent, allowed } of conditions) {
      const own = node.cells[parent];
      let inside = false;
      let outside = false;
      for (let cell = 0; cell < allowed.length; cell++)
        if (own?.[cell] !== 0) {
          if (allowed[cell]) inside = true;
          else outside = true;
        }
      if (!inside) return undefined;
      if (outside && !peel)
        peel = { axis: parent, left: peelFrom(axes[parent]!, own, allowed), gain: 0, peels: true };
    }
    const active = peel ? node.rows.filter((row) => rows[row]![axis]! >= 0) : node.rows;
    const found = splitActive(active, axis);
    if (!found || !peel) return found;
    const rest = node.rows.length - active.length;
    if (rest === 0) return { ...peel, gain: found.gain };
    let sum = 0;
    for (const row of active) sum += values[row]!;
    const apart =
      (sum * sum) / active.length + (first - sum) ** 2 / rest - (first * first) / node.rows.length;
    return { ...peel, gain: apart + found.gain };
  }

  /** The best of all splits of an axis that leave enough on both sides: by value, or choices by their mean. */
  function splitActive(members: Int32Array, axis: number): Split | undefined {
    const { count, ordered } = axes[axis]!;
    const counts = histogram.count.fill(0, 0, count);
    const sums = histogram.sum.fill(0, 0, count);
    let total = 0;
    for (const row of members) {
      const cell = rows[row]![axis]!;
      counts[cell]!++;
      sums[cell]! += values[row]!;
      total += values[row]!;
    }
    const occupied: number[] = [];
    for (let cell = 0; cell < count; cell++) if (counts[cell]! > 0) occupied.push(cell);
    if (occupied.length < 2) return undefined;
    if (!ordered) occupied.sort((a, b) => sums[a]! / counts[a]! - sums[b]! / counts[b]! || a - b);
    const base = (total * total) / members.length;
    let gain = 0;
    let at = -1;
    let leftCount = 0;
    let leftSum = 0;
    for (let i = 0; i + 1 < occupied.length; i++) {
      leftCount += counts[occupied[i]!]!;
      leftSum += sums[occupied[i]!]!;
      const rightCount = members.length - leftCount;
      if (leftCount < settings.leastLeaf || rightCount < settings.leastLeaf) continue;
      const own = (leftSum * leftSum) / leftCount + (total - leftSum) ** 2 / rightCount - base;
      if (own > gain) [gain, at] = [own, i];
    }
    if (at < 0) return undefined;
    const left = new Uint8Array(count);
    if (ordered) {
      // Half-way between the two values that are told apart.
      const edge = Math.floor((occupied[at]! + occupied[at + 1]!) / 2);
      left.fill(1, 0, edge + 1);
    } else {
      for (let i = 0; i <= at; i++) left[occupied[i]!] = 1;
      // Choices that the sample does not have go to either side.
      for (let cell = 0; cell < count; cell++)
        if (counts[cell] === 0 && random.integer(2) === 1) left[cell] = 1;
    }
    return { axis, left, gain, peels: false };
  }
}

/** The cells to split off so that a condition holds on one side, or can: an ordered axis is cut in two intervals. */
function peelFrom(axis: CellAxis, own: Uint8Array | undefined, allowed: Uint8Array): Uint8Array {
  const left = Uint8Array.from(allowed, (flag, cell) => (flag && own?.[cell] !== 0 ? 1 : 0));
  if (!axis.ordered) return left;
  const within = (cell: number): boolean => own?.[cell] !== 0;
  let first = 0;
  while (!within(first)) first++;
  let edge = first;
  while (edge + 1 < axis.count && within(edge + 1) && allowed[edge + 1] === allowed[first]) edge++;
  return left.fill(0).fill(1, 0, edge + 1);
}

/** `wanted` different axes in random order. */
function drawAxes(count: number, wanted: number, random: CounterRandom): number[] {
  const axes = Array.from({ length: count }, (_, axis) => axis);
  for (let i = 0; i < wanted && i < count - 1; i++) {
    const j = i + random.integer(count - i);
    [axes[i], axes[j]] = [axes[j]!, axes[i]!];
  }
  return axes.slice(0, wanted);
}
