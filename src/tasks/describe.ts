import { checkShape } from '../basis/linear.js';
import type { FieldShape } from '../basis/types.js';
import { messageOf, RgsweepError } from '../errors.js';
import type { ModuleTask } from '../train/protocol.js';
import type { TaskModule } from './module.js';
import type { SettingsResult } from './types.js';

/**
 * A sweep file's `task: { name: module, … }` as it is launched: with the settings that the module's schema made, and what others need to know of
 * the task without running its code.
 * @param file absolute path of the module
 * @param where the sweep file, for messages
 * @throws RgsweepError('bad-configuration') naming the setting, or what the module gives that is of no use
 */
export function describeModuleTask(
  { definition, sha256 }: TaskModule,
  file: string,
  settings: Record<string, unknown>,
  where: string,
): ModuleTask {
  const { name: title, schema, dataset, metrics } = definition;
  const refuse = (problem: string, cause?: unknown) =>
    new RgsweepError('bad-configuration', `${where}: ${problem}`, {
      remedy: `see what ${file} asks for`,
      ...(cause === undefined ? {} : { cause }),
    });
  const attempt = <T>(what: string, run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw refuse(`task.module: ${what} of ${title} throws: ${messageOf(error).split('\n')[0]}`, error);
    }
  };
  const result = attempt('the schema', () => schema['~standard'].validate(settings));
  if (result instanceof Promise)
    throw refuse(`task.module: the schema of ${title} answers with a promise; it has to answer at once`);
  if (result.issues) throw refuse(issuesOf(result));
  const value = result.value as Record<string, unknown>;
  if (!isPlain(value))
    throw refuse(`task.settings: the schema of ${title} makes something of them that JSON does not hold`);
  const shape = attempt('dataset.shape', () => dataset.shape(value));
  const { height, width, channels } = (shape ?? {}) as Partial<FieldShape>;
  attempt('dataset.shape', () => checkShape({ height, width, channels } as FieldShape));
  const source = dataset.source && attempt('dataset.source', () => dataset.source!(value));
  if (source !== undefined && typeof source !== 'string')
    throw refuse(`task.module: dataset.source of ${title} gives ${typeof source}, not a hash`);
  return {
    name: 'module',
    module: file,
    settings: value,
    title,
    sha256,
    shape: { height: height!, width: width!, channels: channels! },
    metrics: [...metrics],
    ...(source === undefined ? {} : { source }),
  };
}

function issuesOf({ issues }: Extract<SettingsResult<unknown>, { issues: readonly unknown[] }>): string {
  return issues
    .map(({ message, path = [] }) => {
      const names = path.map((part) => String(typeof part === 'object' ? part.key : part));
      return `${['task.settings', ...names].join('.')}: ${message}`;
    })
    .join('; ');
}

/** Is it an object that comes back from JSON as it was? */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const same = (a: unknown, b: unknown): boolean => {
    if (typeof a !== 'object' || a === null) return Object.is(a, b);
    if (typeof b !== 'object' || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
    const keys = Object.keys(a).filter((key) => (a as Record<string, unknown>)[key] !== undefined);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
    );
  };
  const text = JSON.stringify(value);
  return same(value, JSON.parse(text));
}
