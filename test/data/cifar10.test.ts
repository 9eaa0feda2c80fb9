import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { register } from '../../src/cli/verbs/data.js';
import { encodeBatch } from '../../src/data/cifar10/format.js';
import { officialFiles, readCifar10, type PinnedFile } from '../../src/data/cifar10/read.js';
import { drawDeadLeaves } from '../../src/data/images/deadLeaves.js';

const records = 6;
const shape = { height: 32, width: 32, channels: 3 };
let parent: string;
/** A folder of stand-ins in CIFAR-10's format, as small files, and what they are checked against. */
let original: string;
let pins: PinnedFile[];
let folder: string;

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'rgsweep-cifar-'));
  original = join(parent, 'original');
  mkdirSync(original);
  pins = officialFiles.map(({ name }, file) => {
    const labels = Uint8Array.from({ length: records }, (_, n) => (n + file) % 10);
    const bytes = encodeBatch({ labels, pixels: drawDeadLeaves(shape, records, 7, name) });
    writeFileSync(join(original, name), bytes);
    return { name, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(parent, 'case-'));
  for (const { name } of pins) copyFileSync(join(original, name), join(folder, name));
});
afterEach(() => vi.restoreAllMocks());

const read = (from: string) => readCifar10(from, pins, records);

function pack(into: string): string {
  const inner = join(into, 'cifar-10-batches-bin');
  mkdirSync(inner, { recursive: true });
  for (const { name } of pins) copyFileSync(join(folder, name), join(inner, name));
  const archive = join(into, 'cifar-10-binary.tar.gz');
  const made = spawnSync('tar', ['-C', into, '-czf', archive, 'cifar-10-batches-bin']);
  expect(made.status).toBe(0);
  rmSync(inner, { recursive: true });
  return archive;
}

