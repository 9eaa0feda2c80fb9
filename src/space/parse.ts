import { RgsweepError } from '../errors.js';
import { orderByParents } from './order.js';
import type { Condition, Parameter, ParameterValue, SearchSpace } from './types.js';
import { gridCount, isGridValue } from './values.js';

const parameterTypes = ['float', 'int', 'categorical', 'fixed'] as const;
const keysOfType: Record<Parameter['type'], readonly string[]> = {
  float: ['type', 'low', 'high', 'log', 'step', 'when'],
  int: ['type', 'low', 'high', 'log', 'step', 'when'],
  categorical: ['type', 'choices', 'when'],
  fixed: ['type', 'value', 'when'],
};

/**
 * The search space that a parsed YAML or JSON value describes.
 *
 * ```yaml
 * parameters:
 *   kernel: { type: categorical, choices: [sigmoid, heat] }
 *   width: { type: float, low: 0.1, high: 10, log: true, when: { kernel: [sigmoid] } }
 *   batchSize: 512        # a bare value is a constant
 * ```
 *
 * `parameters` may also be a list whose entries carry `name`. Parameters may be declared in any order; the result
 * has every parent before its children. `when` maps parents to the values they must have (all of them); a parent is
 * a categorical, an integer or a constant.
 *
 * @param value what the file parsed to
 * @param where the file, or the file and the path in it, that messages begin with
 * @throws RgsweepError `bad-configuration` naming the path, the value, the bound and what would be right
 */
export function parseSpace(value: unknown, where: string): SearchSpace {
  const file = record(value, where, 'a map with the key `parameters`');
  for (const key of Object.keys(file))
    if (key !== 'parameters' && key !== 'description')
      throw bad(at(where, key), 'is not a key of a search space', 'Allowed: parameters, description.');
  const listed = file['parameters'];
  const path = at(where, 'parameters');
  const declared = Array.isArray(listed) ? fromList(listed, path) : fromMap(listed, path);
  if (declared.length === 0) throw bad(path, 'has no entry', 'Declare at least one parameter.');
  const paths = new Map<string, string>();
  for (const { parameter, path: own } of declared) {
    if (paths.has(parameter.name))
      throw bad(own, `declares ${show(parameter.name)} a second time`, 'Give every parameter its own name.');
    paths.set(parameter.name, own);
  }
  const parameters = declared.map((entry) => entry.parameter);
  checkConditions(parameters, paths);
  const { ordered, cycle } = orderByParents(parameters);
  if (cycle)
    throw bad(
      at(paths.get(cycle[0]!)!, 'when'),
      `makes a cycle of conditions: ${[...cycle, cycle[0]!].join(' → ')}`,
      'A parameter may depend only on parameters that do not depend on it.',
    );
  return { parameters: ordered };
}

interface Declared {
  parameter: Parameter;
  path: string;
}

function fromMap(value: unknown, path: string): Declared[] {
  const map = record(value, path, 'a map from names to parameters, or a list of parameters with `name`');
  return Object.entries(map).map(([name, entry]) => {
    const own = at(path, name);
    return { parameter: parseParameter(checkName(name, own), entry, own), path: own };
  });
}

function fromList(list: readonly unknown[], path: string): Declared[] {
  return list.map((entry, index) => {
    const own = `${path}[${index}]`;
    const { name, ...rest } = record(entry, own, 'a map with `name` and `type`');
    if (name === undefined) throw bad(own, 'has no `name`', 'Every entry of a list of parameters needs one.');
    return { parameter: parseParameter(checkName(name, at(own, 'name')), rest, own), path: own };
  });
}

function checkName(name: unknown, path: string): string {
  if (typeof name !== 'string' || name === '')
    throw bad(path, `is ${show(name)}`, 'A name is a string with at least one character.');
  if (name === '__proto__') throw bad(path, 'is reserved by JavaScript', 'Choose another name.');
  return name;
}

function parseParameter(name: string, value: unknown, path: string): Parameter {
  if (isScalar(value)) return { name, type: 'fixed', value: scalar(value, path) };
  const entry = record(value, path, 'a map with `type`, or a bare constant');
  const type = entry['type'];
  if (!isType(type))
    throw bad(
      at(path, 'type'),
      type === undefined ? 'is missing' : `is ${show(type)}`,
      `Allowed: ${parameterTypes.join(', ')}.`,
    );
  for (const key of Object.keys(entry))
    if (!keysOfType[type].includes(key))
      throw bad(
        at(path, key),
        `is not a key of a ${type} parameter`,
        `Allowed: ${keysOfType[type].join(', ')}.`,
      );
  const when = entry['when'] === undefined ? {} : { when: parseCondition(entry['when'], at(path, 'when')) };
  switch (type) {
    case 'float':
    case 'int':
      return { name, type, ...parseRange(type, entry, path), ...when };
    case 'categorical':
      return { name, type, choices: parseChoices(entry['choices'], at(path, 'choices')), ...when };
    case 'fixed':
      return { name, type, value: scalar(entry['value'], at(path, 'value')), ...when };
  }
}

interface Range {
  low: number;
  high: number;
  log?: boolean;
  step?: number;
}

