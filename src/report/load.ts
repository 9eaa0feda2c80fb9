import { decodeStatistics } from '../basis/statistics.js';
import type { DataStatistics } from '../basis/types.js';
import { decodeImages } from '../data/images/pixels.js';
import { sweepDatasetKey } from '../data/sweepData.js';
import { layout } from '../store/layout.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepSnapshot, TrialRecord } from '../sweep/types.js';
import { decodeSafetensors } from '../tensors/safetensors.js';
import type { FieldArtifacts, ObservableEstimate, ReportArtifacts, TrialArtifacts } from './artifacts.js';
import { isMeasuredInPairs } from './pairs.js';
import { baselineTrials, bestSearched, judgedSeeds } from './ranking.js';

/** Says what could not be read; the report goes on without it. */
export type Warn = (message: string) => void;

const silent: Warn = () => undefined;

/** The content of a key, or undefined when it is absent or `read` rejects it: a damaged picture costs only itself. */
async function readOptional<T>(
  store: ObjectStore,
  key: string,
  read: (body: Uint8Array) => T,
  warn: Warn,
): Promise<T | undefined> {
  const object = await store.get(key);
  if (!object) return undefined;
  try {
    return read(object.body);
  } catch (error) {
    warn(
      `${store.url} ${key} is left out of the report: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

function readSamplesTensor(body: Uint8Array): Float32Array {
  const data = decodeSafetensors(body).tensors['samples']?.data;
  if (!(data instanceof Float32Array)) throw new Error('it has no float32 tensor named "samples"');
  return data;
}

/** Fields drawn beside a model's: as many as any picture shows, evenly chosen. */
const referenceFields = 1000;

function readReference(body: Uint8Array): Float32Array {
  const images = decodeImages(body);
  if (!images) throw new Error('it has neither a float32 tensor "samples" nor a uint8 tensor "pixels"');
  const count = Math.min(referenceFields, images.count);
  const out = new Float32Array(count * images.dimension);
  for (let n = 0; n < count; n++)
    images.write(Math.floor((n * images.count) / count), out, n * images.dimension);
  return out;
}

function readLikelihoods(body: Uint8Array): Float64Array {
  const { nll, vlb } = decodeSafetensors(body).tensors;
  const data = (nll ?? vlb)?.data;
  if (!(data instanceof Float64Array)) throw new Error('it has no float64 tensor named "nll" or "vlb"');
  return data;
}

/** Keeps what is an estimate; whatever else a file holds is not ours to show. */
function estimatesOf(value: unknown): Record<string, ObservableEstimate> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).flatMap(
      ([name, entry]): [string, ObservableEstimate][] => {
        const { value: mean, error } = (entry ?? {}) as Partial<ObservableEstimate>;
        return typeof mean === 'number' && Number.isFinite(mean)
          ? [[name, { value: mean, error: typeof error === 'number' ? error : NaN }]]
          : [];
      },
    ),
  );
}

/** Statistics of the sweep's training data; undefined when the store has no such data set. */
export function loadStatistics(
  store: ObjectStore,
  snapshot: SweepSnapshot,
  warn: Warn = silent,
): Promise<DataStatistics | undefined> {
  const key = sweepDatasetKey(snapshot.spec.task);
  if (key === undefined) return Promise.resolve(undefined);
  const folder = layout.dataset(key);
  return readOptional(store, `${folder}/statistics.safetensors`, decodeStatistics, warn);
}

/** Samples and observables of one evaluation: the test data's where the trial has them, else its highest rung's. */
export async function loadTrialArtifacts(
  store: ObjectStore,
  snapshot: SweepSnapshot,
  trial: TrialRecord,
  warn: Warn = silent,
): Promise<{ trial: TrialArtifacts; data?: Record<string, ObservableEstimate> } | undefined> {
  const steps = trial.rungs.map((result) => result.step).sort((a, b) => b - a);
  for (const step of steps)
    for (const split of ['test', 'validation']) {
      const folder = layout.samples(snapshot.spec.name, trial.trial, step, split);
      const [samples, observables] = await Promise.all([
        readOptional(store, `${folder}/samples.safetensors`, readSamplesTensor, warn),
        readOptional(
          store,
          `${folder}/observables.json`,
          (body) => JSON.parse(Buffer.from(body).toString('utf8')) as { model?: unknown; data?: unknown },
          warn,
        ),
      ]);
      if (!samples && !observables) continue;
      return {
        trial: {
          ...(samples ? { samples } : {}),
          ...(observables ? { observables: estimatesOf(observables.model) } : {}),
        },
        ...(observables ? { data: estimatesOf(observables.data) } : {}),
      };
    }
  return undefined;
}

/** Trials whose likelihoods on test data the final comparison can pair: the best searched one and the baselines, with all their seeds. */
export function pairedTrials(snapshot: SweepSnapshot): TrialRecord[] {
  if (!isMeasuredInPairs(snapshot.spec)) return [];
  const best = bestSearched(snapshot);
  return [...(best ? [best] : []), ...baselineTrials(snapshot)]
    .flatMap((trial) => judgedSeeds(snapshot, trial))
    .filter((trial) => trial.test !== undefined);
}

/** The likelihood of each configuration of the test data, of all `pairedTrials` that have it: a few kilobytes each. */
export async function loadPerConfiguration(
  store: ObjectStore,
  snapshot: SweepSnapshot,
  warn: Warn = silent,
): Promise<Map<number, ArrayLike<number>>> {
  const found = await Promise.all(
    pairedTrials(snapshot).map(async ({ trial, rungs }): Promise<[number, ArrayLike<number>][]> => {
      const step = Math.max(...rungs.map((result) => result.step));
      const key = `${layout.samples(snapshot.spec.name, trial, step, 'test')}/likelihood.safetensors`;
      const likelihoods = await readOptional(store, key, readLikelihoods, warn);
      return likelihoods ? [[trial, likelihoods]] : [];
    }),
  );
  return new Map(found.flat());
}

/**
 * Samples and observables of the best searched trial and of `standard` (or the first baseline), with the test data of the
 * task as the reference, and the likelihoods of all that are compared. What the store does not have is left out.
 */
export async function loadArtifacts(
  store: ObjectStore,
  snapshot: SweepSnapshot,
  warn: Warn = silent,
): Promise<ReportArtifacts> {
  const best = bestSearched(snapshot);
  const baselines = baselineTrials(snapshot);
  const standard = baselines.find((trial) => trial.baseline === 'standard') ?? baselines[0];
  const trials = new Map<number, TrialArtifacts>();
  let data: Record<string, ObservableEstimate> | undefined;
  for (const trial of [best, standard]) {
    const loaded = trial && (await loadTrialArtifacts(store, snapshot, trial, warn));
    if (!loaded) continue;
    trials.set(trial.trial, loaded.trial);
    data ??= loaded.data;
  }
  const reference: FieldArtifacts = {};
  if (data && Object.keys(data).length > 0) reference.observables = data;
  const key = sweepDatasetKey(snapshot.spec.task);
  if (trials.size > 0 && key !== undefined) {
    const folder = layout.dataset(key);
    const samples = await readOptional(store, `${folder}/test.safetensors`, readReference, warn);
    if (samples) reference.samples = samples;
  }
  for (const [trial, testNll] of await loadPerConfiguration(store, snapshot, warn))
    trials.set(trial, { ...trials.get(trial), testNll });
  return { reference, trials };
}
