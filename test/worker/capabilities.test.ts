import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import {
  checkCapabilities,
  isAtLeast,
  type CapabilityRequest,
  type Machine,
} from '../../src/worker/capabilities.js';
import { findGpus } from '../../src/worker/gpus.js';
import { fakeNvidiaSmi, twoA100, twoIds } from './fakeNvidiaSmi.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-gpus-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** GPUs as `findGpus` reads them from these words of nvidia-smi. */
const read = (query: string, setting?: string, list = '') =>
  findGpus(setting === undefined ? {} : { CUDA_VISIBLE_DEVICES: setting }, (args) =>
    Promise.resolve(args[0] === '-L' ? list : query),
  );
const ids = async (found: ReturnType<typeof read>) => (await found).map(({ uuid }) => uuid);

describe('GPUs of a machine', () => {
  it('are what nvidia-smi says, narrowed as CUDA itself narrows them', async () => {
    expect(await read(twoA100)).toMatchObject([
      { index: 0, uuid: twoIds[0], name: 'NVIDIA A100-SXM4-80GB', memoryMiB: 81920, driver: '550.54.15' },
      { index: 1, uuid: twoIds[1] },
    ]);
    expect(await ids(read(twoA100, '1'))).toEqual([twoIds[1]]);
    expect(await ids(read(twoA100, 'GPU-2222,0'))).toEqual([twoIds[1], twoIds[0]]);
    // CUDA shows nothing from the first entry on that names no device.
    expect(await ids(read(twoA100, '0,7,1'))).toEqual([twoIds[0]]);
    expect(await ids(read(twoA100, ''))).toEqual([]);
    expect(await findGpus({}, () => Promise.resolve(undefined))).toEqual([]);
  });

  it('of a divided GPU are its parts', async () => {
    const list = `GPU 0: NVIDIA A100-SXM4-80GB (UUID: ${twoIds[0]})
  MIG 3g.40gb     Device  0: (UUID: MIG-aaaa)
  MIG 1g.10gb     Device  1: (UUID: MIG-bbbb)
GPU 1: NVIDIA A100-SXM4-80GB (UUID: ${twoIds[1]})`;
    const gpus = await read(twoA100.replace('Disabled', 'Enabled'), undefined, list);
    expect(gpus.map(({ uuid, memoryMiB }) => [uuid, memoryMiB])).toEqual([
      ['MIG-aaaa', 40 * 1024],
      ['MIG-bbbb', 10 * 1024],
      [twoIds[1], 81920],
    ]);
  });

  it('that nvidia-smi cannot name are an error with its own words', async () => {
    await expect(read('No devices were found')).rejects.toThrow(/nvidia-smi printed "No devices/);
  });
});

describe('what a worker may offer', () => {
  const machine = (query = twoA100, startBackend: Machine['startBackend'] = async () => ''): Machine => ({
    findGpus: () => read(query),
    trainerSlots: () => 3,
    startBackend,
    environment: process.env,
  });
  const request: CapabilityRequest = {
    gpus: 'auto',
    slots: 'auto',
    backend: undefined,
    trainerCommand: [process.execPath],
  };
  const check = (change: Partial<CapabilityRequest>, on = machine()) =>
    checkCapabilities({ ...request, ...change }, on);

  it('is one trainer a GPU, else what cores and memory allow', async () => {
    expect(await check({})).toMatchObject({ slots: 2, gpus: [{ uuid: twoIds[0] }, { uuid: twoIds[1] }] });
    expect(await check({ slots: 1 })).toMatchObject({ slots: 1, gpus: [{ uuid: twoIds[0] }] });
    expect(await check({ gpus: 1 })).toMatchObject({ slots: 1, gpus: [{ uuid: twoIds[0] }] });
    expect(await check({ gpus: 'none', slots: 5 })).toEqual({ slots: 5, gpus: [] });
    expect(await check({}, machine(''))).toEqual({ slots: 3, gpus: [] });
  });

  it.each<[string, Partial<CapabilityRequest>, RegExp, Machine?]>([
    ['too few GPUs', { gpus: 4 }, /4 GPUs are asked for and nvidia-smi shows 2/],
    ['no GPU', { gpus: 1 }, /1 GPUs are asked for and nvidia-smi shows none/, machine('')],
    [
      'too little memory',
      { gpuMemoryMiB: 100_000 },
      /A100-SXM4-80GB \(GPU-1111.*\) has 81920 MiB of memory, asked are 100000/,
    ],
    ['more trainers than GPUs', { slots: 3 }, /3 slots and 2 GPUs/],
    [
      'a driver too old for CUDA 12',
      { backend: 'tensorflow' },
      /the driver 470\.82\.01 of .* is older than 525\.60\.13/,
      machine(twoA100.replaceAll('550.54.15', '470.82.01')),
    ],
    [
      'a backend that does not start',
      { backend: 'wasm' },
      /the backend wasm does not start: no wasm here/,
      machine(twoA100, () => Promise.reject(new Error('no wasm here'))),
    ],
    [
      'no trainer',
      { trainerCommand: ['rgsweep-no-such-program'] },
      /the trainer rgsweep-no-such-program is no program/,
    ],
  ])('is refused with the reason: %s', async (_what, change, reason, on) => {
    const refused = check(change, on);
    await expect(refused).rejects.toThrow(reason);
    await expect(refused).rejects.toMatchObject({ kind: 'backend-unavailable' });
    await expect(refused).rejects.toHaveProperty('remedy', expect.stringMatching(/.{20}/));
  });

  it('compares versions by their numbers', () => {
    expect(isAtLeast('525.60.13', '525.60.13')).toBe(true);
    expect(isAtLeast('525.105.17', '525.60.13')).toBe(true);
    expect(isAtLeast('525.60', '525.60.13')).toBe(false);
    expect(isAtLeast('470.256.02', '525.60.13')).toBe(false);
  });
});

describe('a worker on a machine that cannot serve', () => {
  const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
  const start = (args: string[], PATH: string) =>
    new Promise<{ code: unknown; stderr: string }>((resolve) =>
      execFile(
        process.execPath,
        [main, 'worker', '--role', 'train', '--queue', 'gpu-a100', ...args],
        { env: { ...process.env, PATH, TEMPORAL_ADDRESS: '127.0.0.1:1' } },
        (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }),
      ),
    );

  it('ends at once and says why, before it looks for the server', async () => {
    const path = fakeNvidiaSmi(join(folder, 'two'), { query: twoA100 });
    const few = await start(['--gpus', '4'], path);
    expect(few.code).toBe(1);
    expect(few.stderr).toMatch(
      /cannot serve as asked: 4 GPUs are asked for and nvidia-smi shows 2\n.*--gpus/,
    );
    const broken = fakeNvidiaSmi(join(folder, 'broken'), {
      query: 'Failed to initialize NVML: Driver/library version mismatch',
      exit: 18,
    });
    const mismatch = await start([], broken);
    expect(mismatch.code).toBe(1);
    expect(mismatch.stderr).toMatch(
      /nvidia-smi: Failed to initialize NVML: Driver\/library version mismatch/,
    );
  });
});
