import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { packChanges } from '../../src/sweep/pack.js';
import { trialKey } from '../../src/sweep/trialKey.js';
import { createSuggest } from '../../activities/suggest.js';
import type { Dependencies } from '../../activities/dependencies.js';
import { encodeStatistics } from '../../src/basis/statistics.js';
import { sweepDatasetKey } from '../../src/data/sweepData.js';
import { trialTable } from '../../src/report/table.js';
import { openFileStore } from '../../src/store/file.js';
import { layout } from '../../src/store/layout.js';
import { readSnapshot, writeSpec } from '../../src/store/records.js';
import { freeField } from '../schedule/freeField.js';
import { exampleSpec } from '../store/example.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-trial-key-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const statistics = freeField();
const key = (parameters: Parameters, seed = 1): string =>
  trialKey(createProcess(parameters, statistics), statistics, parameters, seed);
const matched = { colour: 'matched', kernel: 'sigmoid', ordering: 'log-variance', cutoffWidth: 0.6 };

describe('a trial’s identity', () => {
  it('is one for one noise path in two bases whose Gaussian score is exact', () => {
    expect(key({ basis: 'pca', ...matched })).toBe(key({ basis: 'fourier', ...matched }));
    expect(key({ basis: 'whitened-pca', kernel: 'uniform' })).toBe(
      key({ colour: 'matched', kernel: 'uniform' }),
    );
    expect(key({ ...matched, colour: 'interpolated', colourRatio: 1 })).toBe(key(matched));
  });

  it('is another where anything that trains or evaluates differs', () => {
    const others = [
      key(matched, 2),
      key({ ...matched, cutoffWidth: 0.7 }),
      key({ ...matched, gaussianScore: false }),
      key({ ...matched, learningRate: 1e-3 }),
      key({ ...matched, trajectory: 'cosine' }),
      key({ basis: 'pixel' }),
      key({ basis: 'fourier' }),
    ];
    expect(new Set([key(matched), ...others]).size).toBe(8);
  });
});

it('a contender is trained with its own parameter set over the defaults', async () => {
  const store = await openFileStore(join(folder, 'contenders'));
  const contenders = { mine: { basis: 'fourier', ...matched } };
  const spec = {
    ...exampleSpec('finals'),
    defaults: { gammaHigh: 3 },
    baselines: ['standard', 'mine'],
    contenders,
  };
  await writeSpec(store, spec);
  await store.put(
    `${layout.dataset(sweepDatasetKey(spec.task)!)}/statistics.safetensors`,
    encodeStatistics(statistics),
  );
  const { suggest } = createSuggest({
    store,
    metrics: { suggested: () => undefined },
  } as unknown as Dependencies);
  const rows = { changes: packChanges([], []) };
  await suggest({ spec, trial: 0, source: { from: 'baseline', name: 'mine' }, rows });
  const snapshot = await readSnapshot(store, 'finals');
  expect(snapshot.trials[0]).toMatchObject({
    baseline: 'mine',
    origin: 'baseline',
    parameters: { gammaHigh: 3, ...contenders.mine },
  });
});

it('a second trial on the same path is complete at once and says which one it equals, in the records and the table', async () => {
  const store = await openFileStore(join(folder, 'store'));
  const spec = { ...exampleSpec('twins'), defaults: {} };
  await writeSpec(store, spec);
  const data = layout.dataset(sweepDatasetKey(spec.task)!);
  await store.put(`${data}/statistics.safetensors`, encodeStatistics(statistics));
  // Only what `suggest` uses of them.
  const { suggest } = createSuggest({
    store,
    metrics: { suggested: () => undefined },
  } as unknown as Dependencies);
  const row = { trial: 0, state: 'paused' as const, values: [0.1], family: 'component-wise' };
  const first = { basis: 'fourier', ...matched };
  await suggest({
    spec,
    trial: 0,
    source: { from: 'enqueued', parameters: first },
    rows: { changes: packChanges([], []) },
  });
  const second = await suggest({
    spec,
    trial: 1,
    source: { from: 'enqueued', parameters: { ...first, basis: 'pca' } },
    rows: { changes: packChanges([row], []) },
  });
  expect(second).toMatchObject({ equals: 0 });
  const snapshot = await readSnapshot(store, 'twins');
  expect(snapshot.trials[1]).toMatchObject({ state: 'complete', equals: 0, stepsPaid: 0 });
  expect(trialTable(snapshot, snapshot.trials, 120)).toContain('same as trial 0');
});
