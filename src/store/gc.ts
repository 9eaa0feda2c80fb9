import type { SweepSpec } from '../sweep/types.js';
import { layout } from './layout.js';
import { mapLimited } from './limits.js';
import { listSweeps, readSpec } from './records.js';
import { planRetention, type RetentionPolicy } from './retention.js';
import type { ObjectInfo, ObjectStore } from './types.js';

export interface Garbage {
  kind: 'surplus checkpoint' | 'orphaned attempt' | 'unreferenced data set' | 'unfinished upload';
  /** Key, folder or place of it. */
  what: string;
  bytes: number;
  remove: () => Promise<void>;
}

export interface GarbageOptions {
  /** One sweep only: data sets and unfinished uploads, which belong to the whole store, are left alone then. */
  sweep?: string;
  /** What may still be in the making is left alone until it is so old. */
  olderThanMilliseconds: number;
  retentionOf: (spec: SweepSpec) => RetentionPolicy;
  /** Key of the data set that a sweep uses, undefined for none; it may throw when it cannot tell. */
  datasetOf: (spec: SweepSpec) => string | undefined;
  /** Keys of data sets that stay without a sweep. */
  keepDatasets?: readonly string[];
  /** Told what is left alone, and why. */
  onWarning: (message: string) => void;
}

const sum = (files: readonly ObjectInfo[]) => files.reduce((total, { bytes }) => total + bytes, 0);

async function removeAll(store: ObjectStore, files: readonly ObjectInfo[]): Promise<void> {
  await mapLimited(files, 8, ({ key }) => store.delete(key));
}

async function* garbageOfSweep(
  store: ObjectStore,
  spec: SweepSpec,
  options: GarbageOptions,
): AsyncGenerator<Garbage> {
  const sweep = spec.name;
  const trials: number[] = [];
  for await (const folder of store.listFolders(layout.trials(sweep)))
    if (/^\d{4,15}$/.test(folder)) trials.push(Number(folder));
  for (const trial of trials) {
    const { surplus, orphans } = await planRetention(store, {
      sweep,
      trial,
      ...options.retentionOf(spec),
      abandonedMilliseconds: options.olderThanMilliseconds,
    });
    for (const { step, manifest, files } of surplus)
      yield {
        kind: 'surplus checkpoint',
        what: layout.checkpoint(sweep, trial, step),
        bytes: sum(files),
        remove: async () => {
          await store.delete(manifest);
          await removeAll(store, files);
        },
      };
    for (const { step, attempt, files } of orphans)
      yield {
        kind: 'orphaned attempt',
        what: layout.checkpointAttempt(sweep, trial, step, attempt),
        bytes: sum(files),
        remove: () => removeAll(store, files),
      };
  }
}

/** Data sets that no sweep uses. One sweep whose data set is unknown, and all are left alone. */
async function* unusedDatasets(
  store: ObjectStore,
  specs: readonly SweepSpec[],
  { datasetOf, keepDatasets = [], onWarning, olderThanMilliseconds }: GarbageOptions,
): AsyncGenerator<Garbage> {
  const used = new Set(keepDatasets.map((key) => layout.dataset(key)));
  for (const spec of specs) {
    try {
      const key = datasetOf(spec);
      if (key !== undefined) used.add(layout.dataset(key));
    } catch {
      onWarning(`data sets are left alone: which one sweep "${spec.name}" uses cannot be told`);
      return;
    }
  }
  for await (const name of store.listFolders('datasets/')) {
    const folder = layout.dataset(name);
    if (used.has(folder)) continue;
    const files: ObjectInfo[] = [];
    for await (const info of store.list(`${folder}/`)) files.push(info);
    const newest = Math.max(...files.map(({ modifiedAt }) => modifiedAt.getTime()));
    if (files.length === 0 || Date.now() - newest < olderThanMilliseconds) continue;
    // The description goes first: without it the rest counts as nothing.
    files.sort((a, b) => Number(b.key.endsWith('/dataset.json')) - Number(a.key.endsWith('/dataset.json')));
    yield {
      kind: 'unreferenced data set',
      what: folder,
      bytes: sum(files),
      remove: async () => {
        for (const { key } of files) await store.delete(key);
      },
    };
  }
}

/**
 * What a store holds and nobody needs: checkpoints beyond the sweep's retention, files of attempts that were killed or
 * fenced, data sets without a sweep, and uploads that were never finished. Finding deletes nothing. A trial's only good
 * checkpoint, and whatever a running attempt may be writing, is never among it.
 */
export async function* findGarbage(store: ObjectStore, options: GarbageOptions): AsyncGenerator<Garbage> {
  const names = options.sweep === undefined ? await listSweeps(store) : [options.sweep];
  const specs: SweepSpec[] = [];
  for (const name of names) {
    const spec = await readSpec(store, name);
    if (!spec) {
      options.onWarning(`sweeps/${name} is left alone: it has no spec.json`);
      continue;
    }
    specs.push(spec);
    yield* garbageOfSweep(store, spec, options);
  }
  if (options.sweep !== undefined) return;
  if (specs.length === names.length) yield* unusedDatasets(store, specs, options);
  else
    options.onWarning('data sets are left alone: which of them a sweep without a spec uses cannot be told');
  for await (const leftover of store.leftovers(options.olderThanMilliseconds))
    yield { kind: 'unfinished upload', ...leftover };
}
