import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions } from '../connectionOptions.js';
import { parseNumbers } from '../options.js';

interface ResumeOptions extends ConnectionOptions {
  failed?: boolean;
  trials?: number[];
}

export function register(program: Command): void {
  withConnectionOptions(
    program
      .command('resume')
      .description('go on with a sweep that is paused, stopped, failed, or gone with its server')
      .argument('<sweep>'),
  )
    .option('--failed', 'failed trials go on from their last good checkpoint')
    .option('--trials <numbers>', 'these failed trials go on, e.g. 3,7', parseNumbers)
    .action(async (sweep: string, options: ResumeOptions) => {
      const { connectClient, connectStore } = await import('../connection.js');
      const { resumeFromStore, sweepIsOpen } = await import('../client.js');
      const { updateSweep } = await import('../update.js');
      const { resumeSweep, retryTrials } = await import('../../../workflows/messages.js');
      const retry = options.trials ?? (options.failed ? ('all' as const) : undefined);
      const { client } = await connectClient(options);
      if (await sweepIsOpen(client, sweep)) {
        if (retry !== undefined) await updateSweep(sweep, options, retryTrials, [retry]);
        await updateSweep(sweep, options, resumeSweep, []);
        return;
      }
      const { trainerSlots } = await import('../../stack/slots.js');
      const store = await connectStore(options);
      await resumeFromStore({
        client,
        store,
        sweep,
        slots: trainerSlots(),
        ...(retry === undefined ? {} : { retry }),
      });
      process.stdout.write(`${sweep} goes on from ${store.url}\n`);
    });
}
