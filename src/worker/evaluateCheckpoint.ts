import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runTrainer } from '../../activities/trainerProcess.js';
import { trainerStart } from '../../activities/trainerStart.js';
import { RgsweepError } from '../errors.js';
import { listCheckpoints } from '../store/inventory.js';
import { restoreLatestCheckpoint } from '../store/checkpoints.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepSpec, TrialRecord } from '../sweep/types.js';
import type { TrainerTask } from '../train/protocol.js';
import { trainerCommand } from './trainerCommand.js';

export interface EvaluateCheckpointOptions {
  store: ObjectStore;
  spec: SweepSpec;
  trial: TrialRecord;
  /** Of the checkpoint; the newest good one when left out. */
  step?: number;
  split: 'validation' | 'test';
  /** Default: as many as the sweep uses. */
  samples?: number;
  level: 'rung' | 'final';
  cacheFolder: string;
  stallSeconds: number;
  stop: AbortSignal;
  onWarning: (message: string) => void;
}

/**
 * Measures a checkpoint of the store on this machine, as a rung does. Nothing is written to the store: the trial's record
 * stays as the sweep made it.
 *
 * @throws RgsweepError('not-found') when the trial has no good checkpoint of that step, saying which it has
 */
export async function evaluateCheckpoint(
  options: EvaluateCheckpointOptions,
): Promise<{ step: number; metrics: Record<string, number> }> {
  const { store, spec, trial, step, split, cacheFolder, onWarning } = options;
  const at = { sweep: spec.name, trial: trial.trial };
  await mkdir(join(cacheFolder, 'work'), { recursive: true });
  const folder = await mkdtemp(join(cacheFolder, 'work', `${spec.name}-${trial.trial}-evaluate-`));
  try {
    const resumeFrom = join(folder, 'resume');
    const restored = await restoreLatestCheckpoint(store, {
      ...at,
      atMostStep: step ?? Number.MAX_SAFE_INTEGER,
      folder: resumeFrom,
      onWarning,
    });
    if (!restored || (step !== undefined && restored.step !== step)) {
      const checkpoints = await listCheckpoints(store, at.sweep, at.trial);
      const there = checkpoints.filter(({ state }) => state === 'whole').map((one) => one.step);
      throw new RgsweepError(
        'not-found',
        `trial ${trial.trial} of ${spec.name} has no good checkpoint${step === undefined ? '' : ` of step ${step}`}`,
        { remedy: there.length > 0 ? `it has checkpoints of steps ${there.join(', ')}` : 'it has none' },
      );
    }
    const outputFolder = join(folder, 'output');
    await mkdir(outputFolder);
    const start = await trainerStart(
      { store, cacheFolder, trainerCommand: trainerCommand(), threads: availableParallelism() },
      { task: spec.task, parameters: trial.parameters, folder },
    );
    const task: TrainerTask = {
      protocol: 1,
      mode: 'evaluate',
      ...at,
      ...start.task,
      parameters: trial.parameters,
      seed: trial.seed,
      fromStep: restored.step,
      toStep: restored.step,
      resumeFrom,
      outputFolder,
      checkpointEverySteps: spec.checkpointEverySteps,
      backend: spec.backend,
      evaluation: {
        ...spec.evaluation,
        split,
        level: options.level,
        ...(options.samples === undefined ? {} : { samples: options.samples }),
      },
    };
    let measured: Record<string, number> | undefined;
    const end = await runTrainer({
      ...start.run,
      task,
      folder,
      stop: options.stop,
      kill: new AbortController().signal,
      stallSeconds: options.stallSeconds,
      graceSeconds: 20,
      onNoise: () => undefined,
      onMemory: () => undefined,
      onMessage: (message) => {
        if (message.type === 'metrics') measured = message.metrics;
        else if (message.type === 'warning') onWarning(message.message);
      },
    });
    if (end.preempted || !measured) throw new RgsweepError('cancelled', 'the evaluation was ended early');
    return { step: restored.step, metrics: measured };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
