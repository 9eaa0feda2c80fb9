import { z } from 'zod';
import { sweepStates, trialStates } from '../sweep/types.js';
import { checkKey } from '../store/keys.js';
import { layout } from '../store/layout.js';

export const archiveFormat = 'rgsweep-archive';
export const archiveVersion = 1;
/** First entry: what the archive is. */
export const headName = 'rgsweep-archive.json';
/** Last entry: size and SHA-256 of every entry between. */
export const indexName = 'index.json';

export const headSchema = z.object({
  format: z.literal(archiveFormat),
  version: z.literal(archiveVersion),
  sweep: z.string().max(100),
  createdAt: z.string(),
  writtenBy: z.string(),
});

export interface IndexEntry {
  name: string;
  bytes: number;
  sha256: string;
}

export const indexSchema = z.object({
  entries: z.array(
    z.object({ name: z.string(), bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});

const value = z.union([z.number(), z.string(), z.boolean()]);

/** What a sweep must at least be before workers are given it; more is checked where it is used. */
export const specSchema = z.looseObject({
  name: z.string(),
  task: z.looseObject({ name: z.string() }),
  space: z.looseObject({ parameters: z.array(z.looseObject({ name: z.string(), type: z.string() })) }),
  objective: z.looseObject({ metric: z.string(), direction: z.enum(['minimize', 'maximize']) }),
  sampler: z.looseObject({ name: z.string(), seed: z.int().min(0) }),
  pruner: z.looseObject({ name: z.string(), rungs: z.array(z.int().min(1)).min(1) }),
  budget: z.looseObject({ trials: z.int().min(0) }),
  baselines: z.array(z.string()),
  defaults: z.record(z.string(), value),
  checkpointEverySteps: z.int().min(1),
  evaluation: z.looseObject({ samples: z.int().min(1) }),
  backend: z.string(),
  retries: z.int().min(0),
});

export const sweepRecordSchema = z.looseObject({
  state: z.enum(sweepStates),
  startedAt: z.string(),
  amendments: z.array(z.looseObject({ id: z.string(), at: z.string(), kind: z.string() })).optional(),
});

export const trialSchema = z.looseObject({
  trial: z.int().min(0),
  parameters: z.record(z.string(), value),
  key: z.string(),
  label: z.string(),
  seed: z.number(),
  state: z.enum(trialStates),
  rungs: z.array(z.looseObject({ rung: z.int().min(0), step: z.int().min(0) })),
  failures: z.array(
    z.looseObject({ kind: z.string(), message: z.string(), step: z.number(), at: z.string() }),
  ),
  stepsPaid: z.number(),
});

/** Why a name cannot be an entry of an archive of this sweep; undefined when it can. */
export function problemOfName(name: string, sweep: string): string | undefined {
  try {
    checkKey(name);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if ([layout.spec(sweep), layout.sweepRecord(sweep), layout.prior(sweep)].includes(name)) return undefined;
  if (/^datasets\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name))
    return undefined;
  const part = layout.parseTrialKey(sweep, name);
  if (part && part.kind !== 'other' && part.kind !== 'lease') return undefined;
  return `${JSON.stringify(name.slice(0, 200))} does not belong to sweep ${sweep}`;
}
