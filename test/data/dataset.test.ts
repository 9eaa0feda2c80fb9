import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeStatistics } from '../../src/basis/statistics.js';
import {
  checkDataset,
  datasetKey,
  defaultRecipe,
  prepareDataset,
  readManifest,
  readSamples,
  splits,
  type DatasetRecipe,
} from '../../src/data/dataset.js';
import type { Phi4Task } from '../../src/train/protocol.js';

const task: Phi4Task = { name: 'phi4', size: 4, mass2: -4, coupling: 6.975 };
const recipe: DatasetRecipe = {
  seed: 3,
  counts: { train: 600, validation: 200, test: 200 },
  perChain: 100,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rgsweep-dataset-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('datasetKey', () => {
  it('stays the same from one version to the next: caches and stores are addressed by it', () => {
    expect(datasetKey({ name: 'phi4', size: 6, mass2: -4, coupling: 6.975 }, defaultRecipe)).toBe(
      'c4e5f70123fab9f5',
    );
  });

  it('changes with everything that changes the numbers, and with nothing else', () => {
    const keys = [
      datasetKey(task, recipe),
      datasetKey({ ...task, size: 6 }, recipe),
      datasetKey({ ...task, mass2: -3 }, recipe),
      datasetKey({ ...task, coupling: 7 }, recipe),
      datasetKey(task, { ...recipe, seed: 4 }),
      datasetKey(task, { ...recipe, perChain: 50 }),
      datasetKey(task, { ...recipe, counts: { ...recipe.counts, test: 201 } }),
      datasetKey(task, { ...recipe, hmc: { spacing: 6 } }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{16}$/);
    expect(datasetKey(task, { ...recipe, hmc: { spacing: 5 } })).toBe(keys[0]);
    expect(datasetKey({ coupling: 6.975, mass2: -4, size: 4, name: 'phi4' }, recipe)).toBe(keys[0]);
  });
});

describe('prepareDataset', () => {
  it('writes a whole set that can be checked and read, and says how far it is', async () => {
    const seen: number[] = [];
    const manifest = await prepareDataset({
      task,
      recipe,
      folder: join(folder, 'made', 'here'),
      onProgress: (fraction) => seen.push(fraction),
    });
    const at = join(folder, 'made', 'here');
    expect((await readdir(at)).sort()).toEqual([
      'dataset.json',
      'statistics.safetensors',
      'test.safetensors',
      'train.safetensors',
      'validation.safetensors',
    ]);
    expect(await checkDataset(at)).toEqual(manifest);
    expect(manifest.warnings).toEqual([]);
    expect(manifest.key).toBe(datasetKey(task, recipe));
    expect(manifest.recipe.hmc).toMatchObject({ spacing: 5, stepJitter: 0.2 });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);

    const statistics = decodeStatistics(readFileSync(join(at, 'statistics.safetensors')));
    expect(statistics.shape).toEqual({ height: 4, width: 4, channels: 1 });
    expect(statistics.count).toBe(600);
    expect(statistics.covariance[0]).toBeCloseTo(manifest.splits.train.observables.phi2!.value, 6);

    for (const split of splits) {
      const samples = readSamples(at, split);
      expect(samples).toHaveLength(recipe.counts[split] * 16);
      expect(manifest.splits[split]).toMatchObject({
        count: recipe.counts[split],
        chains: recipe.counts[split] / 100,
        trajectories: recipe.counts[split] * 5,
      });
    }
    // Separate chains: no configuration of one split is in another.
    const first = splits.map((split) => readSamples(at, split)[0]);
    expect(new Set(first).size).toBe(3);
  });

  it('gives the same bytes again', async () => {
    const one = await prepareDataset({ task, recipe, folder: join(folder, 'one') });
    const two = await prepareDataset({ task, recipe, folder: join(folder, 'two') });
    expect(two).toEqual(one);
    expect(readFileSync(join(folder, 'two', 'dataset.json'))).toEqual(
      readFileSync(join(folder, 'one', 'dataset.json')),
    );
  });

  it('writes no dataset.json when it is cancelled', async () => {
    const stop = new AbortController();
    const run = prepareDataset({
      task,
      recipe: { ...recipe, counts: { train: 100_000, validation: 100, test: 100 } },
      folder,
      onProgress: (fraction) => (fraction > 0.001 ? stop.abort() : undefined),
      signal: stop.signal,
    });
    await expect(run).rejects.toMatchObject({ kind: 'cancelled' });
    expect(await readdir(folder)).toEqual([]);
    await expect(readManifest(folder)).rejects.toMatchObject({ kind: 'data-missing' });
  });

  it('warns of configurations that are too close together', async () => {
    const close = { ...recipe, perChain: 600, hmc: { spacing: 1, thermalization: 10, leapfrogSteps: 2 } };
    const { warnings } = await prepareDataset({ task, recipe: close, folder });
    expect(warnings.join('\n')).toMatch(/train: configurations are 1 trajectories apart/);
    expect(warnings.join('\n')).toMatch(/train: 10 trajectories of thermalization/);
  });

  it('refuses what cannot be sampled, naming the field, before it writes anything', async () => {
    const at = join(folder, 'nothing');
    const refused = async (change: object, message: RegExp): Promise<void> => {
      await expect(prepareDataset({ task, recipe, folder: at, ...change })).rejects.toThrow(message);
    };
    await refused({ recipe: { ...recipe, seed: -1 } }, /seed is -1/);
    await refused({ recipe: { ...recipe, counts: { ...recipe.counts, test: 0 } } }, /counts\.test is 0/);
    await refused({ recipe: { ...recipe, hmc: { stepSize: 0 } } }, /hmc\.stepSize is 0/);
    await refused({ recipe: { ...recipe, hmc: { spacing: 1.5 } } }, /hmc\.spacing is 1\.5/);
    await refused({ task: { ...task, coupling: -1 } }, /task\.coupling is -1/);
    await refused({ task: { ...task, size: 0 } }, /task\.size is 0/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('names the folder that cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(prepareDataset({ task, recipe, folder: join(folder, 'file') })).rejects.toMatchObject({
      kind: 'store-unavailable',
      message: expect.stringContaining(join(folder, 'file')) as string,
    });
  });
});

describe('checkDataset', () => {
  beforeEach(async () => {
    await prepareDataset({ task, recipe, folder });
  });

  it('notices one flipped bit', async () => {
    const file = join(folder, 'test.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 100]! ^= 4;
    writeFileSync(file, bytes);
    await expect(checkDataset(folder)).rejects.toThrow(/test\.safetensors has SHA-256/);
  });

  it('notices a file that is cut short or gone', async () => {
    truncateSync(join(folder, 'train.safetensors'), 1000);
    await expect(checkDataset(folder)).rejects.toThrow(
      /train\.safetensors has 1000 bytes; dataset\.json says/,
    );
    rmSync(join(folder, 'train.safetensors'));
    await expect(checkDataset(folder)).rejects.toMatchObject({ kind: 'data-missing' });
    expect(() => readSamples(folder, 'train')).toThrow(/train\.safetensors cannot be read/);
  });

  it('refuses a manifest that is no manifest', async () => {
    for (const text of ['{', 'null', '{"format": 2}']) {
      writeFileSync(join(folder, 'dataset.json'), text);
      await expect(checkDataset(folder)).rejects.toMatchObject({ kind: 'data-missing' });
    }
  });
});
