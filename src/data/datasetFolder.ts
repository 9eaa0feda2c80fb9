import { createHash } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, RgsweepError } from '../errors.js';
import type { DatasetFiles } from './dataset.js';

export const manifestName = 'dataset.json';

/** A data set in the making. */
export interface DatasetFolder {
  /** Writes a file, whole or not at all, and notes its size and hash. */
  keep(this: void, name: string, content: Uint8Array): Promise<void>;
  /** Writes dataset.json: from now on the data set is one. */
  finish<Manifest extends DatasetFiles>(
    this: void,
    manifest: Omit<Manifest, 'format' | 'files'>,
  ): Promise<Manifest>;
}

/**
 * Makes the folder where it is missing; files of the same names are replaced.
 * @throws RgsweepError('store-unavailable') when the folder cannot be made or, later, be written
 */
export async function createDatasetFolder(folder: string): Promise<DatasetFolder> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new RgsweepError('store-unavailable', `cannot make the folder ${folder}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  const files: DatasetFiles['files'] = {};
  return {
    async keep(name, content) {
      await writeWhole(folder, name, content);
      files[name] = { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
    },
    async finish(manifest) {
      const whole: unknown = { format: 1, ...manifest, files };
      await writeWhole(folder, manifestName, Buffer.from(`${JSON.stringify(whole, null, 1)}\n`));
      return whole as never;
    },
  };
}

/** Writes the whole file or nothing, on the disk when the promise resolves. */
async function writeWhole(folder: string, name: string, content: Uint8Array): Promise<void> {
  const temporary = join(folder, `.${name}.${process.pid}`);
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, name));
  } catch (error) {
    throw new RgsweepError('store-unavailable', `cannot write ${join(folder, name)}: ${messageOf(error)}`, {
      remedy: 'make the folder writable, free some space, or choose another folder',
      cause: error,
    });
  }
}
