import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { RgsweepError } from '../errors.js';
import type { Parameters } from '../space/types.js';
import { layout } from './layout.js';
import { attemptName, checkLease, LostLeaseError, type Lease } from './lease.js';
import { mapLimited } from './limits.js';
import {
  checkpointFileKey,
  decodeManifest,
  describeFile,
  encodeManifest,
  problemOfFile,
  readGoodManifest,
  type CheckpointFile,
  type CheckpointManifest,
} from './manifest.js';
import { removeFolder } from './removeFolder.js';
import type { ObjectStore } from './types.js';

export { applyRetention } from './retention.js';
export type { CheckpointFile, CheckpointManifest } from './manifest.js';

/** Files of one checkpoint that are copied at a time. */
const parallelCopies = 3;

async function filesOf(folder: string): Promise<CheckpointFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
  if (names.length === 0) throw new RgsweepError('internal', `the checkpoint folder ${folder} has no files`);
  return mapLimited(names, parallelCopies, async (name) => ({
    name,
    ...(await describeFile(join(folder, name))),
  }));
}

export interface SaveCheckpointInput {
  sweep: string;
  trial: number;
  step: number;
  /** Local folder; every file in it belongs to the checkpoint. */
  folder: string;
  lease: Lease;
  parameters: Parameters;
  seed: number;
  parentStep?: number;
  loss: number;
}

/**
 * Saves a checkpoint: its files under a folder of this attempt, then the manifest, last and only if the step has none.
 * Killed at any moment, it leaves a whole checkpoint or none. A good checkpoint of the same step, as an earlier attempt
 * may have left, is kept and its manifest returned; a damaged one is replaced.
 *
 * @throws LostLeaseError when another attempt has taken the trial over; nothing is left behind then
 */
export async function saveCheckpoint(
  store: ObjectStore,
  input: SaveCheckpointInput,
): Promise<CheckpointManifest> {
  const { sweep, trial, step, folder, lease } = input;
  await checkLease(store, lease);
  let present = await readGoodManifest(store, { sweep, trial, step });
  if (present?.manifest) return present.manifest;

  const manifest: CheckpointManifest = {
    version: 1,
    sweep,
    trial,
    step,
    attempt: attemptName(lease.fence, randomUUID().slice(0, 8)),
    fence: lease.fence,
    ...(input.parentStep === undefined ? {} : { parentStep: input.parentStep }),
    seed: input.seed,
    parameters: input.parameters,
    loss: input.loss,
    createdAt: new Date().toISOString(),
    files: await filesOf(folder),
  };
  const key = layout.manifest(sweep, trial, step);
  const body = encodeManifest(manifest);
  // Only where the manifest is certainly not ours: after a lost answer it may be. Retention finds the rest.
  const discard = async () => {
    for (const { name } of manifest.files)
      await store.delete(checkpointFileKey(manifest, name)).catch(() => undefined);
  };
  await mapLimited(manifest.files, parallelCopies, ({ name }) =>
    store.upload(checkpointFileKey(manifest, name), join(folder, name)),
  );
  for (;;) {
    try {
      await checkLease(store, lease);
    } catch (error) {
      if (error instanceof LostLeaseError) await discard();
      throw error;
    }
    const tag = present ? await store.putIfMatch(key, body, present.tag) : await store.putIfAbsent(key, body);
    if (tag !== undefined) return manifest;
    present = await readGoodManifest(store, { sweep, trial, step });
    if (present?.manifest) {
      await discard();
      return present.manifest;
    }
  }
}

export interface RestoreCheckpointInput {
  sweep: string;
  trial: number;
  /** Newer checkpoints are left alone. */
  atMostStep: number;
  /** Where the files go: a folder that does not exist or is empty. It appears whole or not at all. */
  folder: string;
  /** Told of every checkpoint that had to be skipped, and why. */
  onWarning: (message: string) => void;
}

export interface RestoredCheckpoint {
  step: number;
  manifest: CheckpointManifest;
  /** Newer checkpoints that were not good. */
  skipped: { step: number; problem: string }[];
}

async function fetchCheckpoint(
  store: ObjectStore,
  manifest: CheckpointManifest,
  folder: string,
): Promise<string | undefined> {
  const problems = await mapLimited(manifest.files, parallelCopies, async (file) => {
    const path = join(folder, file.name);
    if (!(await store.download(checkpointFileKey(manifest, file.name), path)))
      return `${file.name} is missing`;
    return problemOfFile(file, await describeFile(path));
  });
  return problems.find((problem) => problem !== undefined);
}

/**
 * Fetches the newest good checkpoint of at most some step, verified byte by byte. Damaged and half-written ones are
 * skipped and named. Undefined when there is none: training begins at step 0.
 *
 * @throws RgsweepError('store-unavailable') when the store does not answer: that is no reason to take an older one
 */
export async function restoreLatestCheckpoint(
  store: ObjectStore,
  { sweep, trial, atMostStep, folder, onWarning }: RestoreCheckpointInput,
): Promise<RestoredCheckpoint | undefined> {
  const present = new Map<number, { whole: boolean }>();
  for await (const { key } of store.list(`${layout.trial(sweep, trial)}/step-`)) {
    const part = layout.parseTrialKey(sweep, key);
    if (part?.kind !== 'manifest' && part?.kind !== 'checkpointFile') continue;
    const known = present.get(part.step);
    present.set(part.step, { whole: part.kind === 'manifest' || known?.whole === true });
  }
  const skipped: RestoredCheckpoint['skipped'] = [];
  const skip = (step: number, problem: string) => {
    skipped.push({ step, problem });
    onWarning(`skipped the checkpoint ${store.url} ${layout.checkpoint(sweep, trial, step)}: ${problem}`);
  };
  const steps = [...present.keys()].filter((step) => step <= atMostStep).sort((a, b) => b - a);
  const target = resolve(folder);
  await mkdir(dirname(target), { recursive: true });
  for (const step of steps) {
    if (!present.get(step)!.whole) {
      skip(step, 'it was never finished: it has no manifest.json');
      continue;
    }
    const object = await store.get(layout.manifest(sweep, trial, step));
    if (!object) continue;
    const manifest = decodeManifest(object.body, { sweep, trial, step });
    if (typeof manifest === 'string') {
      skip(step, manifest);
      continue;
    }
    const partial = await mkdtemp(join(dirname(target), `${basename(target)}-`));
    let moved = false;
    try {
      const problem = await fetchCheckpoint(store, manifest, partial);
      if (problem !== undefined) {
        skip(step, problem);
        continue;
      }
      await rename(partial, target);
      moved = true;
      return { step, manifest, skipped };
    } finally {
      if (!moved) await removeFolder(partial);
    }
  }
  return undefined;
}
