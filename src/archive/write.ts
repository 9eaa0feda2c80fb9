import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf, RgsweepError } from '../errors.js';
import { encodeJson } from '../store/json.js';
import { layout } from '../store/layout.js';
import {
  checkpointFileKey,
  decodeManifest,
  problemOfFile,
  type CheckpointManifest,
} from '../store/manifest.js';
import { listTrials, readSpec, readSweepRecord } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepSpec } from '../sweep/types.js';
import { version } from '../version.js';
import {
  archiveFormat,
  archiveVersion,
  headName,
  indexName,
  problemOfName,
  type IndexEntry,
} from './contents.js';
import { tarEnd, tarHeader, tarPadding } from './tar.js';

export interface WriteArchiveOptions {
  store: ObjectStore;
  sweep: string;
  /** Appears whole or not at all. */
  file: string;
  /** Of each trial: the newest good checkpoint, from which it can go on; every good one; or none. */
  checkpoints: 'newest' | 'all' | 'none';
  /** Key of the data set to put in; absent: none, a resumed sweep makes it anew. */
  dataset?: (spec: SweepSpec) => string | undefined;
  onWarning: (message: string) => void;
}

export interface ArchiveSummary {
  sweep: string;
  trials: number;
  checkpoints: number;
  entries: number;
  bytes: number;
}

/**
 * Writes a whole sweep into one tar file: what it is, its records, learning curves, logs, samples and checkpoints, and at
 * the end an index with the size and SHA-256 of everything. Checkpoints are verified on the way; damaged ones are left out
 * and named. A sweep that runs can be archived: what is taken of a trial is at least what its record says.
 *
 * @throws RgsweepError('not-found') when the store has no such sweep
 */
export async function writeArchive(options: WriteArchiveOptions): Promise<ArchiveSummary> {
  const { store, sweep, onWarning } = options;
  const spec = await readSpec(store, sweep);
  if (!spec)
    throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`, {
      remedy: '`rgsweep list` shows the sweeps of a store; --store names another one',
    });
  const target = resolve(options.file);
  let folder: string;
  try {
    folder = await mkdtemp(join(dirname(target), '.rgsweep-archive-'));
  } catch (error) {
    throw new RgsweepError('usage', `${options.file} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const partial = join(folder, 'archive.tar');
  const copied = join(folder, 'object');
  const output = await open(partial, 'wx');
  const entries: IndexEntry[] = [];
  let bytes = 0;
  const write = async (part: Uint8Array) => {
    await output.writeFile(part);
    bytes += part.length;
  };

  const hashOf = async (file: string): Promise<string> => {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  };
  const addFile = async (name: string, file: string, sha256: string) => {
    const size = (await stat(file)).size;
    await write(tarHeader(name, size));
    for await (const chunk of createReadStream(file)) await write(chunk as Buffer);
    await write(tarPadding(size));
    entries.push({ name, bytes: size, sha256 });
  };
  const addBytes = async (name: string, body: Uint8Array) => {
    await write(tarHeader(name, body.length));
    await write(body);
    await write(tarPadding(body.length));
    return { name, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
  };
  /** False when there is no such object any more. */
  const addObject = async (key: string): Promise<boolean> => {
    if (!(await store.download(key, copied))) return false;
    await addFile(key, copied, await hashOf(copied));
    return true;
  };
  /** A copy runs nowhere: it goes on at once on any server, and tells nobody where the sweep ran. */
  const addSweepRecord = async (): Promise<void> => {
    const record = await readSweepRecord(store, sweep);
    if (!record) return;
    const { owner: _, ...copy } = record;
    entries.push(await addBytes(layout.sweepRecord(sweep), encodeJson(copy)));
  };
  /** Its files are fetched and verified before the first one is written: a checkpoint is in the archive whole. */
  const addCheckpoint = async (
    manifest: CheckpointManifest,
    manifestKey: string,
  ): Promise<string | undefined> => {
    const fetched: { key: string; file: string; sha256: string }[] = [];
    try {
      for (const [index, file] of manifest.files.entries()) {
        const key = checkpointFileKey(manifest, file.name);
        const local = join(folder, `file-${index}`);
        if (!(await store.download(key, local))) return `${file.name} is missing`;
        const sha256 = await hashOf(local);
        fetched.push({ key, file: local, sha256 });
        const problem = problemOfFile(file, { bytes: (await stat(local)).size, sha256 });
        if (problem !== undefined) return problem;
      }
      for (const { key, file, sha256 } of fetched) await addFile(key, file, sha256);
      await addObject(manifestKey);
      return undefined;
    } finally {
      for (const { file } of fetched) await rm(file, { force: true });
    }
  };

  let checkpoints = 0;
  const addTrial = async (trial: number) => {
    await addObject(layout.trialRecord(sweep, trial));
    const manifests: { step: number; key: string }[] = [];
    const others: string[] = [];
    for await (const { key } of store.list(`${layout.trial(sweep, trial)}/`)) {
      const part = layout.parseTrialKey(sweep, key);
      if (part?.kind === 'manifest') manifests.push({ step: part.step, key });
      else if (
        part &&
        ['curve', 'log', 'samples'].includes(part.kind) &&
        problemOfName(key, sweep) === undefined
      )
        others.push(key);
    }
    for (const key of others) await addObject(key);
    if (options.checkpoints === 'none') return;
    for (const { step, key } of manifests.sort((a, b) => b.step - a.step)) {
      const object = await store.get(key);
      if (!object) continue;
      const manifest = decodeManifest(object.body, { sweep, trial, step });
      const problem = typeof manifest === 'string' ? manifest : await addCheckpoint(manifest, key);
      if (problem !== undefined) {
        onWarning(`left out the checkpoint ${layout.checkpoint(sweep, trial, step)}: ${problem}`);
        continue;
      }
      checkpoints++;
      if (options.checkpoints === 'newest') return;
    }
  };

  try {
    const head = {
      format: archiveFormat,
      version: archiveVersion,
      sweep,
      createdAt: new Date().toISOString(),
      writtenBy: `rgsweep ${version}`,
    };
    await addBytes(headName, encodeJson(head));
    await addObject(layout.spec(sweep));
    await addSweepRecord();
    await addObject(layout.prior(sweep));
    const trials = await listTrials(store, sweep);
    for (const { trial } of trials) await addTrial(trial);
    const dataset = options.dataset?.(spec);
    if (dataset !== undefined)
      for await (const { key } of store.list(`${layout.dataset(dataset)}/`)) await addObject(key);
    await addBytes(indexName, encodeJson({ entries }));
    await write(tarEnd);
    await output.sync();
    await output.close();
    await rename(partial, target);
    return { sweep, trials: trials.length, checkpoints, entries: entries.length, bytes };
  } finally {
    await output.close().catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}
