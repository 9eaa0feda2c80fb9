import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RgsweepError } from '../src/errors.js';
import { applyRetention, restoreLatestCheckpoint, saveCheckpoint } from '../src/store/checkpoints.js';
import { LostLeaseError, takeLease } from '../src/store/lease.js';
import { appendCurve } from '../src/store/records.js';
import { retentionOf } from '../src/sweep/retention.js';
import { readTrainingParameters } from '../src/train/parameters.js';
import type { CurvePoint } from '../src/sweep/types.js';
import { describeForecast } from '../src/train/memory.js';
import type { MemoryForecast, SweepTask, TrainerTask } from '../src/train/protocol.js';
import type { Parameters } from '../src/space/types.js';
import { createCheckpointSaver, type TrainedCheckpoint } from './checkpointSaver.js';
import { leaseClaim } from './claim.js';
import type { Dependencies } from './dependencies.js';
import { graceSeconds, runSegment } from './segment.js';
import { insideFolder } from './trainerProcess.js';
import { trainerStart } from './trainerStart.js';
import type { SegmentActivityInput, TrainResult } from './types.js';

/** Points of a learning curve between two checkpoints; of more every second one is kept. */
const mostPoints = 4000;

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
      const claim = leaseClaim(dependencies);
      const lease = await run.patiently(() => takeLease(store, sweep, trial, run.owner, claim));
      const resumeFolder = join(run.folder, 'resume');
      const restored = await run.patiently(() =>
        restoreLatestCheckpoint(store, {
          sweep,
          trial,
          atMostStep: step,
          folder: resumeFolder,
          onWarning: run.warn,
        }),
      );
      const fromStep = restored?.step ?? 0;
      progress.step = fromStep;
      const warnings = () => (run.logbook.warnings.length > 0 ? { warnings: [...run.logbook.warnings] } : {});
      if (fromStep === step)
        return {
          step,
          stepsTrained: 0,
          trainSeconds: 0,
          stepsPerSecond: 0,
          backend: record.backend ?? '',
          ...warnings(),
        };

      const outputFolder = join(run.folder, 'output');
      await mkdir(outputFolder);
      const { parameters } = record;
      const start = await run.patiently(() =>
        trainerStart(dependencies, { task: spec.task, parameters, folder: run.folder }),
      );
      const task: TrainerTask = {
        protocol: 1,
        mode: 'train',
        sweep,
        trial,
        ...start.task,
        parameters,
        seed: record.seed,
        fromStep,
        toStep: step,
        resumeFrom: restored ? resumeFolder : null,
        outputFolder,
        checkpointEverySteps: spec.checkpointEverySteps,
        backend: dependencies.backend ?? spec.backend,
        evaluation: { split: 'validation', samples: spec.evaluation.samples, level: 'rung' },
      };

      const batch = batchOf(spec.task, parameters);
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
      let memory: MemoryForecast | undefined;
      let parentStep = fromStep === 0 ? undefined : fromStep;
      let points: CurvePoint[] = [];
      const save = async ({ step: checkpointStep, folder, loss }: TrainedCheckpoint) => {
        const begun = performance.now();
        const curve = points;
        points = [];
        const manifest = await run.patiently(async () => {
          if (curve.length > 0) await appendCurve(store, sweep, trial, curve);
          return saveCheckpoint(store, {
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
        });
        parentStep = checkpointStep;
        metrics.checkpointSaved({
          seconds: (performance.now() - begun) / 1000,
          bytes: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
          of: { sweep, trial },
        });
        run.kept();
        await run.patiently(() => applyRetention(store, { sweep, trial, ...retentionOf(spec) }));
        await run.logbook.flushSoon();
      };
      const saver = createCheckpointSaver(save, run.abandon);

      const end = await runTrainer({
        ...start.run,
        task,
        folder: run.folder,
        stop: run.stop,
        kill: run.kill,
        stallSeconds: spec.supervision?.stallSeconds ?? dependencies.stallSeconds,
        graceSeconds: graceSeconds(dependencies.noticeSeconds),
        onNoise: (line) => {
          run.logbook.add('output', line);
          log.info({ sweep, trial }, `trainer: ${line.slice(0, 500)}`);
        },
        onMemory: (bytes) => run.trainer.memory(bytes),
        onMessage: (message) => {
          run.trainer.heard();
          switch (message.type) {
            case 'started':
              backend = message.backends?.join(', then ') ?? message.backend;
              progress.backend = backend;
              run.logbook.add('info', `training on ${backend} from step ${fromStep} to ${step}`);
              memory = message.memory;
              if (memory) run.logbook.add('info', describeForecast(memory));
              return;
            case 'warning':
              return run.warn(message.message);
            case 'progress': {
              const { step: at, loss, stepsPerSecond, tensorBytes } = message;
              count(at, loss, stepsPerSecond);
              if (tensorBytes !== undefined) run.trainer.deviceMemory(tensorBytes);
              Object.assign(progress, { step: at, loss, stepsPerSecond, stepsTrained: at - fromStep });
              points.push({ step: at, loss, stepsPerSecond });
              if (points.length > mostPoints) points = points.filter((_, index) => index % 2 === 1);
              return;
            }
            case 'checkpoint':
              count(message.step, message.loss);
              progress.step = message.step;
              progress.stepsTrained = message.step - fromStep;
              saver.offer({ ...message, folder: insideFolder(outputFolder, message.folder) });
              return;
          }
        },
      }).catch(async (error: unknown) => {
        await saver.settled();
        if (saver.failed instanceof LostLeaseError)
          throw new RgsweepError('cancelled', saver.failed.message, { cause: saver.failed });
        throw asError(saver.failed ?? error);
      });
      await saver.settled();
      if (saver.failed !== undefined) throw asError(saver.failed);
      progress.step = end.step;
      progress.stepsTrained = end.step - fromStep;
      if (end.preempted || end.step < step)
        throw new RgsweepError('preempted', `training was asked to end at step ${end.step} of ${step}`);
      const trainSeconds = (performance.now() - started) / 1000;
      run.logbook.add('info', `trained to step ${end.step} in ${trainSeconds.toFixed(1)} s`);
      return {
        step: end.step,
        stepsTrained: progress.stepsTrained,
        trainSeconds,
        stepsPerSecond: progress.stepsTrained / trainSeconds,
        backend,
        ...(memory ? { memory } : {}),
        ...warnings(),
      };
    });
}

/** Configurations in one step, as far as it is known. */
function batchOf(task: SweepTask, parameters: Parameters): number {
  if (task.name !== 'command') return readTrainingParameters(parameters).batchSize;
  const { batchSize } = parameters;
  return typeof batchSize === 'number' && batchSize > 0 ? batchSize : 1;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
