import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeStatistics } from '../basis/statistics.js';
import { taskDatasetKey } from '../data/taskDataset.js';
import { RgsweepError } from '../errors.js';
import type { DisposableModel } from '../model/residual.js';
import { bestSearched } from '../report/ranking.js';
import { createProcess } from '../schedule/process.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { restoreLatestCheckpoint } from '../store/checkpoints.js';
import { layout } from '../store/layout.js';
import type { ObjectStore } from '../store/types.js';
import { foldReplicates } from '../sweep/replicates.js';
import type { SweepSnapshot, TrialRecord } from '../sweep/types.js';
import { loadTask } from '../tasks/registry.js';
import { startBackend } from '../train/backend.js';
import { readCheckpoint } from '../train/checkpoint.js';
import { readTrainingParameters } from '../train/parameters.js';

/** A trained trial, ready to draw from. */
export interface TrialModel {
  trial: TrialRecord;
  /** The step of the checkpoint. */
  step: number;
  process: DiffusionProcess;
  /** On the checkpoint's moving averages; to be disposed of. */
  model: DisposableModel;
}

/**
 * The trial that a user's word means: a number, `best`, or a baseline's name. One that was not trained because it equals
 * another stands for that one.
 * @throws RgsweepError('not-found') naming what there is
 */
export function findTrial(snapshot: SweepSnapshot, word: string): TrialRecord {
  const { trials, spec } = snapshot;
  const best = word === 'best' ? bestSearched(foldReplicates(snapshot))?.trial : undefined;
  const found =
    word === 'best'
      ? trials.find(({ trial }) => trial === best)
      : trials.find(
          ({ trial, baseline }) => baseline === word || String(trial) === word.replace(/^0+(?=\d)/, ''),
        );
  if (!found) {
    const baselines = trials.flatMap(({ baseline }) => baseline ?? []);
    throw new RgsweepError(
      'not-found',
      word === 'best'
        ? `${spec.name} has no best trial yet`
        : `${spec.name} has no trial "${word}"; it has ${trials.length === 0 ? 'none yet' : `0 to ${trials.length - 1}`}`,
      { remedy: `name one by number, best${baselines.map((name) => `, ${name}`).join('')}` },
    );
  }
  return found.equals === undefined ? found : findTrial(snapshot, String(found.equals));
}

/**
 * Fetches a trial's newest good checkpoint from the store and makes its model; starts the numerical backend.
 * @throws RgsweepError: 'not-found' without a checkpoint, 'data-missing' without the data's statistics, 'usage' for
 *   a program of one's own
 */
export async function loadTrialModel(
  store: ObjectStore,
  snapshot: SweepSnapshot,
  trial: TrialRecord,
  onWarning: (message: string) => void,
): Promise<TrialModel> {
  const { spec } = snapshot;
  const described = spec.task;
  if (described.name === 'command')
    throw new RgsweepError(
      'usage',
      `${spec.name} trains a program of its own; samples are drawn of built-in tasks`,
    );
  const key = `${layout.dataset(taskDatasetKey(described))}/statistics.safetensors`;
  const statistics = await store.get(key);
  if (!statistics)
    throw new RgsweepError('data-missing', `${store.url} has no ${key}`, {
      remedy: 'launch the sweep again: its first step makes the data set',
    });
  const parent = await mkdtemp(join(tmpdir(), 'rgsweep-sample-'));
  try {
    const folder = join(parent, 'checkpoint');
    const restored = await restoreLatestCheckpoint(store, {
      sweep: spec.name,
      trial: trial.trial,
      atMostStep: Number.MAX_SAFE_INTEGER,
      folder,
      onWarning,
    });
    if (!restored)
      throw new RgsweepError(
        'not-found',
        `trial ${trial.trial} of ${spec.name} has no checkpoint in ${store.url}`,
        {
          remedy: 'take a trial that has reached a rung: `rgsweep trials` lists them',
        },
      );
    const parameters = { ...spec.defaults, ...trial.parameters };
    const process = createProcess(parameters, decodeStatistics(statistics.body));
    const training = readTrainingParameters(parameters);
    await startBackend(spec.backend, 1);
    const { definition, settings } = await loadTask(described);
    const { seed } = trial;
    const made = await definition.model({ settings, process, parameters, training, seed });
    const { state } = readCheckpoint(folder, restored.step, made.initialize());
    return { trial, step: restored.step, process, model: made.residual(state.ema) };
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}