describe('CIFAR-10’s binary version', () => {
  it('is a label, then a plane of red, of green, of blue, row by row', async () => {
    const bytes = readFileSync(join(folder, 'data_batch_2.bin'));
    const { train, test } = await read(folder);
    expect([train.labels.length, test.labels.length]).toEqual([5 * records, records]);
    // Record 3 of the second file: pixel in row 5, column 9.
    const at = 3 * 3073;
    const image = (records + 3) * 3072;
    expect(train.labels[records + 3]).toBe(bytes[at]);
    for (const channel of [0, 1, 2])
      expect(train.pixels[image + (5 * 32 + 9) * 3 + channel]).toBe(
        bytes[at + 1 + 1024 * channel + 5 * 32 + 9],
      );
  });

  it('is the same from a folder, the folder above it, the archive, and a store', async () => {
    const digest = async (from: string) => {
      const { train, test } = await read(from);
      const hash = createHash('sha256');
      for (const part of [train.labels, train.pixels, test.labels, test.pixels]) hash.update(part);
      return hash.digest('hex');
    };
    const wanted = await digest(folder);
    const above = join(folder, 'above');
    const archive = pack(above);
    const inner = join(folder, 'unpacked');
    mkdirSync(join(inner, 'cifar-10-batches-bin'), { recursive: true });
    for (const { name } of pins) copyFileSync(join(folder, name), join(inner, 'cifar-10-batches-bin', name));
    for (const from of [archive, above, inner, pathToFileURL(above).href, pathToFileURL(inner).href])
      expect(await digest(from)).toBe(wanted);
  });

  it('refuses what is missing, truncated, of another size, mislabelled, exchanged or damaged, by name', async () => {
    const refusal = async (from = folder) => {
      const error = await read(from).then(
        () => undefined,
        (thrown: unknown) => thrown as { kind: string; message: string; remedy: string },
      );
      expect(error).toMatchObject({ kind: 'data-missing' });
      expect(error?.remedy).toMatch(
        /https:\/\/www\.cs\.toronto\.edu\/~kriz\/cifar\.html.*data prepare cifar10 --from/,
      );
      return error?.message;
    };
    const change = (name: string, edit: (bytes: Buffer) => Buffer) => {
      const path = join(folder, name);
      const before = readFileSync(path);
      writeFileSync(path, edit(Buffer.from(before)));
      return () => writeFileSync(path, before);
    };
    let restore = change('data_batch_4.bin', (bytes) => bytes.subarray(0, bytes.length - 100));
    expect(await refusal()).toMatch(
      /data_batch_4\.bin: it has 18338 bytes; 6 records of 3073 bytes are 18438: it is truncated/,
    );
    restore();
    restore = change('test_batch.bin', (bytes) => Buffer.concat([bytes, bytes.subarray(0, 3073)]));
    expect(await refusal()).toMatch(/test_batch\.bin: it has 21511 bytes/);
    restore();
    restore = change('data_batch_1.bin', (bytes) => ((bytes[2 * 3073] = 10), bytes));
    expect(await refusal()).toMatch(/data_batch_1\.bin: record 2 has the label 10; labels are 0 to 9/);
    restore();
    restore = change('data_batch_5.bin', (bytes) => ((bytes[9000] = bytes[9000]! ^ 1), bytes));
    expect(await refusal()).toMatch(
      /data_batch_5\.bin: its SHA-256 is [0-9a-f]{64}; that of the published file is/,
    );
    restore();
    restore = change('data_batch_3.bin', () => readFileSync(join(original, 'test_batch.bin')));
    expect(await refusal()).toMatch(/data_batch_3\.bin: its content is that of test_batch\.bin/);
    restore();
    rmSync(join(folder, 'data_batch_2.bin'));
    expect(await refusal()).toMatch(/data_batch_2\.bin: it is not there/);
    expect(await refusal(join(folder, 'nowhere'))).toMatch(/nowhere: there is no such file or folder/);
  });

  it('refuses an archive that is cut, no archive, or lacks a file', async () => {
    const archive = pack(join(folder, 'packed'));
    const whole = readFileSync(archive);
    truncateSync(archive, Math.floor(whole.length / 2));
    await expect(read(archive)).rejects.toThrow(
      /cifar-10-binary\.tar\.gz: it cannot be unpacked .* truncated, damaged/,
    );
    writeFileSync(archive, 'PK\u0003\u0004');
    await expect(read(archive)).rejects.toThrow(/it cannot be unpacked/);
    rmSync(archive);
    const lacking = join(folder, 'lacking');
    mkdirSync(lacking);
    copyFileSync(join(folder, 'test_batch.bin'), join(lacking, 'test_batch.bin'));
    spawnSync('tar', ['-C', lacking, '-czf', archive, 'test_batch.bin']);
    await expect(read(archive)).rejects.toThrow(
      /cifar-10-binary\.tar\.gz data_batch_1\.bin: it is not there/,
    );
  });

  it('is what `data prepare cifar10` insists on: nothing else gets into a store', async () => {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const prepare = async (...args: string[]) => {
      const program = new Command('rgsweep');
      register(program);
      await program.parseAsync(['data', 'prepare', 'cifar10', ...args], { from: 'user' });
    };
    const store = join(folder, 'store');
    const target = join(folder, 'target');
    await expect(prepare('--store', store)).rejects.toMatchObject({ kind: 'usage' });
    // Small files are no CIFAR-10, and neither are images of the right size.
    await expect(prepare('--from', folder, '--store', store)).rejects.toThrow(
      /data_batch_1\.bin: it has 18438 bytes; 10000 records/,
    );
    writeFileSync(join(folder, 'data_batch_1.bin'), Buffer.alloc(10_000 * 3073, 3));
    await expect(prepare('--from', folder, '--store', store)).rejects.toThrow(
      /data_batch_1\.bin: its SHA-256 is/,
    );
    await expect(prepare('--from', folder, '--folder', target)).rejects.toMatchObject({
      kind: 'data-missing',
    });
    expect([existsSync(join(store, 'datasets')), existsSync(target)]).toEqual([false, false]);
  });
});
