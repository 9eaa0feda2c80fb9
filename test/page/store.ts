import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeStatistics } from '../../src/basis/statistics.js';
import { datasetKey, defaultRecipe } from '../../src/data/dataset.js';
import { Pages } from '../../src/page/pages.js';
import { startPageServer, type PageServer } from '../../src/page/server.js';
import { layout } from '../../src/store/layout.js';
import { appendCurve, updateSweepRecord, writeSpec, writeTrial } from '../../src/store/records.js';
import { openStore } from '../../src/store/open.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { encodeSafetensors } from '../../src/tensors/safetensors.js';
import { fixtureArtifacts, fixtureSnapshot, fixtureStatistics } from '../report/fixture.js';

/** A store in a folder of its own. */
export async function temporaryStore(): Promise<{ store: ObjectStore; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-page-'));
  return { store: await openStore(`file://${folder}`), folder };
}

/** The live page of a store, read-only, on a free port of loopback; no Temporal server is behind it. */
export function startTestPage(store: ObjectStore): Promise<PageServer> {
  return startPageServer({
    pages: new Pages(store, async () => undefined, false),
    port: 0,
    host: '127.0.0.1',
    allowedHosts: [],
    allowActions: false,
  });
}

/** Writes a sweep as its workflow and trainers would have left it. */
export async function keepSweep(store: ObjectStore, snapshot: SweepSnapshot): Promise<void> {
  const { spec, state, startedAt, finishedAt } = snapshot;
  await writeSpec(store, spec);
  await updateSweepRecord(store, spec.name, () => ({
    state,
    startedAt,
    ...(finishedAt === undefined ? {} : { finishedAt }),
  }));
  for (const trial of snapshot.trials) await writeTrial(store, spec.name, trial);
  for (const [trial, points] of snapshot.curves) await appendCurve(store, spec.name, trial, points);
}

/** Statistics of the data, and samples of the trial. */
export async function keepArtifacts(
  store: ObjectStore,
  snapshot: SweepSnapshot,
  best: number,
): Promise<void> {
  const { task } = snapshot.spec;
  if (task.name !== 'phi4') throw new Error('the fixture is a φ⁴ sweep');
  const folder = layout.dataset(datasetKey(task, defaultRecipe));
  await store.put(`${folder}/statistics.safetensors`, encodeStatistics(fixtureStatistics()));
  const samples = fixtureArtifacts(best).trials.get(best)!.samples!;
  const step = Math.max(...snapshot.spec.pruner.rungs);
  const { size } = task;
  await store.put(
    `${layout.samples(snapshot.spec.name, best, step, 'test')}/samples.safetensors`,
    encodeSafetensors({
      samples: { shape: [samples.length / size ** 2, size, size], data: samples },
    }),
  );
}

/** The fixture's sweep with `count` trials, most of them copies of its searched ones with other widths, results and numbers. */
export function largeSnapshot(name: string, count: number): SweepSnapshot {
  const snapshot = fixtureSnapshot();
  const searched = snapshot.trials.filter(
    (trial) => trial.baseline === undefined && trial.equals === undefined && trial.state !== 'failed',
  );
  const begin = Date.parse(snapshot.startedAt);
  for (let trial = snapshot.trials.length; trial < count; trial++) {
    const model = searched[trial % searched.length]!;
    const shift = 9000 * (trial - 14);
    // As a sampler suggests them: what all trials share is the sweep's, not theirs.
    const { batchSize: _, ...parameters } = model.parameters;
    const { cutoffWidth } = parameters;
    snapshot.trials.push({
      ...model,
      trial,
      parameters: {
        ...parameters,
        ...(cutoffWidth === undefined ? {} : { cutoffWidth: 0.3 * 30 ** ((0.618 * trial) % 1) }),
      },
      createdAt: new Date(begin + shift).toISOString(),
      updatedAt: new Date(begin + shift + 60_000).toISOString(),
      rungs: model.rungs.map((result) => ({
        ...result,
        finishedAt: new Date(Date.parse(result.finishedAt) + shift).toISOString(),
        metrics: { ...result.metrics, kl: result.metrics['kl']! * (1 + (trial % 97) / 40) },
      })),
    });
  }
  return {
    ...snapshot,
    spec: { ...snapshot.spec, name, budget: { ...snapshot.spec.budget, trials: count - 3 } },
    finishedAt: new Date(begin + 9000 * count).toISOString(),
  };
}
