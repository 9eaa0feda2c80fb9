import type { Parameter } from './types.js';

/**
 * The parameters with every parent before its children, otherwise in declared order (Kahn's algorithm, stable).
 * `cycle` names the parameters of one cycle of conditions, where there is one.
 */
export function orderByParents(parameters: readonly Parameter[]): { ordered: Parameter[]; cycle?: string[] } {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const ordered: Parameter[] = [];
  const state = new Map<string, 'open' | 'done'>();
  let cycle: string[] | undefined;
  // An explicit stack: a chain of conditions may be longer than the engine's own.
  for (const root of parameters) {
    const stack: { parameter: Parameter; parents: string[] }[] = [];
    const enter = (parameter: Parameter): void => {
      state.set(parameter.name, 'open');
      stack.push({ parameter, parents: Object.keys(parameter.when ?? {}).reverse() });
    };
    if (!state.has(root.name)) enter(root);
    while (stack.length > 0 && !cycle) {
      const top = stack[stack.length - 1]!;
      const parentName = top.parents.pop();
      if (parentName === undefined) {
        state.set(top.parameter.name, 'done');
        ordered.push(top.parameter);
        stack.pop();
        continue;
      }
      const parent = byName.get(parentName);
      if (!parent || state.get(parentName) === 'done') continue;
      if (state.get(parentName) === 'open') {
        const names = stack.map((entry) => entry.parameter.name);
        cycle = names.slice(names.indexOf(parentName));
      } else enter(parent);
    }
    if (cycle) return { ordered, cycle };
  }
  return { ordered };
}
