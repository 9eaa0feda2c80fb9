import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { messageOf, RgsweepError } from '../errors.js';
import { decodeJson } from '../store/json.js';
import { layout } from '../store/layout.js';
import { checkpointFileKey, decodeManifest } from '../store/manifest.js';
import { readSpec } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import {
  headName,
  headSchema,
  indexName,
  indexSchema,
  problemOfName,
  specSchema,
  sweepRecordSchema,
  trialSchema,
} from './contents.js';
import { readTar } from './tar.js';

export interface ReadArchiveOptions {
  store: ObjectStore;
  file: string;
  /** Where the content waits until all of it has been checked. */
  stagingFolder: string;
  onWarning: (message: string) => void;
}

interface Staged {
  file: string;
  bytes: number;
  sha256: string;
}

/** Larger than any record or index that rgsweep writes. */
const largestJsonBytes = 256 * 2 ** 20;

function refuse(what: string): never {
  throw new RgsweepError('usage', what, {
    remedy: 'the archive is damaged or was not written by `rgsweep archive`; nothing was imported',
  });
}

/** Unpacks into numbered files: no name of the archive ever becomes a path. */
async function stage(
  archive: string,
  folder: string,
): Promise<{ sweep: string; staged: Map<string, Staged>; index: unknown }> {
  const staged = new Map<string, Staged>();
  let sweep: string | undefined;
  let index: unknown;
  for await (const { name, bytes, body } of readTar(createReadStream(archive))) {
    if (index !== undefined) refuse('the archive goes on after its index');
    if (sweep === undefined && name !== headName) refuse(`its first entry is not ${headName}`);
    if (name === headName || name === indexName) {
      if (bytes > largestJsonBytes) refuse(`${name} is too large`);
      const parts: Uint8Array[] = [];
      for await (const part of body) parts.push(part);
      const value = decodeOrRefuse(Buffer.concat(parts), name);
      if (name === indexName) index = value;
      else if (sweep !== undefined) refuse(`${headName} is there twice`);
      else {
        sweep = parseOrRefuse(headSchema, value, name).sweep;
        layout.sweep(sweep);
      }
      continue;
    }
    const problem = problemOfName(name, sweep!);
    if (problem !== undefined) refuse(`an entry is not one of a sweep: ${problem}`);
    if (staged.has(name)) refuse(`${name} is there twice`);
    const file = join(folder, String(staged.size));
    const hash = createHash('sha256');
    const handle = await open(file, 'wx');
    try {
      for await (const part of body) {
        hash.update(part);
        await handle.writeFile(part);
      }
    } finally {
      await handle.close();
    }
    staged.set(name, { file, bytes, sha256: hash.digest('hex') });
  }
  if (sweep === undefined) refuse('the archive is empty');
  if (index === undefined) refuse('the archive has no index: it was never finished');
  return { sweep, staged, index };
}

function decodeOrRefuse(body: Uint8Array, name: string): unknown {
  try {
    return decodeJson(body, name);
  } catch (error) {
    return refuse(messageOf(error));
  }
}

function parseOrRefuse<S extends z.ZodType>(schema: S, value: unknown, name: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuse(`${name}: ${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'has a wrong form'}`);
}

function checkIndex(staged: ReadonlyMap<string, Staged>, index: unknown): void {
  const { entries } = parseOrRefuse(indexSchema, index, indexName);
  if (new Set(entries.map(({ name }) => name)).size !== entries.length)
    refuse('the index names an entry twice');
  for (const { name, bytes, sha256 } of entries) {
    const found = staged.get(name);
    if (!found) refuse(`${name} is in the index and not in the archive`);
    if (found.bytes !== bytes || found.sha256 !== sha256)
      refuse(`${name} is not what the index says: it was changed after the archive was written`);
  }
  if (entries.length !== staged.size) {
    const named = new Set(entries.map(({ name }) => name));
    refuse(`${[...staged.keys()].find((name) => !named.has(name))} is not in the index`);
  }
}

