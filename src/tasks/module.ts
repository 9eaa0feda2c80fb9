import { existsSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { messageOf, RgsweepError } from '../errors.js';
import type { ModuleTask } from '../train/protocol.js';
import { checkTaskDefinition } from './define.js';
import { hashOfModule } from './moduleHash.js';
import type { TaskDefinition } from './types.js';

/** A task's module, imported. */
export interface TaskModule {
  definition: TaskDefinition<unknown>;
  sha256: string;
}

let registered = false;

/** Nothing that a module is, lacks or does at its import reaches a user as a stack trace. */
function refuse(file: string, problem: string, remedy: string, cause?: unknown): RgsweepError {
  return new RgsweepError('bad-configuration', `task module ${file}: ${problem}`, {
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
}

function checkFile(file: string): void {
  if (!existsSync(file))
    throw refuse(
      file,
      'there is no such file',
      'give its path relative to the sweep file; every machine that makes data or trains needs it at the same place',
    );
  if (!statSync(file).isFile())
    throw refuse(file, 'it is no file', 'name the module itself, e.g. ./my-task.mjs');
}

/**
 * Imports a task's module: its default export is what `defineTask` gave.
 * @param file absolute path
 * @throws RgsweepError('bad-configuration') in one line when there is no such file, it throws, or its default export is no task
 */
export async function loadTaskModule(file: string): Promise<TaskModule> {
  checkFile(file);
  if (!registered) register('./ownPackages.mjs', import.meta.url);
  registered = true;
  const sha256 = hashOfModule(file);
  let exported: { default?: unknown };
  try {
    exported = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    const reason = messageOf(error).split('\n')[0]!;
    throw refuse(file, `it cannot be imported: ${reason}`, remedyOf(error), error);
  }
  if (!('default' in exported))
    throw refuse(
      file,
      'it has no default export',
      'end it with `export default defineTask({ … })` (docs/own-tasks.md)',
    );
  const definition = exported.default;
  try {
    checkTaskDefinition(definition);
  } catch (error) {
    const { remedy } = error as RgsweepError;
    throw refuse(file, `its default export is no task: ${messageOf(error)}`, remedy!, error);
  }
  return { definition, sha256 };
}

function remedyOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return `Node ${process.versions.node} runs JavaScript alone: compile the module, or use Node 22.18 and newer, which takes .ts`;
  if (code === 'ERR_MODULE_NOT_FOUND')
    return 'rgsweep, @tensorflow/tfjs and zod are there for it; other packages have to be installed in its folder';
  return 'import it with node to see where: `node MODULE`';
}

/**
 * The definition of a sweep's own task, as it was when the sweep was launched.
 * @throws RgsweepError('bad-configuration') as `loadTaskModule`, and when the module is another one by now
 */
export async function loadLaunchedModule(task: ModuleTask): Promise<TaskDefinition<unknown>> {
  checkUnchanged(task);
  return (await loadTaskModule(task.module)).definition;
}

/**
 * Trials of a task that changed between them would be compared as if it had not.
 * @throws RgsweepError('bad-configuration') when the module on this machine is not the launched one, or is not there
 */
export function checkUnchanged({ module: file, sha256 }: Pick<ModuleTask, 'module' | 'sha256'>): void {
  checkFile(file);
  const found = hashOfModule(file);
  if (found === sha256) return;
  throw refuse(
    file,
    `it or a file that it imports has changed since the launch (SHA-256 ${found.slice(0, 12)}…, launched with ${sha256.slice(0, 12)}…)`,
    'put it back as it was and `rgsweep resume SWEEP --failed`, or launch the sweep under another name',
  );
}
