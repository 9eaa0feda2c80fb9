import { z } from 'zod';
import { trainerFailureKinds, type TrainerMessage } from './protocol.js';

/** Longest line a trainer may print, in characters; more is a fault of the trainer, not a message. */
export const longestLine = 1 << 20;
/** Metrics of one evaluation. */
export const mostMetrics = 200;

const step = z.int().min(0).describe('Training step, counted from 0 at the trial’s beginning');
/** JSON has no NaN: null stands for what is not finite, and a bare NaN or Infinity is read as null. */
const number = z.number().nullable();
const path = z.string().min(1);
const bytes = z.number().min(0);

/** Every message a trainer may say, by type. Fields that are not named here are ignored. */
export const messageSchemas = {
  started: z.object({
    type: z.literal('started'),
    protocol: z.int().optional().describe('The version that the trainer speaks; absent: 1'),
    backend: z.string().max(100).describe('What computes, for people: tensorflow, jax cpu, numpy 2.3'),
    backends: z
      .array(z.string().max(100))
      .max(100)
      .optional()
      .describe('All that the trial was trained on so far, this one last'),
    parameterCount: z.int().min(0).optional().describe('Weights of the model'),
    step: step.describe('fromStep of the task'),
    memory: z
      .object({
        batchSize: z.int().min(1).describe('Rows of one step'),
        weightBytes: bytes,
        optimizerBytes: bytes.describe('Kept beside the tensors: moving average and moments'),
        constantBytes: bytes.describe('Tensors that stay for the whole training'),
        batchBytes: bytes.describe('Activations and the batch of one step'),
        neededBytes: bytes.describe('The most that tensors take together at any time of a step'),
        availableBytes: bytes.optional().describe('What the device has for them; absent where nobody knows'),
        device: z.string().max(100),
      })
      .optional()
      .describe('What the training needs of memory, as far as it can be told before its first step'),
  }),
  progress: z.object({
    type: z.literal('progress'),
    step,
    loss: number.describe('Smoothed training loss; null says that it is not finite: the trial has diverged'),
    stepsPerSecond: z.number().min(0).optional(),
    tensorBytes: z.number().min(0).optional().describe('Memory of the model and its optimizer, in bytes'),
  }),
  checkpoint: z.object({
    type: z.literal('checkpoint'),
    step,
    folder: path.describe('A complete checkpoint, below outputFolder; it must not be touched afterwards'),
    loss: number,
  }),
  metrics: z.object({
    type: z.literal('metrics'),
    step,
    metrics: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/), number)
      .refine((metrics) => Object.keys(metrics).length <= mostMetrics, `at most ${mostMetrics} metrics`)
      .describe('Figures by name; null: it did not converge'),
    files: z.array(path).max(100).default([]).describe('Files below outputFolder to keep'),
  }),
  alive: z.object({ type: z.literal('alive') }),
  warning: z.object({ type: z.literal('warning'), message: z.string() }),
  failure: z.object({ type: z.literal('failure'), kind: z.enum(trainerFailureKinds), message: z.string() }),
  done: z.object({
    type: z.literal('done'),
    step,
    preempted: z.boolean().default(false).describe('SIGTERM ended the run before toStep'),
  }),
};

type MessageType = keyof typeof messageSchemas;

/** What a line is: a message, words for the log, or a message that breaks the protocol, with the reason. */
export type Heard = { message: TrainerMessage } | { noise: string } | { violation: string };

/** `{"loss": NaN}`, as Python's json writes it, with null in its place; text in quotes stays. */
function withoutNonFinite(line: string): string {
  return line.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
    token.startsWith('"') ? token : 'null',
  );
}

function parseJson(line: string): unknown {
  if (!line.trimStart().startsWith('{')) return undefined;
  for (const text of [line, withoutNonFinite(line)])
    try {
      return JSON.parse(text);
    } catch {
      // Not JSON: words for the log.
    }
  return undefined;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/**
 * Reads one line of a trainer's standard output. A line that is no JSON object with a known `type` is noise: libraries
 * print, and later versions may say more. A null or bare NaN becomes NaN as a loss, and absent as a metric.
 */
export function readTrainerLine(line: string): Heard {
  const value = parseJson(line);
  const type = (value as { type?: unknown } | undefined)?.type;
  if (typeof type !== 'string' || !Object.hasOwn(messageSchemas, type)) return { noise: line };
  const parsed = messageSchemas[type as MessageType].safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const got = issue!.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], value);
    return {
      violation: `its ${type} message has ${issue!.path.join('.') || 'fields'} ${show(got)}: ${issue!.message}`,
    };
  }
  const { data } = parsed;
  switch (data.type) {
    case 'progress':
      return {
        message: {
          ...data,
          loss: data.loss ?? NaN,
          stepsPerSecond: data.stepsPerSecond ?? 0,
        } as TrainerMessage,
      };
    case 'checkpoint':
      return { message: { ...data, loss: data.loss ?? NaN } };
    case 'metrics': {
      const finite = Object.entries(data.metrics).filter(([, figure]) => figure !== null);
      return { message: { ...data, metrics: Object.fromEntries(finite) as Record<string, number> } };
    }
    case 'started':
      return { message: { ...data, parameterCount: data.parameterCount ?? 0 } as TrainerMessage };
    default:
      return { message: data };
  }
}
