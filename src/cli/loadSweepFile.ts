import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { knownLogZ } from '../data/phi4/logZ.js';
import { RgsweepError } from '../errors.js';
import { parseSweepFile, parseYamlFile } from '../sweep/spec.js';
import type { SweepSpec } from '../sweep/types.js';
import { describeModuleTask } from '../tasks/describe.js';
import { loadTaskModule, type TaskModule } from '../tasks/module.js';

/** Reads and checks a sweep file. @throws RgsweepError('bad-configuration') also when there is no such file */
export async function loadSweepFile(file: string): Promise<SweepSpec> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RgsweepError('bad-configuration', `cannot read the sweep file ${file}`, {
      remedy: 'give the path of a sweep file; examples are in sweeps/',
      cause: error,
    });
  }
  const module = await moduleOf(text, file);
  const spec = parseSweepFile(
    text,
    file,
    (path) => readFileSync(path, 'utf8'),
    module && ((path, settings, where) => describeModuleTask(module, path, settings, where)),
  );
  checkLogZ(spec, file);
  return spec;
}

/** KL is known up to log Z: where that is unknown every trial would end without the figure it is judged by. */
function checkLogZ({ task, objective, objectives = [objective] }: SweepSpec, file: string): void {
  const asked = objectives.find(({ metric }) => metric === 'kl' || metric === 'reverseKl');
  if (!asked || task.name !== 'phi4' || knownLogZ(task)) return;
  throw new RgsweepError(
    'bad-configuration',
    `${file}: objective.metric: ${asked.metric} needs log Z, which is not known of the ${task.size}×${task.size} lattice at mass2 ${task.mass2}, coupling ${task.coupling}`,
    {
      remedy:
        'judge by nll, which differs from kl by a constant: objective: { metric: nll, direction: minimize }',
    },
  );
}

/** The module that the task names, imported; undefined where it names none, or where the file is to be refused for other reasons. */
async function moduleOf(text: string, file: string): Promise<TaskModule | undefined> {
  const { task } = (parseYamlFile(text, file) ?? {}) as {
    task?: { name?: unknown; module?: unknown } | null;
  };
  if (task?.name !== 'module' || typeof task.module !== 'string' || task.module === '') return undefined;
  return loadTaskModule(resolve(dirname(file), task.module));
}
