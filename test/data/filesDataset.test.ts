import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDataset, readSamples } from '../../src/data/dataset.js';
import { filesDataset } from '../../src/data/filesDataset.js';
import { encodeSafetensors } from '../../src/tensors/safetensors.js';
import { pythonWith } from '../e2e/python.js';

const root = mkdtempSync(join(tmpdir(), 'rgsweep-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const from = join(root, 'from');

/** Written by NumPy: values n + x/10, in float32 and float64, as fields [2, 3] and as rows [6]; and what is to be refused. */
const program = `
import os, sys
import numpy as np
root = sys.argv[1]
def save(folder, **arrays):
    os.makedirs(os.path.join(root, folder), exist_ok=True)
    for name, array in arrays.items(): np.save(os.path.join(root, folder, name), array)
def fields(first, count, type=np.float32):
    return (np.arange(first, first + count)[:, None] + np.arange(6) / 10).astype(type)
train, validation, test = fields(0, 5).reshape(5, 2, 3), fields(5, 3, np.float64), fields(8, 2)
save("from", train=train, validation=validation, test=test)
save("same", train=train, validation=train, test=test)
save("shape", train=train, validation=fields(0, 3)[:, :5], test=test)
save("fortran", train=np.asfortranarray(fields(0, 5)), validation=validation, test=test)
save("whole", train=np.arange(30).reshape(5, 6), validation=validation, test=test)
save("single", train=fields(0, 1), validation=validation, test=test)
wrong = fields(0, 5); wrong[3, 2] = np.nan
save("nan", train=wrong, validation=validation, test=test)
save("missing", train=train, validation=validation)
save("cut", train=train, validation=validation, test=test)
path = os.path.join(root, "cut", "test.npy"); data = open(path, "rb").read(); open(path, "wb").write(data[:-3])
save("words", train=train, validation=validation, test=test)
open(os.path.join(root, "words", "train.npy"), "w").write("not an array at all")
`;
beforeAll(() => {
  const written = spawnSync(join(pythonWith('numpy'), 'python3'), ['-c', program, root], {
    encoding: 'utf8',
  });
  expect(written.stderr).toBe('');
}, 240_000);

const dataset = filesDataset<string>({
  shape: () => ({ height: 2, width: 3, channels: 1 }),
  folder: (folder) => folder,
});
const prepare = (name: string, folder = join(root, `${name}-made`)) =>
  dataset.prepare(join(root, name), { folder, key: 'own' });

describe('a data set of files', () => {
  it('is what NumPy wrote, split by split', async () => {
    const folder = join(root, 'from-made');
    await prepare('from');
    expect((await checkDataset(folder)).key).toBe('own');
    const expected = (first: number, count: number) =>
      Float32Array.from({ length: 6 * count }, (_, n) => first + Math.floor(n / 6) + (n % 6) / 10);
    expect(readSamples(folder, 'train')).toEqual(expected(0, 5));
    expect(readSamples(folder, 'validation')).toEqual(expected(5, 3));
    expect(readSamples(folder, 'test')).toEqual(expected(8, 2));
  });

  it('is another one when a file is, and only then', () => {
    const source = (name: string) => dataset.source!(join(root, name));
    expect(source('from')).toMatch(/^[0-9a-f]{64}$/);
    // These two folders hold the same files, but for one.
    expect(source('single')).not.toBe(source('nan'));
    cpSync(join(root, 'nan'), join(root, 'nan-copy'), { recursive: true });
    expect(source('nan-copy')).toBe(source('nan'));
    expect(() => source('missing')).toThrow(/missing: it has neither test\.npy nor test\.safetensors/);
  });

  it('may be of safetensors', async () => {
    const data = Float32Array.from({ length: 12 }, (_, n) => n);
    rmSync(join(from, 'test.npy'));
    writeFileSync(join(from, 'test.safetensors'), encodeSafetensors({ samples: { shape: [2, 6], data } }));
    await prepare('from');
    expect(readSamples(join(root, 'from-made'), 'test')).toEqual(data);
    expect(readFileSync(join(from, 'test.safetensors')).length).toBeGreaterThan(48);
  });

  it.each([
    ['same', /validation\.npy: it is the same as train\.npy/],
    ['shape', /validation\.npy: its shape is \(3, 5\); a field of the task has 6 numbers/],
    ['fortran', /train\.npy: it is in Fortran order/],
    ['whole', /train\.npy: its numbers are <i8; float32 and float64 are read/],
    ['single', /train\.npy: it has 1 fields; at least 2/],
    ['nan', /train\.npy: it holds NaN in field 3/],
    ['missing', /missing: it has neither test\.npy nor test\.safetensors/],
    ['cut', /test\.npy: it has 45 bytes of numbers; its shape \(2, 6\) needs 48/],
    ['words', /train\.npy: it is no \.npy file/],
    ['nowhere', /nowhere: it has neither train\.npy/],
  ])('is refused by name: %s', async (name, said) => {
    const error = await Promise.resolve()
      .then(() => prepare(name))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'RgsweepError', kind: 'data-missing' });
    expect((error as Error).message).toMatch(said);
  });
});