function parseRange(type: 'float' | 'int', entry: Record<string, unknown>, path: string): Range {
  const low = bound(type, entry['low'], at(path, 'low'));
  const high = bound(type, entry['high'], at(path, 'high'));
  if (low > high)
    throw bad(path, `has low ${low} above high ${high}: the range is upside down`, 'Exchange low and high.');
  if (!Number.isFinite(high - low))
    throw bad(path, `has a range from ${low} to ${high}, wider than a double can hold`, 'Narrow the range.');
  const log = entry['log'] ?? false;
  if (typeof log !== 'boolean') throw bad(at(path, 'log'), `is ${show(log)}`, 'Write true or false.');
  if (log && low <= 0)
    throw bad(at(path, 'low'), `is ${low} on a logarithmic axis`, 'A logarithmic axis needs low above 0.');
  const range: Range = { low, high };
  if (log) range.log = true;
  if (entry['step'] !== undefined) {
    const step = bound(type, entry['step'], at(path, 'step'));
    if (step <= 0) throw bad(at(path, 'step'), `is ${step}`, 'A step is above 0.');
    const count = gridCount(low, high, step);
    if (count === undefined)
      throw bad(
        at(path, 'step'),
        `is ${step}, which does not divide the range from ${low} to ${high}`,
        `Choose a step that high − low = ${high - low} is a multiple of, or move high to ${nearestHigh(low, high, step)}.`,
      );
    range.step = step;
  }
  const step = range.step ?? (type === 'int' ? 1 : 0);
  if (log && low - step / 2 <= 0)
    throw bad(
      at(path, 'low'),
      `is ${low} with step ${step} on a logarithmic axis`,
      `Half a step below low must stay above 0: low above ${step / 2}.`,
    );
  return range;
}

function nearestHigh(low: number, high: number, step: number): number {
  return low + Math.floor((high - low) / step) * step;
}

function bound(type: 'float' | 'int', value: unknown, path: string): number {
  const wanted = type === 'int' ? 'an integer' : 'a finite number';
  if (value === undefined) throw bad(path, 'is missing', `Give ${wanted}.`);
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw bad(path, `is ${show(value)}`, `Give ${wanted}.`);
  if (type === 'int' && !Number.isSafeInteger(value))
    throw bad(path, `is ${value}`, 'Give an integer between −2^53 and 2^53.');
  return value === 0 ? 0 : value;
}

function parseChoices(value: unknown, path: string): ParameterValue[] {
  if (!Array.isArray(value))
    throw bad(path, value === undefined ? 'is missing' : `is ${show(value)}`, 'Give a list of values.');
  if (value.length === 0) throw bad(path, 'is empty', 'Give at least one choice.');
  const choices = value.map((choice, index) => scalar(choice, `${path}[${index}]`));
  choices.forEach((choice, index) => {
    if (choices.indexOf(choice) !== index)
      throw bad(`${path}[${index}]`, `repeats ${show(choice)}`, 'Write every choice once.');
  });
  return choices;
}

function parseCondition(value: unknown, path: string): Condition {
  const map = record(value, path, 'a map from a parent to the values it must have');
  const condition: Record<string, readonly ParameterValue[]> = {};
  for (const [parent, values] of Object.entries(map)) {
    const own = at(path, parent);
    condition[checkName(parent, own)] = isScalar(values) ? [scalar(values, own)] : parseChoices(values, own);
  }
  if (Object.keys(condition).length === 0)
    throw bad(path, 'names no parent', 'Name a parent and its values, or leave `when` out.');
  return condition;
}

function checkConditions(parameters: readonly Parameter[], paths: ReadonlyMap<string, string>): void {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  for (const parameter of parameters)
    for (const [parentName, values] of Object.entries(parameter.when ?? {})) {
      const path = at(at(paths.get(parameter.name)!, 'when'), parentName);
      const parent = byName.get(parentName);
      if (!parent)
        throw bad(path, 'is not a parameter of this space', `Known: ${[...byName.keys()].join(', ')}.`);
      for (const value of values) {
        const reason = cannotTake(parent, value);
        if (reason) throw bad(path, `holds ${show(value)}, but ${reason.problem}`, reason.remedy);
      }
    }
}

function cannotTake(
  parent: Parameter,
  value: ParameterValue,
): { problem: string; remedy: string } | undefined {
  switch (parent.type) {
    case 'categorical':
      if (parent.choices.includes(value)) return undefined;
      return {
        problem: `${parent.name} has no such choice`,
        remedy: `Its choices: ${parent.choices.map(show).join(', ')}.`,
      };
    case 'fixed':
      if (parent.value === value) return undefined;
      return {
        problem: `${parent.name} is always ${show(parent.value)}, so this would never be active`,
        remedy: `Write ${show(parent.value)} or leave the parameter out.`,
      };
    case 'int':
      if (typeof value === 'number' && isGridValue(parent, value)) return undefined;
      return {
        problem: `${parent.name} never has this value`,
        remedy: `It runs from ${parent.low} to ${parent.high} in steps of ${parent.step ?? 1}.`,
      };
    case 'float':
      return {
        problem: `${parent.name} is a float, and a float is not compared for equality`,
        remedy: 'Make the parent a categorical or an int.',
      };
  }
}

function isType(value: unknown): value is Parameter['type'] {
  return parameterTypes.some((type) => type === value);
}

function isScalar(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && value !== undefined);
}

function scalar(value: unknown, path: string): ParameterValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value === 0 ? 0 : value;
  throw bad(
    path,
    value === undefined ? 'is missing' : `is ${show(value)}`,
    'Give a finite number, a string, true or false.',
  );
}

function record(value: unknown, path: string, wanted: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw bad(path, value === undefined ? 'is missing' : `is ${show(value)}`, `Expected ${wanted}.`);
}

/** A path one level deeper; the first key after a bare file name is set off by a colon. */
function at(where: string, key: string): string {
  if (where === '') return key;
  if (where.endsWith(':')) return `${where} ${key}`;
  return where.includes(': ') || !/[./\\]/.test(where) ? `${where}.${key}` : `${where}: ${key}`;
}

function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function bad(path: string, problem: string, remedy: string): RgsweepError {
  return new RgsweepError('bad-configuration', `${path} ${problem}`, { remedy });
}
