import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RgsweepError } from '../src/errors.js';
import { restoreLatestCheckpoint } from '../src/store/checkpoints.js';
import { layout } from '../src/store/layout.js';
import { objectivesOf } from '../src/sweep/types.js';
import type { Dependencies } from './dependencies.js';
import { graceSeconds, runSegment } from './segment.js';
import { insideFolder } from './trainerProcess.js';
import { trainerStart } from './trainerStart.js';
import type { EvaluateResult, SegmentActivityInput } from './types.js';

/** Measures the checkpoint of `input.step`; its samples and observables are kept beside the trial. */
export function createEvaluate(dependencies: Dependencies) {
  const { store, metrics, log, runTrainer } = dependencies;
  return (input: SegmentActivityInput & { split: 'validation' | 'test' }): Promise<EvaluateResult> =>
    runSegment(dependencies, input, 'evaluate', async (run) => {
      const { sweep, trial, step, split } = input;
      const { spec, record } = run;
      const resumeFrom = join(run.folder, 'resume');
      const restored = await run.patiently(() =>
        restoreLatestCheckpoint(store, {
          sweep,
          trial,
          atMostStep: step,
          folder: resumeFrom,
          onWarning: run.warn,
        }),
      );
      run.progress.step = restored?.step ?? 0;
      if (restored?.step !== step)
        throw new RgsweepError('crashed', `trial ${trial} has no good checkpoint of step ${step} to measure`);
      const outputFolder = join(run.folder, 'output');
      await mkdir(outputFolder);
      const start = await run.patiently(() =>
        trainerStart(dependencies, { task: spec.task, parameters: record.parameters, folder: run.folder }),
      );
      const started = performance.now();
      let measured: { metrics: Record<string, number>; files: string[] } | undefined;
      const end = await runTrainer({
        ...start.run,
        task: {
          protocol: 1,
          mode: 'evaluate',
          sweep,
          trial,
          ...start.task,
          parameters: record.parameters,
          seed: record.seed,
          fromStep: step,
          toStep: step,
          resumeFrom,
          outputFolder,
          checkpointEverySteps: spec.checkpointEverySteps,
          backend: dependencies.backend ?? spec.backend,
          evaluation: {
            split,
            ...spec.evaluation,
            ...(split === 'test' ? { samples: 2 * spec.evaluation.samples } : {}),
            level: split === 'test' ? 'final' : 'rung',
          },
        },
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
          if (message.type === 'metrics') measured = message;
          else if (message.type === 'warning') run.warn(message.message);
        },
      });
      if (end.preempted) throw new RgsweepError('preempted', 'the evaluation was asked to end');
      if (!measured) throw new RgsweepError('crashed', 'the trainer ended without metrics');
      for (const { metric } of objectivesOf(spec)) {
        const value = measured.metrics[metric];
        if (value === undefined || !Number.isFinite(value))
          throw new RgsweepError(
            'diverged',
            `${metric} at step ${step} is ${value ?? 'absent'}: it did not converge${others(measured.metrics)}`,
          );
      }
      const { metric } = spec.objective;
      run.logbook.add(
        'info',
        `measured on ${split} data at step ${step}: ${metric} ${measured.metrics[metric]}`,
      );
      const folder = layout.samples(sweep, trial, step, split);
      for (const file of measured.files)
        await run.patiently(() => store.upload(`${folder}/${file}`, insideFolder(outputFolder, file)));
      const evaluateSeconds = (performance.now() - started) / 1000;
      // Histograms by rung are of what the search sees.
      const figures = split === 'validation' ? measured.metrics : {};
      metrics.evaluated({
        seconds: evaluateSeconds,
        rung: input.rung,
        metrics: figures,
        of: { sweep, trial },
      });
      const { warnings } = run.logbook;
      return {
        metrics: measured.metrics,
        evaluateSeconds,
        ...(warnings.length > 0 ? { warnings: [...warnings] } : {}),
      };
    });
}

/** What was measured instead, for a trainer whose figures have other names than its sweep file. */
function others(metrics: Readonly<Record<string, number>>): string {
  const names = Object.keys(metrics);
  return names.length === 0 ? '' : ` (measured: ${names.join(', ')})`;
}
