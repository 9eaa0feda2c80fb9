import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { messageOf } from '../errors.js';
import type { Parameters } from '../space/types.js';
import { createFileReads } from './fileReads.js';
import { decodeJson, encodeJson, encodeJsonLine } from './json.js';
import { checkKey } from './keys.js';
import { layout } from './layout.js';
import type { ObjectStore } from './types.js';

export interface CheckpointFile {
  /** Path below the attempt's folder, e.g. `model.safetensors`. */
  name: string;
  bytes: number;
  /** SHA-256 of the content in hexadecimal digits. */
  sha256: string;
}

/** step-<n>/manifest.json: a checkpoint exists when this does, and is good when every file's hash is right. */
export interface CheckpointManifest {
  version: 1;
  sweep: string;
  trial: number;
  step: number;
  /** Folder of the files, below the step's. */
  attempt: string;
  /** Fence number of the lease it was written under. */
  fence: number;
  /** Step of the checkpoint that training went on from; absent when it began at 0. */
  parentStep?: number | undefined;
  seed: number;
  parameters: Parameters;
  /** Training loss at this step. */
  loss: number;
  createdAt: string;
  files: CheckpointFile[];
}

const step = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const manifestSchema = z.object({
  version: z.literal(1),
  sweep: z.string(),
  trial: z.int().min(0),
  step,
  attempt: z.string(),
  fence: z.int().min(1),
  parentStep: step.optional(),
  seed: z.number(),
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  // zod's own numbers are finite; a loss may be anything.
  loss: z.custom<number>((value) => typeof value === 'number'),
  createdAt: z.string(),
  files: z.array(z.object({ name: z.string(), bytes: z.int().min(0), sha256 })).min(1),
});

export function sha256Of(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

const reads = createFileReads();

/** Size and hash of a local file, as it is read. */
export async function describeFile(path: string): Promise<Pick<CheckpointFile, 'bytes' | 'sha256'>> {
  const small = await reads.small(path);
  if (small) return { bytes: small.length, sha256: sha256Of(small) };
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}

/** The manifest with a hash of itself: a flipped digit in it is found like one in a tensor. */
export function encodeManifest(manifest: CheckpointManifest): Uint8Array {
  const content = manifestSchema.parse(manifest);
  return encodeJson({ ...content, sha256: sha256Of(Buffer.from(encodeJsonLine(content))) });
}

/** The manifest, or a few words on why it cannot be trusted. */
export function decodeManifest(
  body: Uint8Array,
  expected: { sweep: string; trial: number; step: number },
): CheckpointManifest | string {
  let value: unknown;
  try {
    value = decodeJson(body, 'manifest.json');
  } catch (error) {
    return messageOf(error);
  }
  const parsed = manifestSchema.extend({ sha256 }).safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `manifest.json has a wrong ${issue?.path.join('.') || 'form'}`;
  }
  const { sha256: stated, ...content } = parsed.data;
  if (sha256Of(Buffer.from(encodeJsonLine(content))) !== stated)
    return 'manifest.json does not have the hash it states';
  for (const name of ['sweep', 'trial', 'step'] as const)
    if (content[name] !== expected[name])
      return `manifest.json is of ${name} ${content[name]}, not ${expected[name]}`;
  try {
    for (const { name } of content.files) checkKey(name);
  } catch (error) {
    return messageOf(error);
  }
  return content;
}

export function checkpointFileKey(manifest: CheckpointManifest, name: string): string {
  const { sweep, trial, attempt } = manifest;
  return `${layout.checkpointAttempt(sweep, trial, manifest.step, attempt)}/${name}`;
}

/** What is wrong with a file's content, or undefined when it is as the manifest says. */
export function problemOfFile(
  { name, bytes, sha256: stated }: CheckpointFile,
  found: { bytes: number; sha256: string },
): string | undefined {
  if (found.bytes !== bytes) return `${name} has ${found.bytes} bytes instead of ${bytes}`;
  if (found.sha256 !== stated) return `${name} has another SHA-256 than its manifest says`;
  return undefined;
}

/** What is wrong with a checkpoint in the store, or undefined when every byte is there. Reads all of it. */
export async function problemOfCheckpoint(
  store: ObjectStore,
  manifest: CheckpointManifest,
): Promise<string | undefined> {
  for (const file of manifest.files) {
    const object = await store.get(checkpointFileKey(manifest, file.name));
    const problem = object
      ? problemOfFile(file, { bytes: object.body.length, sha256: sha256Of(object.body) })
      : `${file.name} is missing`;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A checkpoint's manifest when it is good, or what is wrong with it; undefined when there is none of that step. */
export async function readGoodManifest(
  store: ObjectStore,
  at: { sweep: string; trial: number; step: number },
): Promise<{ manifest?: CheckpointManifest; problem?: string; tag: string } | undefined> {
  const object = await store.get(layout.manifest(at.sweep, at.trial, at.step));
  if (!object) return undefined;
  const { tag } = object;
  const decoded = decodeManifest(object.body, at);
  if (typeof decoded === 'string') return { problem: decoded, tag };
  const problem = await problemOfCheckpoint(store, decoded);
  return problem === undefined ? { manifest: decoded, tag } : { problem, tag };
}
