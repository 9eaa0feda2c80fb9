import type { Parameter, Parameters, ParameterValue, SearchSpace } from '../space/types.js';
import { isValueOf } from '../space/validate.js';
import { type Axis, makeAxis } from './axis.js';

/** A search space compiled for sampling: one node a parameter, in declared order, so parents come first. */
export interface TreeNode {
  parameter: Parameter;
  /** Position among the searched parameters, or −1 for a constant. */
  dimension: number;
  axis: Axis | undefined;
  /** What makes it active: the index of each parent among the nodes, and the values it must have. */
  parents: readonly { node: number; name: string; values: readonly ParameterValue[] }[];
}

export interface Tree {
  nodes: readonly TreeNode[];
  /** The nodes that are searched, by dimension. */
  searched: readonly (TreeNode & { axis: Axis })[];
}

export function compileTree(space: SearchSpace): Tree {
  const searched: (TreeNode & { axis: Axis })[] = [];
  const indexOf = new Map(space.parameters.map((parameter, index) => [parameter.name, index]));
  const nodes = space.parameters.map((parameter): TreeNode => {
    const parents = Object.entries(parameter.when ?? {}).map(([name, values]) => ({
      node: indexOf.get(name)!,
      name,
      values,
    }));
    if (parameter.type === 'fixed') return { parameter, dimension: -1, axis: undefined, parents };
    const node = { parameter, dimension: searched.length, axis: makeAxis(parameter), parents };
    searched.push(node);
    return node;
  });
  return { nodes, searched };
}

/**
 * Walks the tree from parents to children and collects the values of the active parameters; `choose` gives the value
 * of a searched one. Constants come by themselves.
 */
export function drawParameters(
  tree: Tree,
  choose: (node: TreeNode & { axis: Axis }, values: Parameters) => ParameterValue,
): Parameters {
  const values: Record<string, ParameterValue> = {};
  for (const node of tree.nodes) {
    if (!isActive(node, values)) continue;
    values[node.parameter.name] =
      node.parameter.type === 'fixed'
        ? node.parameter.value
        : choose(node as TreeNode & { axis: Axis }, values);
  }
  return values;
}

/** Only active parameters are among `values`, so a present parent is an active one. */
function isActive(node: TreeNode, values: Parameters): boolean {
  for (const parent of node.parents)
    if (!Object.hasOwn(values, parent.name) || !parent.values.includes(values[parent.name]!)) return false;
  return true;
}

/**
 * The value a trial had for a parameter, or undefined when it had none that this space knows: the trial may come from
 * another sweep, whose space shares only some parameters.
 */
export function knownValue(node: TreeNode, parameters: Parameters): ParameterValue | undefined {
  const { name } = node.parameter;
  if (!Object.hasOwn(parameters, name)) return undefined;
  const value = parameters[name]!;
  return isValueOf(node.parameter, value) ? value : undefined;
}
