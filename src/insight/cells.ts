import { type Axis, binOf, type NumericAxis, unitOf, valueAt } from '../samplers/axis.js';
import { compileTree, knownValue, type TreeNode } from '../samplers/tree.js';
import type { Parameters, ParameterValue, SearchSpace } from '../space/types.js';
import { gridValue, nearestIndex } from '../space/values.js';

/** One trial as analyses see it: what was chosen and what came of it, smaller being better. */
export interface Point {
  parameters: Parameters;
  value: number;
}

/**
 * A searched parameter cut into cells: one a choice, one a value of a stepped range of up to a thousand values, else 128 equal
 * parts of its (perhaps logarithmic) range. Its measure is the probability of each cell in a random draw.
 */
export interface CellAxis {
  name: string;
  axis: Axis;
  /** Whether neighbouring cells are neighbours in value. */
  ordered: boolean;
  count: number;
  measure: Float64Array;
  /** Its conditions and those of everything that it hangs on, outermost first. */
  conditions: readonly CellCondition[];
  /** Share of random draws that have the parameter. */
  activeShare: number;
}

/** A parent (by its place among the axes), and which of its cells wake the child. */
export interface CellCondition {
  axis: number;
  allowed: Uint8Array;
}

const continuousCells = 128;
const mostValues = 1024;

function cellCount(axis: Axis): number {
  if (axis.kind === 'categorical') return axis.count;
  return axis.count <= mostValues ? axis.count : continuousCells;
}

const perValue = (axis: NumericAxis): boolean => axis.count <= mostValues;

/** The cell of a value that belongs to the axis. */
export function cellOf({ axis, count }: CellAxis, value: ParameterValue): number {
  if (axis.kind === 'categorical') return axis.parameter.choices.indexOf(value);
  if (perValue(axis)) return nearestIndex(axis.parameter, value as number);
  return Math.min(count - 1, Math.floor(unitOf(axis, value as number) * count));
}

/** The value in the middle of a cell. */
export function valueOfCell({ axis, count }: CellAxis, cell: number): ParameterValue {
  if (axis.kind === 'categorical') return axis.parameter.choices[cell]!;
  return perValue(axis) ? gridValue(axis.parameter, cell) : valueAt(axis, (cell + 0.5) / count);
}

function measureOf(axis: Axis, count: number): Float64Array {
  const measure = new Float64Array(count).fill(1 / count);
  if (axis.kind === 'numeric' && perValue(axis) && axis.parameter.log && axis.length > 0)
    for (let cell = 0; cell < count; cell++) {
      const [low, high] = binOf(axis, gridValue(axis.parameter, cell));
      measure[cell] = high - low;
    }
  return measure;
}

/** Share of an axis that some cells are. */
export function shareOf(measure: Float64Array, allowed: Uint8Array): number {
  let share = 0;
  for (let cell = 0; cell < measure.length; cell++) if (allowed[cell]) share += measure[cell]!;
  return share;
}

/**
 * The searched parameters of a space as cells. Every parameter is thought of as drawn in every trial, and as ignored where it
 * is not active: the measure is then a product over the axes, whatever the conditions.
 */
export function cellAxes(space: SearchSpace): CellAxis[] {
  const tree = compileTree(space);
  const axes: CellAxis[] = [];
  const conditionsOf = new Map<TreeNode, CellCondition[] | undefined>();
  for (const node of tree.nodes) {
    const conditions: CellCondition[] = [];
    let possible = true;
    for (const parent of node.parents) {
      const parentNode = tree.nodes[parent.node]!;
      const inherited = conditionsOf.get(parentNode);
      if (inherited === undefined) possible = false;
      else conditions.push(...inherited);
      if (parentNode.parameter.type === 'fixed') {
        if (!parent.values.includes(parentNode.parameter.value)) possible = false;
        continue;
      }
      const axis = axes[parentNode.dimension]!;
      const allowed = new Uint8Array(axis.count);
      for (const value of parent.values) {
        const cell =
          knownValue(parentNode, { [parent.name]: value }) === undefined ? -1 : cellOf(axis, value);
        if (cell >= 0) allowed[cell] = 1;
      }
      conditions.push({ axis: parentNode.dimension, allowed });
    }
    const merged = mergeConditions(conditions);
    conditionsOf.set(node, possible ? merged : undefined);
    if (!node.axis) continue;
    const count = cellCount(node.axis);
    let activeShare = possible ? 1 : 0;
    for (const { axis, allowed } of merged) activeShare *= shareOf(axes[axis]!.measure, allowed);
    axes.push({
      name: node.parameter.name,
      axis: node.axis,
      ordered: node.axis.kind === 'numeric',
      count,
      measure: measureOf(node.axis, count),
      conditions: merged,
      activeShare,
    });
  }
  return axes;
}

/** One condition a parent: two of them on one parent both must hold. */
function mergeConditions(conditions: readonly CellCondition[]): CellCondition[] {
  const merged: CellCondition[] = [];
  for (const { axis, allowed } of conditions) {
    const known = merged.find((one) => one.axis === axis);
    if (!known) merged.push({ axis, allowed });
    else known.allowed = known.allowed.map((flag, cell) => flag & allowed[cell]!);
  }
  return merged;
}

/** The trials' cells: one row a trial, one entry an axis, −1 where the trial did not have the parameter. */
export function cellsOf(
  space: SearchSpace,
  axes: readonly CellAxis[],
  points: readonly Point[],
): Int16Array[] {
  const searched = compileTree(space).searched;
  return points.map(({ parameters }) =>
    Int16Array.from(axes, (axis, d) => {
      const value = knownValue(searched[d]!, parameters);
      return value === undefined ? -1 : cellOf(axis, value);
    }),
  );
}
