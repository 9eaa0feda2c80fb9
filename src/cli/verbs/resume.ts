import type { Command } from 'commander';
import type { RetryRequest } from '../../sweep/retry.js';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions, withTakeOverOption } from '../connectionOptions.js';
import { parseNumbers } from '../options.js';

interface ResumeOptions extends ConnectionOptions {
  failed?: boolean;
  trials?: number[];
  fromScratch?: boolean;
  takeOver?: boolean;
}

export function register(program: Command): void {
  withTakeOverOption(
    withConnectionOptions(
      program
        .command('resume')
        .description('go on with a sweep that is paused, stopped, failed, or gone with its server')
        .argument('<sweep>'),
    ),
  )
    .option('--failed', 'failed trials go on from their last good checkpoint')
    .option('--trials <numbers>', 'these failed trials go on, e.g. 3,7', parseNumbers)
    .option(
      '--from-scratch',
      'with --failed or --trials: they begin from step 0; their checkpoints and results are deleted, their failures stay on record',
    )
    .addHelpText('after', '\nSafe to repeat: a sweep that runs is attached to, nothing is trained twice.')
    .action(async (sweep: string, options: ResumeOptions) => {
      const { RgsweepError } = await import('../../errors.js');
      const { connectClient, connectStore } = await import('../connection.js');
      const { sweepIsOpen } = await import('../client.js');
      const { updateSweep, waitForEnd } = await import('../update.js');
      const { resumeSweep, retryTrials } = await import('../../../workflows/messages.js');
      const trials = options.trials ?? (options.failed ? ('all' as const) : undefined);
      if (trials === undefined && options.fromScratch)
        throw new RgsweepError('usage', '--from-scratch says how, not which trials', {
          remedy: 'add --failed for all failed trials, or --trials 3,7',
        });
      const retry: RetryRequest | undefined = trials && {
        trials,
        ...(options.fromScratch ? { fromScratch: true } : {}),
      };
      const { client } = await connectClient(options);
      if (await sweepIsOpen(client, sweep)) {
        try {
          if (retry !== undefined) await updateSweep(sweep, options, retryTrials, [retry]);
          await updateSweep(sweep, options, resumeSweep, []);
          return;
        } catch (error) {
          await waitForEnd(client, sweep, error);
        }
      }
      const { resumeFromStore } = await import('../resume.js');
      const { automaticConcurrency } = await import('../slots.js');
      const answer = await resumeFromStore({
        client,
        store: await connectStore(options),
        sweep,
        slots: (spec) => automaticConcurrency(client, spec),
        ...(retry === undefined ? {} : { retry }),
        ...(options.takeOver ? { takeOver: true } : {}),
      });
      process.stdout.write(`${sweep}: ${answer}\n`);
    });
}
