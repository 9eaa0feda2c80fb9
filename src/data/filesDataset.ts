import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { dimensionOf } from '../basis/linear.js';
import type { FieldShape } from '../basis/types.js';
import { messageOf, RgsweepError } from '../errors.js';
import { decodeSafetensors } from '../tensors/safetensors.js';
import { splits, type Split } from './dataset.js';
import { decodeNpy } from './npy.js';
import { sampledDataset } from './sampledDataset.js';
import type { TaskDataset } from './taskDataset.js';

export interface FilesDatasetOptions<Settings> {
  shape(this: void, settings: Settings): FieldShape;
  /** Folder, an absolute path, with {train,validation,test}.npy or .safetensors (tensor `samples`): [N, …] with D numbers a row. */
  folder(this: void, settings: Settings): string;
  /** As of `sampledDataset`. */
  symmetry?: 'lattice' | 'none';
}

/**
 * A task's data set of files that are there already, each split from its own. Its source is their SHA-256.
 * `prepare` throws RgsweepError('data-missing') naming the file, and what is wrong with it: missing, damaged, of another shape, not
 * finite, fewer than two fields, or the same as that of another split.
 */
export function filesDataset<Settings>({
  shape,
  folder,
  symmetry,
}: FilesDatasetOptions<Settings>): TaskDataset<Settings> {
  return {
    shape,
    source: (settings) => {
      const hash = createHash('sha256');
      for (const split of splits) hash.update(hashOf(readFileSync(fileOf(folder(settings), split))));
      return hash.digest('hex');
    },
    async prepare(settings, work) {
      const data = readSplits(folder(settings), dimensionOf(shape(settings)));
      const count = (split: Split) => data[split].length / dimensionOf(shape(settings));
      return sampledDataset<Settings>({
        shape,
        counts: () => ({ train: count('train'), validation: count('validation'), test: count('test') }),
        ...(symmetry ? { symmetry } : {}),
        draw: (_, { split }) => data[split],
      }).prepare(settings, work);
    },
  };
}

function fileOf(folder: string, split: Split): string {
  const names = ['npy', 'safetensors'].map((ending) => `${split}.${ending}`);
  const name = names.find((one) => existsSync(join(folder, one)));
  if (name === undefined) throw refuse(folder, `it has neither ${names.join(' nor ')}`);
  return join(folder, name);
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function readSplits(folder: string, dimension: number): Record<Split, Float32Array> {
  const hashes = new Map<string, string>();
  const read = splits.map((split): [Split, Float32Array] => {
    const file = fileOf(folder, split);
    const bytes = readFileSync(file);
    const hash = hashOf(bytes);
    const same = hashes.get(hash);
    if (same !== undefined)
      throw refuse(file, `it is the same as ${basename(same)}: splits must have no field in common`);
    hashes.set(hash, file);
    return [split, fieldsOf(file, bytes, dimension)];
  });
  return Object.fromEntries(read) as Record<Split, Float32Array>;
}

function fieldsOf(file: string, bytes: Uint8Array, dimension: number): Float32Array {
  let tensor;
  try {
    tensor = file.endsWith('.npy') ? decodeNpy(bytes) : decodeSafetensors(bytes).tensors.samples;
  } catch (error) {
    throw refuse(file, messageOf(error), error);
  }
  if (!(tensor?.data instanceof Float32Array || tensor?.data instanceof Float64Array))
    throw refuse(file, 'it has no tensor "samples" of float32 or float64');
  const [count = 0, ...field] = tensor.shape;
  const numbers = field.reduce((product, size) => product * size, 1);
  if (numbers !== dimension || field.length === 0)
    throw refuse(
      file,
      `its shape is (${tensor.shape.join(', ')}); a field of the task has ${dimension} numbers`,
    );
  if (count < 2) throw refuse(file, `it has ${count} fields; at least 2 are needed`);
  const bad = tensor.data.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (bad >= 0) throw refuse(file, `it holds ${tensor.data[bad]} in field ${Math.floor(bad / dimension)}`);
  return Float32Array.from(tensor.data);
}

function refuse(what: string, problem: string, cause?: unknown): RgsweepError {
  return new RgsweepError('data-missing', `${what}: ${problem}`, {
    remedy:
      'give train, validation and test data as numpy.save or safetensors write them, [N, …] with one field a row',
    ...(cause === undefined ? {} : { cause }),
  });
}
