import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RgsweepError } from '../src/errors.js';
import { applyRetention, restoreLatestCheckpoint, saveCheckpoint } from '../src/store/checkpoints.js';
import { LostLeaseError, takeLease } from '../src/store/lease.js';
import { appendCurve } from '../src/store/records.js';
import { readTrainingParameters } from '../src/train/parameters.js';
import type { CurvePoint } from '../src/sweep/types.js';
import type { TrainerTask } from '../src/train/protocol.js';
import { leaseClaim } from './claim.js';
import { localDataset } from './dataset.js';
import type { Dependencies } from './dependencies.js';
import { graceSeconds, runSegment } from './segment.js';
import { insideFolder } from './trainerProcess.js';
import type { SegmentActivityInput, TrainResult } from './types.js';

/**
 * Trains a trial from its newest good checkpoint to `input.step`. The truth about how far it got is the manifest in the
 * store: whatever happens to this process, the next attempt goes on from there.
 */
export function createTrain(dependencies: Dependencies) {
  const { store, metrics, log, runTrainer } = dependencies;
  return (input: SegmentActivityInput): Promise<TrainResult> =>
    runSegment(dependencies, input, 'train', async (run) => {
      const { sweep, trial, step } = input;
      const { spec, record, progress } = run;
      const lease = await takeLease(store, sweep, trial, run.owner, leaseClaim(dependencies));
      const warn = (message: string) => log.warn({ sweep, trial }, message);
      const resumeFolder = join(run.folder, 'resume');
      const restored = await restoreLatestCheckpoint(store, {
        sweep,
        trial,
        atMostStep: step,
        folder: resumeFolder,
        onWarning: warn,
      });
      const fromStep = restored?.step ?? 0;
      progress.step = fromStep;
      if (fromStep === step)
        return { step, stepsTrained: 0, trainSeconds: 0, stepsPerSecond: 0, backend: record.backend ?? '' };

      const outputFolder = join(run.folder, 'output');
      await mkdir(outputFolder);
      const task: TrainerTask = {
        protocol: 1,
        mode: 'train',
        sweep,
        trial,
        task: spec.task,
        parameters: record.parameters,
        seed: record.seed,
        fromStep,
        toStep: step,
        resumeFrom: restored ? resumeFolder : null,
        outputFolder,
        dataFolder: await localDataset(dependencies, spec.task),
        checkpointEverySteps: spec.checkpointEverySteps,
        backend: dependencies.backend ?? spec.backend,
        threads: dependencies.threads,
        evaluation: { split: 'validation', samples: spec.evaluation.samples, level: 'rung' },
      };

      const batch = readTrainingParameters(record.parameters).batchSize;
      const furthest = Math.max(0, ...record.failures.map((failure) => failure.step));
      // A process that was lost could not count the time it wasted: it is counted while its steps are repeated.
      const wastedByOther = record.failures.at(-1)?.kind === 'worker-lost';
      let counted = fromStep;
      const count = (at: number, loss: number, stepsPerSecond?: number) => {
        if (at <= counted) return;
        const repeated = Math.max(0, Math.min(at, furthest) - counted);
        metrics.stepsTrained({
          family: record.family,
          steps: at - counted,
          repeated,
          loss,
          batch,
          ...(stepsPerSecond === undefined ? {} : { stepsPerSecond }),
        });
        if (wastedByOther && stepsPerSecond) run.trainer.repeated(repeated / stepsPerSecond);
        counted = at;
      };
      const started = performance.now();
      let backend = '';
      let parentStep = fromStep === 0 ? undefined : fromStep;
      let points: CurvePoint[] = [];
      // Checkpoints are saved in order while training goes on; the first failure ends the run.
      let saving: Promise<void> = Promise.resolve();
      let savingFailed: unknown;
      const save = async (checkpointStep: number, folder: string, loss: number) => {
        const begun = performance.now();
        const curve = points;
        points = [];
        if (curve.length > 0) await appendCurve(store, sweep, trial, curve);
        const manifest = await saveCheckpoint(store, {
          sweep,
          trial,
          step: checkpointStep,
          folder,
          lease,
          parameters: record.parameters,
          seed: record.seed,
          ...(parentStep === undefined ? {} : { parentStep }),
          loss,
        });
        parentStep = checkpointStep;
        metrics.checkpointSaved({
          seconds: (performance.now() - begun) / 1000,
          bytes: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
          of: { sweep, trial },
        });
        run.kept();
        await applyRetention(store, { sweep, trial, keepLast: 2, keepSteps: spec.pruner.rungs });
      };

      const end = await runTrainer({
        command: dependencies.trainerCommand,
        task,
        folder: run.folder,
        stop: run.stop,
        kill: run.kill,
        stallSeconds: spec.supervision?.stallSeconds ?? dependencies.stallSeconds,
        graceSeconds,
        onNoise: (line) => log.info({ sweep, trial }, `trainer: ${line.slice(0, 500)}`),
        onMemory: (bytes) => run.trainer.memory(bytes),
        onMessage: (message) => {
          run.trainer.heard();
          switch (message.type) {
            case 'started':
              backend = message.backends?.join(', then ') ?? message.backend;
              progress.backend = backend;
              return;
            case 'warning':
              return warn(message.message);
            case 'progress': {
              const { step: at, loss, stepsPerSecond, tensorBytes } = message;
              count(at, loss, stepsPerSecond);
              if (tensorBytes !== undefined) run.trainer.deviceMemory(tensorBytes);
              Object.assign(progress, { step: at, loss, stepsPerSecond, stepsTrained: at - fromStep });
              points.push({ step: at, loss, stepsPerSecond });
              return;
            }
            case 'checkpoint':
              count(message.step, message.loss);
              progress.step = message.step;
              progress.stepsTrained = message.step - fromStep;
              saving = saving
                .then(() => save(message.step, insideFolder(outputFolder, message.folder), message.loss))
                .catch((error: unknown) => {
                  savingFailed ??= error;
                  run.abandon();
                });
              return;
          }
        },
      }).catch(async (error: unknown) => {
        await saving;
        if (savingFailed instanceof LostLeaseError)
          throw new RgsweepError('cancelled', savingFailed.message, { cause: savingFailed });
        throw asError(savingFailed ?? error);
      });
      await saving;
      if (savingFailed) throw asError(savingFailed);
      progress.step = end.step;
      progress.stepsTrained = end.step - fromStep;
      if (end.preempted || end.step < step)
        throw new RgsweepError('preempted', `training was asked to end at step ${end.step} of ${step}`);
      const trainSeconds = (performance.now() - started) / 1000;
      return {
        step: end.step,
        stepsTrained: progress.stepsTrained,
        trainSeconds,
        stepsPerSecond: progress.stepsTrained / trainSeconds,
        backend,
      };
    });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
