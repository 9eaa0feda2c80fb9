import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { DataStatistics } from '../src/basis/types.js';
import { decodeStatistics } from '../src/basis/statistics.js';
import { checkDataset } from '../src/data/dataset.js';
import { taskDatasetKey } from '../src/data/taskDataset.js';
import { RgsweepError } from '../src/errors.js';
import { layout } from '../src/store/layout.js';
import type { ObjectStore } from '../src/store/types.js';
import { prepareTaskDataset } from '../src/tasks/registry.js';
import { seenEveryMilliseconds } from '../src/sweep/owner.js';
import { dataTaskOf, type TaskDescription } from '../src/train/protocol.js';
import type { Dependencies } from './dependencies.js';
import { finalFailure } from './finalFailure.js';
import { saySeen } from './reconcile.js';
import type { Activities } from './types.js';

/** Written last: a data set in the store is whole when this is there. */
const manifestName = 'dataset.json';

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Heartbeat details of `prepareData`. */
export interface DataProgress {
  purpose: 'data';
  fraction: number;
  what: string;
  /** Seconds that it has taken so far. */
  seconds?: number;
}

/** Makes the task's data set once and keeps it in the store; finds it there from then on. */
export function createPrepareData(dependencies: Dependencies): Activities['prepareData'] {
  return async ({ spec }) => {
    const { store, cacheFolder, log } = dependencies;
    const context = Context.current();
    const progress: DataProgress = { purpose: 'data', fraction: 0, what: 'looking for the data set' };
    const begun = performance.now();
    const heart = setInterval(
      () => context.heartbeat({ ...progress, seconds: (performance.now() - begun) / 1000 }),
      1000,
    );
    const seen = setInterval(() => void saySeen(dependencies, spec.name), seenEveryMilliseconds);
    try {
      const task = dataTaskOf(spec.task);
      if (!task) return;
      const key = taskDatasetKey(task);
      const prefix = layout.dataset(key);
      if (await store.get(`${prefix}/${manifestName}`)) return;
      const parent = join(cacheFolder, 'datasets');
      await mkdir(parent, { recursive: true });
      const folder = await mkdtemp(join(parent, `${key}-making-`));
      try {
        const manifest = await prepareTaskDataset(task, {
          folder,
          signal: context.cancellationSignal,
          onProgress: (fraction, what) => Object.assign(progress, { fraction, what }),
        });
        progress.what = 'saving the data set';
        for (const file of Object.keys(manifest.files))
          await store.upload(`${prefix}/${file}`, join(folder, file));
        await store.upload(`${prefix}/${manifestName}`, join(folder, manifestName));
        log.info({ key }, 'made the data set');
        // Another process may have put its own, identical copy there meanwhile.
        await rename(folder, join(parent, key)).catch(() => undefined);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    } catch (error) {
      throw finalFailure(error);
    } finally {
      clearInterval(heart);
      clearInterval(seen);
    }
  };
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Folder of the data set on this machine, brought from the store and checked when it is not here yet. */
export async function localDataset(
  { store, cacheFolder }: Pick<Dependencies, 'store' | 'cacheFolder'>,
  task: TaskDescription,
): Promise<string> {
  const key = taskDatasetKey(task);
  const parent = join(cacheFolder, 'datasets');
  const folder = join(parent, key);
  if (await exists(join(folder, manifestName))) return folder;
  await mkdir(parent, { recursive: true });
  const fetched = await mkdtemp(join(parent, `${key}-fetching-`));
  try {
    for await (const { key: file } of store.list(`${layout.dataset(key)}/`))
      await store.download(file, join(fetched, basename(file)));
    if (!(await exists(join(fetched, manifestName))))
      throw new RgsweepError('data-missing', `${store.url} has no data set ${layout.dataset(key)}`, {
        remedy: 'launch the sweep again: its first step makes the data set',
      });
    await checkDataset(fetched);
    // It is not checked again while it is here, so a power failure must not empty a file of it.
    for (const name of await readdir(fetched)) await syncFile(join(fetched, name));
    await rename(fetched, folder).catch(async (error: unknown) => {
      // Two trainers of one worker may fetch at once; the first one's copy serves both.
      if (!(await exists(join(folder, manifestName)))) throw error;
    });
    return folder;
  } finally {
    await rm(fetched, { recursive: true, force: true });
  }
}

const statisticsByKey = new Map<string, Promise<DataStatistics>>();

/** The data set's mean and covariance; read once per process. */
export function datasetStatistics(store: ObjectStore, task: TaskDescription): Promise<DataStatistics> {
  const key = `${layout.dataset(taskDatasetKey(task))}/statistics.safetensors`;
  const cacheKey = `${store.url} ${key}`;
  let known = statisticsByKey.get(cacheKey);
  if (!known) {
    known = store.get(key).then((object) => {
      if (!object) throw new RgsweepError('data-missing', `${store.url} has no ${key}`);
      return decodeStatistics(object.body);
    });
    known.catch(() => statisticsByKey.delete(cacheKey));
    statisticsByKey.set(cacheKey, known);
  }
  return known;
}
