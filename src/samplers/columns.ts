import type { Parameters, SearchSpace } from '../space/types.js';
import type { Arena } from './arena.js';
import { coordinateOf } from './parzen.js';
import { compileTree, knownValue, type Tree } from './tree.js';
import type { Observation } from './types.js';

/** The trials as numbers: one array a searched parameter, one entry a trial, NaN where the trial did not have it. */
export type Columns = readonly Float64Array[];

const trees = new WeakMap<SearchSpace, { tree: Tree; coordinates: WeakMap<Parameters, Float64Array> }>();

/**
 * The compiled tree and the trials' coordinates. Both are remembered for as long as the space and the parameter sets
 * live (they are immutable), so a search that goes on pays for its new trials only.
 */
export function columnsOf(
  space: SearchSpace,
  observations: readonly Observation[],
  arena: Arena,
): { tree: Tree; columns: Columns } {
  let known = trees.get(space);
  if (!known) {
    known = { tree: compileTree(space), coordinates: new WeakMap() };
    trees.set(space, known);
  }
  const { tree, coordinates } = known;
  const columns = tree.searched.map(() => arena.take(observations.length));
  for (let i = 0; i < observations.length; i++) {
    const { parameters } = observations[i]!;
    let row = coordinates.get(parameters);
    if (!row) {
      row = rowOf(tree, parameters);
      coordinates.set(parameters, row);
    }
    for (let d = 0; d < columns.length; d++) columns[d]![i] = row[d]!;
  }
  return { tree, columns };
}

function rowOf(tree: Tree, parameters: Parameters): Float64Array {
  const row = new Float64Array(tree.searched.length);
  tree.searched.forEach((node, d) => {
    const value = knownValue(node, parameters);
    row[d] = value === undefined ? NaN : coordinateOf(node.axis, value);
  });
  return row;
}
