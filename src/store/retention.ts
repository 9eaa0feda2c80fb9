import { layout } from './layout.js';
import { fenceOfAttempt, readLease } from './lease.js';
import { mapLimited } from './limits.js';
import { decodeManifest, readGoodManifest } from './manifest.js';
import type { ObjectStore } from './types.js';

export interface RetentionInput {
  sweep: string;
  trial: number;
  /** Newest checkpoints to keep; at least 1. */
  keepLast: number;
  /** Steps whose checkpoints are kept for good: rungs, from which trials are promoted. */
  keepSteps: readonly number[];
}

interface StoredStep {
  manifest: boolean;
  /** Keys of files by attempt. */
  attempts: Map<string, string[]>;
}

async function storedSteps(
  store: ObjectStore,
  sweep: string,
  trial: number,
): Promise<Map<number, StoredStep>> {
  const steps = new Map<number, StoredStep>();
  for await (const { key } of store.list(`${layout.trial(sweep, trial)}/step-`)) {
    const part = layout.parseTrialKey(sweep, key);
    if (part?.kind !== 'manifest' && part?.kind !== 'checkpointFile') continue;
    const stored: StoredStep = steps.get(part.step) ?? { manifest: false, attempts: new Map() };
    steps.set(part.step, stored);
    if (part.kind === 'manifest') stored.manifest = true;
    else stored.attempts.set(part.attempt, [...(stored.attempts.get(part.attempt) ?? []), key]);
  }
  return steps;
}

/** May this attempt's files be needed: does the step's manifest name it, or say nothing that can be read? */
async function isNeeded(
  store: ObjectStore,
  at: { sweep: string; trial: number; step: number },
  attempt: string,
): Promise<boolean> {
  const object = await store.get(layout.manifest(at.sweep, at.trial, at.step));
  if (!object) return false;
  const manifest = decodeManifest(object.body, at);
  return typeof manifest === 'string' || manifest.attempt === attempt;
}

/**
 * Deletes the checkpoints that are neither among the newest nor of a step to keep, each one's manifest before its files,
 * so that none is ever listed without being whole; and files that a killed or fenced attempt left without a manifest.
 *
 * Nothing is deleted before one of the kept checkpoints has been read and found good; when none of them is, the newest
 * good one of the others is kept as well. So the only good one never goes.
 *
 * @returns the steps whose checkpoints were deleted
 */
export async function applyRetention(
  store: ObjectStore,
  { sweep, trial, keepLast, keepSteps }: RetentionInput,
): Promise<number[]> {
  const steps = await storedSteps(store, sweep, trial);
  const whole = [...steps.keys()].filter((step) => steps.get(step)!.manifest).sort((a, b) => b - a);
  const kept = new Set([
    ...whole.slice(0, Math.max(1, keepLast)),
    ...whole.filter((step) => keepSteps.includes(step)),
  ]);
  const remove = async (keys: readonly string[]) => {
    await mapLimited(keys, 8, (key) => store.delete(key));
  };

  const deleted: number[] = [];
  if (whole.some((step) => !kept.has(step))) {
    const inOrder = [...[...kept].sort((a, b) => b - a), ...whole.filter((step) => !kept.has(step))];
    let good = false;
    for (const step of inOrder) {
      if (good) break;
      good = (await readGoodManifest(store, { sweep, trial, step }))?.manifest !== undefined;
      if (good) kept.add(step);
    }
    if (good)
      for (const step of whole.filter((candidate) => !kept.has(candidate))) {
        await store.delete(layout.manifest(sweep, trial, step));
        await remove([...steps.get(step)!.attempts.values()].flat());
        steps.delete(step);
        deleted.push(step);
      }
  }

  // An attempt below the lease's fence can write no manifest any more.
  const fence = (await readLease(store, sweep, trial))?.fence ?? 0;
  for (const [step, { attempts }] of steps)
    for (const [attempt, keys] of attempts) {
      const dead = (fenceOfAttempt(attempt) ?? Infinity) < fence;
      if (dead && !(await isNeeded(store, { sweep, trial, step }, attempt))) await remove(keys);
    }
  return deleted;
}
