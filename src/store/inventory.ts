import { layout } from './layout.js';
import { decodeManifest, problemOfCheckpoint } from './manifest.js';
import type { ObjectStore } from './types.js';

/** A checkpoint as the store has it. */
export interface StoredCheckpoint {
  step: number;
  /** `unfinished`: files without a manifest; `damaged`: never restored, see `problem`. */
  state: 'whole' | 'unfinished' | 'damaged';
  problem?: string;
  /** Of all files below the step's folder. */
  bytes: number;
  loss?: number;
  createdAt?: string;
}

/**
 * A trial's checkpoints by step, ascending.
 * @param options.verify read every byte and compare the hashes; otherwise only manifests are read
 */
export async function listCheckpoints(
  store: ObjectStore,
  sweep: string,
  trial: number,
  { verify = false } = {},
): Promise<StoredCheckpoint[]> {
  const found = new Map<number, { manifest: boolean; bytes: number }>();
  for await (const { key, bytes } of store.list(`${layout.trial(sweep, trial)}/step-`)) {
    const part = layout.parseTrialKey(sweep, key);
    if (part?.kind !== 'manifest' && part?.kind !== 'checkpointFile') continue;
    const known = found.get(part.step) ?? { manifest: false, bytes: 0 };
    found.set(part.step, {
      manifest: known.manifest || part.kind === 'manifest',
      bytes: known.bytes + bytes,
    });
  }
  const checkpoints: StoredCheckpoint[] = [];
  for (const [step, { manifest, bytes }] of [...found].sort(([a], [b]) => a - b)) {
    const object = manifest ? await store.get(layout.manifest(sweep, trial, step)) : undefined;
    if (!object) {
      checkpoints.push({ step, state: 'unfinished', problem: 'it has no manifest.json', bytes });
      continue;
    }
    const decoded = decodeManifest(object.body, { sweep, trial, step });
    const problem =
      typeof decoded === 'string' ? decoded : verify ? await problemOfCheckpoint(store, decoded) : undefined;
    checkpoints.push({
      step,
      bytes,
      ...(problem === undefined ? { state: 'whole' as const } : { state: 'damaged' as const, problem }),
      ...(typeof decoded === 'string' ? {} : { loss: decoded.loss, createdAt: decoded.createdAt }),
    });
  }
  return checkpoints;
}
