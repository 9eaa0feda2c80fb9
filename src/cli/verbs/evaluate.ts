import type { Command } from 'commander';
import { Option } from 'commander';
import type { StoreOption } from '../connection.js';
import { jsonText } from '../../report/text.js';
import { withStoreOption } from '../connectionOptions.js';
import { parseCount } from '../options.js';
import { say } from '../say.js';

interface EvaluateOptions extends StoreOption {
  split: 'validation' | 'test';
  level: 'rung' | 'final';
  samples?: number;
  stallSeconds: number;
  json?: boolean;
}

export function register(program: Command): void {
  withStoreOption(
    program
      .command('evaluate')
      .description('measure a checkpoint again on this machine; nothing is written to the store')
      .argument('<checkpoint>', 'SWEEP/TRIAL for the newest good one, or SWEEP/TRIAL/STEP'),
  )
    .addOption(
      new Option('--split <split>', 'data to measure on; a sweep uses its test data once, at its end')
        .choices(['validation', 'test'])
        .default('validation'),
    )
    .addOption(
      new Option('--level <level>', 'effort: of a rung, or of the final comparison')
        .choices(['rung', 'final'])
        .default('rung'),
    )
    .option('--samples <n>', 'samples (default: as the sweep)', parseCount('--samples', 256))
    .option(
      '--stall-seconds <n>',
      'end a trainer that is silent for so long',
      parseCount('--stall-seconds', 1),
      3600,
    )
    .option('--json', 'print one JSON object')
    .action(async (checkpoint: string, options: EvaluateOptions) => {
      const { openTrial } = await import('../trialReference.js');
      const { stackFolder } = await import('../connection.js');
      const { defaultCacheFolder } = await import('../../worker/worker.js');
      const { evaluateCheckpoint } = await import('../../worker/evaluateCheckpoint.js');
      const { store, spec, trial, step } = await openTrial(options, checkpoint);
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const { split, level, samples } = options;
      const result = await evaluateCheckpoint({
        store,
        spec,
        trial,
        split,
        level,
        ...(step === undefined ? {} : { step }),
        ...(samples === undefined ? {} : { samples }),
        cacheFolder: defaultCacheFolder(stackFolder()),
        stallSeconds: options.stallSeconds,
        stop: stop.signal,
        onWarning: say,
      });
      if (options.json) {
        process.stdout.write(
          `${jsonText({ sweep: spec.name, trial: trial.trial, step: result.step, split, metrics: result.metrics })}\n`,
        );
        return;
      }
      process.stdout.write(`${spec.name}, trial ${trial.trial}, step ${result.step}, ${split} data\n`);
      const { fitLine } = await import('../../report/text.js');
      for (const [name, value] of Object.entries(result.metrics))
        process.stdout.write(`  ${fitLine(name, 80)}: ${value.toPrecision(6)}\n`);
    });
}
