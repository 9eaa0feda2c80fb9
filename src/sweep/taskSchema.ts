import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { RgsweepError } from '../errors.js';
import { readScheduleParameters, scheduleParameterNames } from '../schedule/parameters.js';
import type { Parameters } from '../space/types.js';
import { metricsOfTask, objectiveMetrics } from './objectiveMetrics.js';
import type { Objective } from './types.js';
import type { BuiltInTask, CommandTask, ModuleTask, SweepTask } from '../train/protocol.js';
import { readTrainingParameters } from '../train/parameters.js';

/** Figures that the built-in tasks measure. */
export const builtInMetrics = objectiveMetrics;

/** Names that rgsweep keeps from trainers, so that no secret ends in a spec, a history or a log. */
const secretName = /^(AWS_|TEMPORAL_|RGSWEEP_)|TOKEN|SECRET|PASSWORD/i;

/** `task: { name: command, … }` of a sweep file; `data` is the schema of the built-in tasks whose data it may use. */
export function commandTaskSchema<Data extends z.ZodType<BuiltInTask>>(data: Data) {
  return z
    .strictObject({
      name: z.literal('command').describe('A program of your own: docs/trainer-protocol.md'),
      command: z
        .array(z.string().min(1))
        .min(1)
        .describe('Program and arguments; the path of the task file is appended'),
      folder: z.string().default('.').describe('Where it is started, relative to this file'),
      data: data
        .optional()
        .describe('A built-in task, whose data set and noise schedules the program is given'),
      environment: z
        .record(
          z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
          z.union([z.string(), z.number(), z.boolean()]).transform(String),
        )
        .optional()
        .describe('Variables of its environment; no secrets'),
      resources: z
        .strictObject({
          threads: z.int().min(1).optional().describe('Threads it may use; default: the worker’s share'),
          memoryMiB: z
            .int()
            .min(1)
            .optional()
            .describe('Resident memory above which it is ended as out of memory'),
        })
        .optional(),
      settings: z
        .record(z.string(), z.unknown())
        .optional()
        .describe('Whatever else the program is to know, handed to it as it is'),
    })
    .superRefine(({ environment = {} }, context) => {
      for (const name of Object.keys(environment))
        if (secretName.test(name))
          context.addIssue({
            code: 'custom',
            path: ['environment', name],
            message:
              'secrets do not belong in a sweep file; let the program read them from a file of its machine',
          });
    });
}

/** `task: { name: module, … }` of a sweep file. */
export const moduleTaskSchema = z.strictObject({
  name: z.literal('module').describe('A task of your own: docs/own-tasks.md'),
  module: z
    .string()
    .min(1)
    .describe('The file whose default export is what defineTask gave, relative to this file'),
  settings: z.record(z.string(), z.unknown()).default({}).describe('What the module’s schema takes'),
});

/**
 * Reads a task of one's own: what its module makes of the settings.
 * @param module absolute path
 * @param where the sweep file, for messages
 */
export type DescribeModule = (module: string, settings: Record<string, unknown>, where: string) => ModuleTask;

/** The task as launched: its folder is absolute. */
export function resolveCommandTask(
  task: z.output<ReturnType<typeof commandTaskSchema>>,
  file: string,
): CommandTask {
  const given = Object.entries({ ...task, folder: resolve(dirname(file), task.folder) });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as unknown as CommandTask;
}

/**
 * Checks parameters of a program of one's own: names are free, those of the noise schedule keep their meaning and bounds.
 * @throws RgsweepError('bad-configuration') naming place, parameter, value and what is allowed
 */
export function checkOwnParameters(parameters: Parameters, where: string): void {
  const schedule = new Set(scheduleParameterNames);
  try {
    readScheduleParameters(
      Object.fromEntries(Object.entries(parameters).filter(([name]) => schedule.has(name))),
    );
  } catch (error) {
    if (!(error instanceof RgsweepError)) throw error;
    throw new RgsweepError('bad-configuration', `${where}: ${error.message}`, {
      remedy: 'this name is one of the noise schedule’s: give one of its values, or take another name',
      cause: error,
    });
  }
}

/**
 * The same of a task of one's own, whose trainer is rgsweep's: those of training keep their meaning and bounds, too.
 * @throws RgsweepError('bad-configuration') naming place, parameter, value and what is allowed
 */
export function checkModuleParameters(parameters: Parameters, where: string): void {
  checkOwnParameters(parameters, where);
  try {
    readTrainingParameters(parameters);
  } catch (error) {
    if (!(error instanceof RgsweepError)) throw error;
    throw new RgsweepError('bad-configuration', `${where}: ${error.message}`, {
      remedy: 'this name is one of the training’s: give one of its values, or take another name',
      cause: error,
    });
  }
}

/**
 * Checks what depends on whose task it is: rgsweep's trainer has figures known before, and a program without data no schedules.
 * @throws RgsweepError('bad-configuration') naming field and value
 */
export function checkTask(
  task: SweepTask,
  objectives: readonly Objective[],
  baselines: readonly string[],
  where: string,
): void {
  if (task.name === 'command') {
    if (baselines.length > 0 && !task.data)
      throw new RgsweepError(
        'bad-configuration',
        `${where}baselines: they are noise schedules, and the task has no data to make them of`,
        { remedy: 'name a built-in task under task.data, or leave baselines out' },
      );
    return;
  }
  const known = metricsOfTask(task);
  objectives.forEach(({ metric }, index) => {
    if (known.includes(metric)) return;
    const field = objectives.length > 1 ? `objective.${index}.metric` : 'objective.metric';
    throw new RgsweepError(
      'bad-configuration',
      `${where}${field}: no metric of ${task.name === 'module' ? task.title : task.name} at every rung is called "${metric}"`,
      {
        remedy: `metrics: ${known.join(', ')}`,
      },
    );
  });
}