/** Records must be what they are called, and every checkpoint whole. */
async function checkContents(sweep: string, staged: ReadonlyMap<string, Staged>): Promise<number> {
  const read = async (name: string): Promise<Buffer> => {
    const entry = staged.get(name)!;
    if (entry.bytes > largestJsonBytes) refuse(`${name} is too large`);
    return readFile(entry.file);
  };
  const json = async <S extends z.ZodType>(name: string, schema: S) =>
    parseOrRefuse(schema, decodeOrRefuse(await read(name), name), name);
  if (!staged.has(layout.spec(sweep))) refuse(`${layout.spec(sweep)} is missing`);
  const spec = await json(layout.spec(sweep), specSchema);
  if (spec.name !== sweep) refuse(`${layout.spec(sweep)} is of sweep ${JSON.stringify(spec.name)}`);
  if (staged.has(layout.sweepRecord(sweep))) await json(layout.sweepRecord(sweep), sweepRecordSchema);
  let trials = 0;
  for (const name of staged.keys()) {
    const part = layout.parseTrialKey(sweep, name);
    if (part?.kind === 'record') {
      trials++;
      const record = await json(name, trialSchema);
      if (record.trial !== part.trial) refuse(`${name} is of trial ${record.trial}`);
    }
    if (part?.kind !== 'manifest') continue;
    const manifest = decodeManifest(await read(name), { sweep, trial: part.trial, step: part.step });
    if (typeof manifest === 'string') refuse(`${name}: ${manifest}`);
    for (const file of manifest.files) {
      const found = staged.get(checkpointFileKey(manifest, file.name));
      if (found?.bytes !== file.bytes || found.sha256 !== file.sha256)
        refuse(`${name}: ${file.name} is missing or another file`);
    }
  }
  return trials;
}

/**
 * Brings an archived sweep into a store. Nothing is written before all of the archive has been read and checked, and the
 * sweep's spec is written last: killed at any moment, it leaves no sweep or a whole one, and may be repeated.
 *
 * @throws RgsweepError('usage') when the archive is damaged, cut short, changed, or has anything that is not a sweep's
 * @throws RgsweepError('conflict') when the store has a sweep of that name
 */
export async function readArchive(
  options: ReadArchiveOptions,
): Promise<{ sweep: string; trials: number; entries: number; bytes: number }> {
  const { store, file, onWarning } = options;
  const size = await stat(file).catch(() => undefined);
  if (!size?.isFile()) throw new RgsweepError('usage', `there is no archive ${file}`);
  await mkdir(options.stagingFolder, { recursive: true });
  const folder = await mkdtemp(join(options.stagingFolder, 'import-'));
  try {
    const { sweep, staged, index } = await stage(file, folder);
    checkIndex(staged, index);
    const trials = await checkContents(sweep, staged);
    if (await readSpec(store, sweep))
      throw new RgsweepError('conflict', `${store.url} has a sweep called "${sweep}" already`, {
        remedy: 'name another store with --store; an import never changes a sweep that is there',
      });
    const names = [...staged.keys()];
    const datasets = new Set(names.flatMap((name) => /^datasets\/[^/]+/.exec(name)?.[0] ?? []));
    const present = new Set<string>();
    for (const dataset of datasets)
      if (await store.get(`${dataset}/dataset.json`)) {
        present.add(dataset);
        onWarning(`${dataset} is in the store already and is left as it is`);
      }
    // What makes the rest count comes after it: a checkpoint's manifest, a data set's description, the sweep's spec.
    const rank = (name: string) =>
      name === layout.spec(sweep) ? 2 : /\/(manifest|dataset)\.json$/.test(name) ? 1 : 0;
    names.sort((a, b) => rank(a) - rank(b));
    let bytes = 0;
    for (const name of names) {
      if (present.has(/^datasets\/[^/]+/.exec(name)?.[0] ?? '')) continue;
      const entry = staged.get(name)!;
      await store.upload(name, entry.file);
      bytes += entry.bytes;
    }
    return { sweep, trials, entries: staged.size, bytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
