import { layout } from './layout.js';
import { fenceOfAttempt, readLease } from './lease.js';
import { mapLimited } from './limits.js';
import { decodeManifest, readGoodManifest, type CheckpointManifest } from './manifest.js';
import type { ObjectInfo, ObjectStore } from './types.js';

export interface RetentionPolicy {
  /** Newest checkpoints to keep; at least 1. */
  keepLast: number;
  /** Checkpoints of lowest training loss to keep. Default 0. */
  keepBest?: number;
  /** Steps whose checkpoints are kept for good: rungs, from which trials are promoted. */
  keepSteps: readonly number[];
}

export interface RetentionInput extends RetentionPolicy {
  sweep: string;
  trial: number;
  /** Files without a manifest of the attempt in force are taken for abandoned after so many milliseconds; default never. */
  abandonedMilliseconds?: number;
}

export interface RetentionPlan {
  /** Checkpoints that are not kept: the manifest goes first. */
  surplus: { step: number; manifest: string; files: ObjectInfo[] }[];
  /** Files that a killed or fenced attempt left without a manifest that names them. */
  orphans: { step: number; attempt: string; files: ObjectInfo[] }[];
}

interface StoredStep {
  manifest: boolean;
  attempts: Map<string, ObjectInfo[]>;
}

async function storedSteps(
  store: ObjectStore,
  sweep: string,
  trial: number,
): Promise<Map<number, StoredStep>> {
  const steps = new Map<number, StoredStep>();
  for await (const info of store.list(`${layout.trial(sweep, trial)}/step-`)) {
    const part = layout.parseTrialKey(sweep, info.key);
    if (part?.kind !== 'manifest' && part?.kind !== 'checkpointFile') continue;
    const stored: StoredStep = steps.get(part.step) ?? { manifest: false, attempts: new Map() };
    steps.set(part.step, stored);
    if (part.kind === 'manifest') stored.manifest = true;
    else stored.attempts.set(part.attempt, [...(stored.attempts.get(part.attempt) ?? []), info]);
  }
  return steps;
}

async function readManifest(
  store: ObjectStore,
  at: { sweep: string; trial: number; step: number },
): Promise<CheckpointManifest | string | undefined> {
  const object = await store.get(layout.manifest(at.sweep, at.trial, at.step));
  return object && decodeManifest(object.body, at);
}

/** May this attempt's files be needed: does the step's manifest name it, or say nothing that can be read? */
async function isNeeded(
  store: ObjectStore,
  at: { sweep: string; trial: number; step: number },
  attempt: string,
): Promise<boolean> {
  const manifest = await readManifest(store, at);
  return typeof manifest === 'string' || manifest?.attempt === attempt;
}

/** Of these steps the ones with the lowest finite training loss. */
async function bestSteps(
  store: ObjectStore,
  { sweep, trial, keepBest = 0 }: RetentionInput,
  steps: readonly number[],
): Promise<number[]> {
  if (keepBest === 0) return [];
  const losses = await mapLimited(steps, 8, async (step) => {
    const manifest = await readManifest(store, { sweep, trial, step });
    return { step, loss: typeof manifest === 'object' ? manifest.loss : NaN };
  });
  return losses
    .filter(({ loss }) => Number.isFinite(loss))
    .sort((a, b) => a.loss - b.loss || b.step - a.step)
    .slice(0, keepBest)
    .map(({ step }) => step);
}

/**
 * What a trial can do without: checkpoints that are neither among the newest, nor among the best, nor of a step to keep;
 * and files that a killed or fenced attempt left without a manifest.
 *
 * There is no surplus before one of the kept checkpoints has been read and found good; when none of them is, the newest
 * good one of the others is kept as well. So the only good one never goes.
 */
export async function planRetention(store: ObjectStore, input: RetentionInput): Promise<RetentionPlan> {
  const { sweep, trial, keepLast, keepSteps, abandonedMilliseconds = Infinity } = input;
  const steps = await storedSteps(store, sweep, trial);
  const whole = [...steps.keys()].filter((step) => steps.get(step)!.manifest).sort((a, b) => b - a);
  const kept = new Set([
    ...whole.slice(0, Math.max(1, keepLast)),
    ...whole.filter((step) => keepSteps.includes(step)),
  ]);
  if (whole.some((step) => !kept.has(step)))
    for (const step of await bestSteps(store, input, whole)) kept.add(step);

  const surplus: RetentionPlan['surplus'] = [];
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
        const files = [...steps.get(step)!.attempts.values()].flat();
        surplus.push({ step, manifest: layout.manifest(sweep, trial, step), files });
        steps.delete(step);
      }
  }

  // An attempt below the lease's fence can write no manifest any more.
  const fence = (await readLease(store, sweep, trial))?.fence ?? 0;
  const orphans: RetentionPlan['orphans'] = [];
  for (const [step, { attempts }] of steps)
    for (const [attempt, files] of attempts) {
      const fenced = (fenceOfAttempt(attempt) ?? Infinity) < fence;
      const newest = Math.max(...files.map(({ modifiedAt }) => modifiedAt.getTime()));
      const abandoned = Date.now() - newest > abandonedMilliseconds;
      if ((fenced || abandoned) && !(await isNeeded(store, { sweep, trial, step }, attempt)))
        orphans.push({ step, attempt, files });
    }
  return { surplus, orphans };
}

/**
 * Deletes what `planRetention` finds, each manifest before its files, so that no checkpoint is ever listed without being
 * whole.
 *
 * @returns the steps whose checkpoints were deleted
 */
export async function applyRetention(store: ObjectStore, input: RetentionInput): Promise<number[]> {
  const { surplus, orphans } = await planRetention(store, input);
  for (const { manifest, files } of surplus) {
    await store.delete(manifest);
    await mapLimited(files, 8, ({ key }) => store.delete(key));
  }
  for (const { files } of orphans) await mapLimited(files, 8, ({ key }) => store.delete(key));
  return surplus.map(({ step }) => step);
}
