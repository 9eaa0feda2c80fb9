import { dirname, relative, resolve } from 'node:path';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { messageOf, RgsweepError } from '../errors.js';
import { parseSpace } from '../space/parse.js';
import type { Parameters } from '../space/types.js';
import { samplerNames } from '../samplers/types.js';
import { extremesOf } from '../space/validate.js';
import { checkTrialParameters, withDecayToLongestRung } from './parameters.js';
import { prunerNames } from '../pruners/types.js';
import { leastSteps } from './budget.js';
import {
  builtInMetrics,
  checkOwnParameters,
  checkModuleParameters,
  checkTask,
  commandTaskSchema,
  moduleTaskSchema,
  resolveCommandTask,
  type DescribeModule,
} from './taskSchema.js';
import { parseDuration } from './duration.js';
import { resolveResources, resourcesSchema } from './resources.js';
import { noticeEvents, webhookVariable } from './notice.js';
import { defaultRetention } from './retention.js';
import {
  checkBaselines,
  checkContenders,
  checkObjectives,
  checkRungs,
  checkSpaceNames,
  checkWarmStart,
} from './specChecks.js';
import { builtInTasks, phi4, resolveTask } from './builtInTasks.js';
import { defaultDirection, metricsOfTask } from './objectiveMetrics.js';
import { isImagesTask, type SweepTask } from '../train/protocol.js';
import { checkTranslationPeriod, checkTranslationPeriods } from './phi4Task.js';
import { refusals, show } from './schemaIssues.js';
import { defaultSupervision, type SweepSpec } from './types.js';

const sweepName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'use letters, digits, dot, dash and underscore, at most 100');

const positiveInteger = z.int().min(1);

/** Images with a likelihood on test data: of fewer there is no error, and the bound is measured on as many (src/eval/images.ts). */
const fewestLikelihoodImages = 8;
const mostLikelihoodImages = 512;

const parameterValue = z.union([z.number(), z.string(), z.boolean()]);

const objective = z.strictObject({
  metric: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/)
    .describe(`${builtInMetrics.join(', ')}; or one that the task’s own command gives`),
  direction: z
    .enum(['minimize', 'maximize'])
    .optional()
    .describe('Default: maximize of ess, minimize of all else'),
});

const duration = z
  .string()
  .transform((text, context) => {
    const seconds = parseDuration(text);
    if (seconds !== undefined) return seconds;
    context.addIssue({ code: 'custom', message: 'use a duration above 0 such as 4h, 90m, 1h30m or 2d' });
    return z.NEVER;
  })
  .describe('A duration: 4h, 90m, 1h30m, 2d');

/** A sweep file as its user writes it (YAML), before paths are followed and names are checked. */
export const sweepFileSchema = z.strictObject({
  name: sweepName.describe('Name of the sweep: its workflow id and its folder in the store'),
  task: z
    .discriminatedUnion('name', [...builtInTasks, moduleTaskSchema, commandTaskSchema(phi4)])
    .describe('What is trained'),
  space: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .describe('Search space: the path of a file, relative to this one, or the space itself'),
  objective: z
    .union([objective, z.array(objective).min(1).max(4)])
    .optional()
    .describe(
      'What is judged (default: least kl of phi4, least vlb of images, the first figure of a module); a list keeps the Pareto front',
    ),
  sampler: z
    .strictObject({ name: z.enum(samplerNames).default('tpe'), seed: z.int().min(0).default(0) })
    .default({ name: 'tpe', seed: 0 }),
  pruner: z
    .strictObject({
      name: z.enum(prunerNames).default('asha'),
      reduction: z.int().min(2).default(3),
      rungs: z.array(positiveInteger).min(1),
    })
    .describe('Training budgets in steps at which trials are judged'),
  budget: z.strictObject({
    trials: z.int().min(0),
    concurrency: z.union([positiveInteger, z.literal('auto')]).default('auto'),
    steps: positiveInteger.optional(),
    wallClock: duration.optional(),
    gpuHours: z.number().positive().optional(),
  }),
  replicates: z.int().min(1).max(100).default(1).describe('Seeds of each configuration'),
  reproducible: z.boolean().default(false),
  warmStart: z
    .union([sweepName, z.array(sweepName).min(1).max(20)])
    .optional()
    .describe('Earlier sweeps of the store whose trials say where to look; they are no trials of this sweep'),
  baselines: z.array(z.string()).default([]),
  contenders: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,59}$/, 'use lower-case letters, digits and dash, at most 60'),
      z.record(z.string(), parameterValue),
    )
    .default({})
    .describe('Parameter sets of your own, by name, that run as baselines do'),
  defaults: z.record(z.string(), parameterValue).default({}),
  train: z
    .strictObject({
      checkpointEverySteps: positiveInteger.default(500),
      backend: z.enum(['auto', 'wasm', 'tensorflow', 'webgpu', 'cpu']).default('auto'),
      retries: z.int().min(0).default(3),
      retryFirstSeconds: z.number().min(0).default(defaultSupervision.retryFirstSeconds),
      retryLongestSeconds: z.number().min(0).default(defaultSupervision.retryLongestSeconds),
      heartbeatSeconds: z.int().min(5).default(defaultSupervision.heartbeatSeconds),
      stallSeconds: positiveInteger.optional(),
      keepLast: positiveInteger.default(defaultRetention.keepLast),
      keepBest: z.int().min(0).default(defaultRetention.keepBest),
    })
    .refine((train) => train.retryFirstSeconds <= train.retryLongestSeconds, {
      path: ['retryFirstSeconds'],
      message: 'must not be above retryLongestSeconds',
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      samples: z.int().min(16).optional(),
      likelihoodImages: z
        .int()
        .min(0)
        .max(mostLikelihoodImages)
        .refine((images) => images === 0 || images >= fewestLikelihoodImages, {
          message: `must be 0, which measures none, or at least ${fewestLikelihoodImages}: fewer have no error`,
        })
        .optional(),
    })
    .default({}),
  resources: resourcesSchema,
  notify: z
    .strictObject({
      webhook: z
        .string()
        .regex(webhookVariable, 'name RGSWEEP_WEBHOOK or a variable that begins with RGSWEEP_WEBHOOK_')
        .default('RGSWEEP_WEBHOOK')
        .describe('Environment variable of control workers that holds the address'),
      on: z
        .array(z.enum(noticeEvents))
        .min(1)
        .default([...noticeEvents]),
    })
    .optional()
    .describe('Whom to tell of the end of the sweep and of failed trials'),
});

