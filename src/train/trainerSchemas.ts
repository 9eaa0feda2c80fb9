import { z } from 'zod';
import { messageSchemas } from './messages.js';
import { backendNames } from './protocol.js';

const folder = z.string().describe('Absolute path of a folder');
const step = z.int().min(0);

/** The task file, as docs/schema/trainer-task.schema.json has it. */
const taskSchema = z.object({
  protocol: z
    .literal(1)
    .describe('Version of the protocol; refuse any other with a failure of kind bad-configuration'),
  mode: z
    .enum(['train', 'evaluate'])
    .describe('train: from fromStep to toStep; evaluate: measure the checkpoint in resumeFrom'),
  sweep: z.string(),
  trial: step,
  task: z
    .looseObject({ name: z.string() })
    .describe('The sweep file’s task, with what it says beside the name'),
  parameters: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
    .describe('The trial’s parameters: of the search space and of the sweep’s defaults'),
  seed: z.int().min(0).describe('Addresses every random number: the same seed and step, the same numbers'),
  fromStep: step,
  toStep: step,
  resumeFrom: folder.nullable().describe('Folder of the checkpoint of fromStep; null: begin at step 0'),
  outputFolder: folder.describe('Empty folder to write checkpoints and files into'),
  dataFolder: z
    .string()
    .describe(
      'Folder of the data set: {train,validation,test}.safetensors, statistics.safetensors; empty: the task has none',
    ),
  scheduleFile: z
    .string()
    .nullable()
    .describe(
      'Safetensors file of the noise schedule as numbers; null where there is none, or the trainer is the built-in one',
    ),
  checkpointEverySteps: z
    .int()
    .min(1)
    .describe('Write a checkpoint at every multiple of it, at toStep, and on SIGTERM'),
  backend: z.enum([...backendNames, 'auto']).describe('Of the built-in trainer'),
  threads: z.int().min(1).describe('Threads to use at most'),
  evaluation: z
    .object({
      split: z.enum(['validation', 'test']),
      samples: z.int().min(1).describe('The model’s own samples to draw for figures that need them'),
      level: z
        .enum(['rung', 'final'])
        .describe('rung: during the search; final: once, of finalists and baselines'),
      likelihoodImages: z
        .int()
        .min(0)
        .optional()
        .describe('Of images, at level final: on how many the flow’s likelihood is integrated; 0: none'),
    })
    .describe('Of evaluate'),
});

/** JSON Schemas of the protocol, by their file’s name in docs/schema. */
export function trainerSchemas(): Record<string, Record<string, unknown>> {
  const emit = (title: string, schema: z.ZodType) => {
    const { $schema, ...body } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
    return { $schema, title, ...body } as Record<string, unknown>;
  };
  return {
    'trainer-task.schema.json': emit('rgsweep trainer task file', taskSchema),
    'trainer-message.schema.json': emit(
      'One line of a trainer’s standard output',
      z.discriminatedUnion('type', Object.values(messageSchemas) as [typeof messageSchemas.started]),
    ),
  };
}
