import { CounterRandom } from '../random/philox.js';
import type { Parameters, ParameterValue, SearchSpace } from '../space/types.js';
import { gridValue } from '../space/values.js';
import { type Axis, valueAt } from './axis.js';
import { compileTree, knownValue, type Tree, type TreeNode } from './tree.js';
import type { Sampler } from './types.js';

/** How many evenly spaced values, ends included, a float without a step gets on the grid. */
export const continuousLevels = 5;

/**
 * The number of different parameter sets of a space's grid: all combinations of choices, steps and (for floats without
 * a step) five evenly spaced values, each inactive parameter counted once. Infinity past 2^53.
 */
export function gridSize(space: SearchSpace): number {
  const size = Number(createGrid(compileTree(space)).size);
  return size <= Number.MAX_SAFE_INTEGER ? size : Infinity;
}

/**
 * Every point of the grid once, in an order that is spread over the space from the start, so that a grid cut short by
 * its budget still covers all of it. A point that any trial already has (an enqueued one, say) is skipped. When all are
 * used up the order begins again.
 */
export const sampleGrid: Sampler = ({ space, observations, seed }) => {
  const tree = compileTree(space);
  const grid = createGrid(tree);
  const { multiplier, offset } = spread(grid.size, seed);
  const taken = new Map<string, number>();
  let rounds = 0;
  for (const { parameters, prior } of observations) {
    if (prior !== undefined) continue;
    const key = keyOf(tree, parameters);
    const times = (taken.get(key) ?? 0) + 1;
    taken.set(key, times);
  }
  for (;;) {
    // Among n observations at most n points are taken, so n + 1 steps find a free one or end the round.
    const most = grid.size < BigInt(observations.length + 1) ? Number(grid.size) : observations.length + 1;
    for (let i = 0; i < most; i++) {
      const parameters = grid.pointAt((offset + BigInt(i) * multiplier) % grid.size);
      if ((taken.get(keyOf(tree, parameters)) ?? 0) <= rounds) return parameters;
    }
    rounds++;
  }
};

/** i ↦ (offset + i · multiplier) mod size visits all of [0, size): the multiplier is coprime, near the golden ratio. */
function spread(size: bigint, seed: number): { multiplier: bigint; offset: bigint } {
  const random = new CounterRandom(seed, 'sampler/grid');
  let offset = 0n;
  for (let bound = size; bound > 0n; bound >>= 32n) offset = (offset << 32n) | BigInt(random.uint32());
  let multiplier = (size * 6180339887498949n) / 10000000000000000n;
  if (multiplier < 1n) multiplier = 1n;
  while (greatestCommonDivisor(multiplier, size) !== 1n) multiplier += 1n;
  return { multiplier, offset: offset % size };
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

function keyOf(tree: Tree, parameters: Parameters): string {
  return JSON.stringify(tree.searched.map((node) => knownValue(node, parameters) ?? null));
}

function levelCount(axis: Axis): number {
  if (axis.kind === 'categorical') return axis.count;
  return axis.count === Infinity ? (axis.length === 0 ? 1 : continuousLevels) : axis.count;
}

function levelAt(axis: Axis, index: number): ParameterValue {
  if (axis.kind === 'categorical') return axis.parameter.choices[index]!;
  if (axis.step !== 0) return gridValue(axis.parameter, index);
  return axis.length === 0 ? axis.parameter.low : valueAt(axis, index / (continuousLevels - 1));
}

interface Grid {
  size: bigint;
  pointAt(index: bigint): Parameters;
}

/** Counts and numbers the combinations without listing them. */
function createGrid(tree: Tree): Grid {
  const { nodes } = tree;
  /** Parents that the nodes from i on still ask for: all that a count of completions depends on. */
  const asked: string[][] = nodes.map((_, i) => [
    ...new Set(
      nodes
        .slice(i)
        .flatMap((node) => node.parents.filter((parent) => parent.node < i).map((parent) => parent.name)),
    ),
  ]);
  const isParent = new Set(nodes.flatMap((node) => node.parents.map((parent) => parent.name)));
  const memory = new Map<string, bigint>();

  function valuesOf(node: TreeNode, values: Parameters): readonly ParameterValue[] | number {
    for (const parent of node.parents)
      if (!Object.hasOwn(values, parent.name) || !parent.values.includes(values[parent.name]!)) return [];
    if (node.parameter.type === 'fixed') return [node.parameter.value];
    const count = levelCount(node.axis!);
    // What no condition asks for need not be told apart: its number of values is enough.
    if (!isParent.has(node.parameter.name)) return count;
    return Array.from({ length: count }, (_, index) => levelAt(node.axis!, index));
  }

  function completions(i: number, values: Parameters): bigint {
    if (i === nodes.length) return 1n;
    const key = `${i} ${JSON.stringify(asked[i]!.map((name) => (Object.hasOwn(values, name) ? values[name] : null)))}`;
    const known = memory.get(key);
    if (known !== undefined) return known;
    const node = nodes[i]!;
    const choices = valuesOf(node, values);
    let total = 0n;
    if (typeof choices === 'number') total = BigInt(choices) * completions(i + 1, values);
    else if (choices.length === 0) total = completions(i + 1, values);
    else
      for (const choice of choices) total += completions(i + 1, { ...values, [node.parameter.name]: choice });
    memory.set(key, total);
    return total;
  }

  function pointAt(index: bigint): Parameters {
    const values: Record<string, ParameterValue> = {};
    let rest = index;
    nodes.forEach((node, i) => {
      const choices = valuesOf(node, values);
      if (typeof choices === 'number') {
        const each = completions(i + 1, values);
        values[node.parameter.name] = levelAt(node.axis!, Number(rest / each));
        rest %= each;
        return;
      }
      for (const choice of choices) {
        values[node.parameter.name] = choice;
        const below = completions(i + 1, values);
        if (rest < below) break;
        rest -= below;
      }
    });
    return values;
  }

  return { size: completions(0, {}), pointAt };
}