/** YAML text → value; a syntax error names file, line and column. */
export function parseYamlFile(text: string, file: string): unknown {
  try {
    return parseYaml(text, { uniqueKeys: true });
  } catch (error) {
    // An alias without its anchor is found later than syntax errors and has no place.
    const at = error instanceof YAMLParseError ? error.linePos?.[0] : undefined;
    const reason = messageOf(error)
      .split('\n')[0]!
      .replace(/ at line \d+, column \d+:?$/, '');
    throw new RgsweepError('bad-configuration', `${file}:${at?.line ?? 1}:${at?.col ?? 1}: ${reason}`, {
      remedy: 'correct the YAML at that place',
      cause: error,
    });
  }
}

/**
 * Reads and checks a sweep file with everything it names: space, presets, every parameter.
 * @param readText reads a file named by the sweep file; it throws when there is none
 * @param describeModule reads the task of one's own that the sweep file names, where it names one
 * @throws RgsweepError('bad-configuration') naming file, field, value and what would be right
 */
export function parseSweepFile(
  text: string,
  file: string,
  readText: (path: string) => string,
  describeModule?: DescribeModule,
): SweepSpec {
  const raw = parseYamlFile(text, file);
  const parsed = sweepFileSchema.safeParse(raw);
  if (!parsed.success)
    throw new RgsweepError('bad-configuration', refusals(parsed.error, raw, file), {
      remedy: 'see docs/sweep-file.md for every field, its meaning and its bounds',
    });
  const spec = parsed.data;
  const where = `${file}: `;

  let space;
  if (typeof spec.space === 'string') {
    const path = resolve(dirname(file), spec.space);
    const shown = relative(process.cwd(), path) || path;
    let content: string;
    try {
      content = readText(path);
    } catch (error) {
      throw new RgsweepError(
        'bad-configuration',
        `${where}space: cannot read ${show(spec.space)} (${path})`,
        {
          remedy: 'give a path relative to the sweep file, or write the space in its place',
          cause: error,
        },
      );
    }
    space = parseSpace(parseYamlFile(content, shown), shown);
  } else {
    space = parseSpace(spec.space, `${where}space`);
  }
  const task = resolved(spec.task, file, describeModule);
  const own = task.name === 'command' || task.name === 'module';
  const check = checkOf(task);
  if (!own) checkSpaceNames(space, where);
  const { rungs } = spec.pruner;
  const defaults =
    task.name === 'command' ? spec.defaults : withDecayToLongestRung(spec.defaults, space, rungs);
  check(defaults, `${where}defaults`);
  for (const parameter of space.parameters)
    for (const value of extremesOf(parameter))
      check({ [parameter.name]: value }, `${where}space.${parameter.name}`);
  if (task.name === 'phi4') checkTranslationPeriods(space, task.size, `${where}space.translationPeriod`);
  checkBaselines(spec.baselines, where);
  checkContenders(spec.contenders, where, (parameters, place) =>
    check({ ...defaults, ...parameters }, place),
  );
  const baselines = [...spec.baselines, ...Object.keys(spec.contenders)];
  checkRungs(rungs, where);
  const warmStart = spec.warmStart === undefined ? [] : [spec.warmStart].flat();
  checkWarmStart(warmStart, spec.name, where);
  const images = isImagesTask(task);
  const asked = spec.objective ?? { metric: task.name === 'command' ? 'kl' : metricsOfTask(task)[0]! };
  const objectives = [asked]
    .flat()
    .map(({ metric, direction = defaultDirection(metric) }) => ({ metric, direction }));
  checkTask(task, objectives, baselines, where);
  checkObjectives(objectives, where);
  const samples = spec.evaluation.samples ?? (images ? 128 : 2048);
  if (!images && task.name !== 'module' && samples < 256)
    throw new RgsweepError(
      'bad-configuration',
      `${where}evaluation.samples: ${samples} is below 256, the least of phi4 and of programs of one’s own: an effective sample size of fewer says nothing`,
    );
  const { likelihoodImages } = spec.evaluation;
  if (!images && likelihoodImages !== undefined)
    throw new RgsweepError(
      'bad-configuration',
      `${where}evaluation.likelihoodImages: the task "${task.name}" has no images; the likelihood of everything else is always measured`,
      { remedy: 'leave it out' },
    );
  const { wallClock, steps, gpuHours, trials, concurrency } = spec.budget;
  if (spec.reproducible && concurrency === 'auto')
    throw new RgsweepError(
      'bad-configuration',
      `${where}budget.concurrency: "auto" depends on the machine, which \`reproducible: true\` excludes`,
      { remedy: 'give a number: what a trial sees depends on it' },
    );
  const launched: SweepSpec = {
    name: spec.name,
    task,
    space,
    objective: objectives[0]!,
    ...(objectives.length > 1 ? { objectives } : {}),
    sampler: spec.sampler,
    pruner: spec.pruner.name === 'none' ? { ...spec.pruner, rungs: rungs.slice(-1) } : spec.pruner,
    budget: {
      trials,
      concurrency,
      ...(steps === undefined ? {} : { steps }),
      ...(wallClock === undefined ? {} : { wallClockSeconds: wallClock }),
      ...(gpuHours === undefined ? {} : { gpuHours }),
    },
    ...(spec.replicates === 1 ? {} : { replicates: spec.replicates }),
    ...(spec.reproducible ? { reproducible: true } : {}),
    ...(warmStart.length === 0 ? {} : { warmStart }),
    baselines,
    ...(baselines.length > spec.baselines.length ? { contenders: spec.contenders } : {}),
    defaults,
    checkpointEverySteps: spec.train.checkpointEverySteps,
    evaluation: { samples, ...(likelihoodImages === undefined ? {} : { likelihoodImages }) },
    backend: spec.train.backend,
    retries: spec.train.retries,
    ...(spec.train.keepLast === defaultRetention.keepLast && spec.train.keepBest === defaultRetention.keepBest
      ? {}
      : { retention: { keepLast: spec.train.keepLast, keepBest: spec.train.keepBest } }),
    supervision: {
      retryFirstSeconds: spec.train.retryFirstSeconds,
      retryLongestSeconds: spec.train.retryLongestSeconds,
      heartbeatSeconds: spec.train.heartbeatSeconds,
      ...(spec.train.stallSeconds === undefined ? {} : { stallSeconds: spec.train.stallSeconds }),
    },
    ...(spec.notify ? { notify: spec.notify } : {}),
    ...resolveResources(spec.resources),
  };
  if (steps !== undefined && steps < leastSteps(launched))
    throw new RgsweepError(
      'bad-configuration',
      `${where}budget.steps: ${steps} is below the ${leastSteps(launched)} steps of the baselines and of one configuration`,
      { remedy: 'allow more steps, or take baselines, rungs or replicates out' },
    );
  return launched;
}

/** Checks a parameter set of a sweep of this task; what fails every trial is refused before the first. */
function checkOf(task: SweepTask): (parameters: Parameters, where: string) => void {
  if (task.name === 'command') return checkOwnParameters;
  if (task.name === 'module') return checkModuleParameters;
  if (task.name !== 'phi4') return checkTrialParameters;
  return (parameters, where) => {
    checkTrialParameters(parameters, where);
    checkTranslationPeriod(parameters['translationPeriod'], task.size, where);
  };
}

/** The task as launched: paths are absolute, and of a module what it makes of its settings. */
function resolved(
  task: z.output<typeof sweepFileSchema>['task'],
  file: string,
  describeModule: DescribeModule | undefined,
): SweepTask {
  if (task.name === 'command') return resolveCommandTask(task, file);
  if (task.name !== 'module') return resolveTask(task, file);
  if (!describeModule) throw new RgsweepError('internal', `${file}: nobody has read the task's module`);
  return describeModule(resolve(dirname(file), task.module), task.settings, file);
}
