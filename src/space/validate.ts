import { RgsweepError } from '../errors.js';
import type { Parameter, Parameters, ParameterValue, SearchSpace } from './types.js';
import { isGridValue, stepOf } from './values.js';

/**
 * The parameters that are active for the values given so far, in declared order. A parameter is active when every
 * parent in its `when` is itself active, present in `values`, and has one of the listed values.
 */
export function activeParameters(space: SearchSpace, values: Parameters): Parameter[] {
  const active = new Set<string>();
  return space.parameters.filter((parameter) => {
    const holds = Object.entries(parameter.when ?? {}).every(
      ([parent, wanted]) =>
        active.has(parent) && Object.hasOwn(values, parent) && wanted.includes(values[parent]!),
    );
    if (holds) active.add(parameter.name);
    return holds;
  });
}

/**
 * What is wrong with a complete parameter set, one sentence a problem, each naming the parameter, its value and what
 * it may be; an empty list when the set belongs to the space. A parameter must be present exactly when it is active.
 */
export function validateParameters(space: SearchSpace, parameters: Parameters): string[] {
  const problems: string[] = [];
  const active = new Set(activeParameters(space, parameters).map((parameter) => parameter.name));
  const byName = new Map(space.parameters.map((parameter) => [parameter.name, parameter]));
  for (const parameter of space.parameters) {
    if (!active.has(parameter.name)) continue;
    if (!Object.hasOwn(parameters, parameter.name)) {
      problems.push(`${parameter.name} is missing: give ${allowed(parameter)}`);
      continue;
    }
    const value = parameters[parameter.name]!;
    if (!isValueOf(parameter, value))
      problems.push(`${parameter.name} is ${JSON.stringify(value)}: give ${allowed(parameter)}`);
  }
  for (const name of Object.keys(parameters)) {
    const parameter = byName.get(name);
    if (!parameter)
      problems.push(`${name} is not a parameter of this space: known are ${[...byName.keys()].join(', ')}`);
    else if (!active.has(name))
      problems.push(`${name} is given but not active: it needs ${describeCondition(parameter)}`);
  }
  return problems;
}

/**
 * @throws RgsweepError `bad-configuration` with every problem of a parameter set; `where` names it (`--params`, …).
 */
export function requireValidParameters(space: SearchSpace, parameters: Parameters, where: string): void {
  const problems = validateParameters(space, parameters);
  if (problems.length > 0)
    throw new RgsweepError('bad-configuration', `${where}: ${problems.join('; ')}`, {
      remedy: 'Give exactly the active parameters, each within its bounds.',
    });
}

/** True when a value is one that the parameter can take, whatever its condition. */
export function isValueOf(parameter: Parameter, value: ParameterValue): boolean {
  switch (parameter.type) {
    case 'categorical':
      return parameter.choices.includes(value);
    case 'fixed':
      return parameter.value === value;
    case 'float':
    case 'int':
      return typeof value === 'number' && isGridValue(parameter, value);
  }
}

function allowed(parameter: Parameter): string {
  switch (parameter.type) {
    case 'categorical':
      return `one of ${parameter.choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
    case 'fixed':
      return JSON.stringify(parameter.value);
    case 'float':
    case 'int': {
      const step = stepOf(parameter);
      const kind = parameter.type === 'int' ? 'an integer' : 'a number';
      const steps = step === 0 || (parameter.type === 'int' && step === 1) ? '' : ` in steps of ${step}`;
      return `${kind} from ${parameter.low} to ${parameter.high}${steps}`;
    }
  }
}

function describeCondition(parameter: Parameter): string {
  return Object.entries(parameter.when ?? {})
    .map(([parent, values]) => `${parent} to be ${values.map((value) => JSON.stringify(value)).join(' or ')}`)
    .join(' and ');
}

/** Values of a parameter that are good only if all of its values are. */
export function extremesOf(parameter: Parameter): readonly ParameterValue[] {
  if (parameter.type === 'categorical') return parameter.choices;
  return parameter.type === 'fixed' ? [parameter.value] : [parameter.low, parameter.high];
}
