import { pino } from 'pino';
import { beforeEach, expect, it } from 'vitest';
import type { Dependencies } from '../../activities/dependencies.js';
import { createSuggest } from '../../activities/suggest.js';
import { encodeStatistics } from '../../src/basis/statistics.js';
import { sweepDatasetKey } from '../../src/data/sweepData.js';
import { RgsweepError } from '../../src/errors.js';
import { openFileStore } from '../../src/store/file.js';
import { layout } from '../../src/store/layout.js';
import { readTrial, writeSpec, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { packChanges } from '../../src/sweep/pack.js';
import type { TrialRow } from '../../src/sweep/rows.js';
import { freeField } from '../schedule/freeField.js';
import { temporaryFolder } from '../stack/helpers.js';
import { exampleSpec, exampleTrial } from '../store/example.js';

const spec = { ...exampleSpec('chosen'), sampler: { name: 'random' as const, seed: 7 } };
const row = (trial: number): TrialRow => ({
  trial,
  state: 'complete',
  values: [0.1, 0.05],
  family: 'component-wise',
});
let store: ObjectStore;
let lines: string[];

beforeEach(async () => {
  store = await openFileStore(temporaryFolder());
  lines = [];
  await writeSpec(store, spec);
  const data = layout.dataset(sweepDatasetKey(spec.task)!);
  await store.put(`${data}/statistics.safetensors`, encodeStatistics(freeField()));
  for (const trial of [0, 1]) await writeTrial(store, spec.name, exampleTrial(trial));
});

/** A control worker that has just been started: it knows no trial yet. */
const worker = (files = store) =>
  createSuggest({
    store: files,
    metrics: { suggested: () => undefined },
    log: pino({}, { write: (line: string) => void lines.push(line) }),
  } as unknown as Dependencies);

const input = (trial: number) => ({
  spec,
  trial,
  source: { from: 'sampler' as const },
  rows: { changes: packChanges([row(0), row(1)], []) },
});

it('a damaged record of another trial is told once and is no failure of the new ones', async () => {
  await store.put(layout.trialRecord(spec.name, 1), Buffer.from('{ "trial": 1, "para'));
  const { suggest } = worker();
  for (const trial of [2, 3]) {
    await suggest(input(trial));
    expect(await readTrial(store, spec.name, trial)).toMatchObject({ state: 'waiting', failures: [] });
  }
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/"trial":1,.*trials\/0001\/trial\.json is damaged.*restore it/);
});

it('a store that cannot be read is waited for, and is no failure of the new trial either', async () => {
  const away: ObjectStore = {
    ...store,
    get: (key) =>
      key === layout.trialRecord(spec.name, 1)
        ? Promise.reject(new RgsweepError('store-unavailable', 'the store is away'))
        : store.get(key),
  };
  // Not one of the kinds that the workflow never tries again.
  await expect(worker(away).suggest(input(2))).rejects.toMatchObject({ kind: 'store-unavailable' });
  expect(await readTrial(store, spec.name, 2)).toBeUndefined();
  await worker().suggest(input(2));
  expect(await readTrial(store, spec.name, 2)).toMatchObject({ state: 'waiting' });
});
