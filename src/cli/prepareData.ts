import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkDataset,
  datasetKey,
  defaultRecipe,
  prepareDataset,
  readManifest,
  type DatasetManifest,
  type DatasetRecipe,
} from '../data/dataset.js';
import { whereToGetIt } from '../data/cifar10/read.js';
import { imageDatasetKey, prepareImages, type ImageManifest } from '../data/images/dataset.js';
import { RgsweepError } from '../errors.js';
import { layout } from '../store/layout.js';
import type { ObjectStore } from '../store/types.js';
import type { Cifar10Task, ImagesTask, Phi4Task } from '../train/protocol.js';
import { checkImagesTask } from '../sweep/imagesTask.js';
import { connectStore, type StoreOption } from './connection.js';
import { withProgress } from './longWork.js';

/** What the verb `data prepare` was told. */
export interface PrepareOptions extends StoreOption {
  size?: number;
  mass2: number;
  coupling: number;
  folder?: string;
  seed: number;
  train: number;
  validation: number;
  test: number;
  kind: ImagesTask['kind'];
  channels: number;
  exponent: number;
  count: number;
  from?: string;
}

type AnyManifest = DatasetManifest | ImageManifest;

export interface PreparedData {
  manifest: AnyManifest;
  /** The folder, or the store's URL and the folder in it. */
  place: string;
  /** False: it was there already. */
  made: boolean;
}

type Make = (
  folder: string,
  show: (fraction: number, what?: string) => void,
  signal: AbortSignal,
) => Promise<AnyManifest>;

/**
 * Makes the data set of a task by name, in `--folder`, or where sweeps find it: φ⁴ in data/<key>, images in the store.
 * @throws RgsweepError('usage') for an unknown task, 'conflict' for a folder with another data set, 'data-missing' for a source
 *   that is missing or damaged
 */
export async function prepareAnywhere(name: string, options: PrepareOptions): Promise<PreparedData> {
  const { key, make, isPhi4 } = plan(name, options);
  if (options.folder === undefined && !isPhi4) return intoStore(await connectStore(options), key, make);
  return intoFolder(options.folder ?? `data/${key}`, key, make);
}

function plan(name: string, options: PrepareOptions): { key: string; make: Make; isPhi4: boolean } {
  if (name === 'phi4') {
    const { size = 6, mass2, coupling, seed, train, validation, test } = options;
    const task: Phi4Task = { name, size, mass2, coupling };
    const recipe: DatasetRecipe = { ...defaultRecipe, seed, counts: { train, validation, test } };
    return {
      key: datasetKey(task, recipe),
      make: (folder, onProgress, signal) => prepareDataset({ task, recipe, folder, onProgress, signal }),
      isPhi4: true,
    };
  }
  const task = imageTask(name, options);
  return {
    key: imageDatasetKey(task),
    make: (folder, onProgress, signal) => prepareImages(task, { folder, onProgress, signal }),
    isPhi4: false,
  };
}

function imageTask(name: string, options: PrepareOptions): ImagesTask | Cifar10Task {
  const { size = 16, kind, channels, exponent, count, from } = options;
  if (name === 'images') {
    const task: ImagesTask = { name, kind, size, channels, exponent, count };
    checkImagesTask(task);
    return task;
  }
  if (name !== 'cifar10')
    throw new RgsweepError(
      'usage',
      `"${name}" is no task that data can be made for; there are phi4, images and cifar10`,
    );
  if (from === undefined)
    throw new RgsweepError('usage', 'CIFAR-10 is not made but read: --from says where its files are', {
      remedy: whereToGetIt,
    });
  return { name, from };
}

async function intoFolder(folder: string, key: string, make: Make): Promise<PreparedData> {
  const there = await readManifest<AnyManifest>(folder).catch(() => undefined);
  if (there && there.key !== key)
    throw new RgsweepError(
      'conflict',
      `${folder} holds another data set (${there.key}, asked for is ${key})`,
      {
        remedy: 'name another --folder, or delete this one first',
      },
    );
  const whole = there && (await checkDataset<AnyManifest>(folder).catch(() => undefined));
  const manifest = whole ?? (await withProgress('data', (show, signal) => make(folder, show, signal)));
  return { manifest, place: folder, made: whole === undefined };
}

async function intoStore(store: ObjectStore, key: string, make: Make): Promise<PreparedData> {
  const prefix = layout.dataset(key);
  const place = `${store.url}/${prefix}`;
  const there = await store.get(`${prefix}/dataset.json`);
  if (there)
    return {
      manifest: JSON.parse(Buffer.from(there.body).toString('utf8')) as AnyManifest,
      place,
      made: false,
    };
  const folder = await mkdtemp(join(tmpdir(), 'rgsweep-data-'));
  try {
    const manifest = await withProgress('data', (show, signal) => make(folder, show, signal));
    for (const file of [...Object.keys(manifest.files), 'dataset.json'])
      await store.upload(`${prefix}/${file}`, join(folder, file));
    return { manifest, place, made: true };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
