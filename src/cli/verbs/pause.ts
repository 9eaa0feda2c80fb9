import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions } from '../connectionOptions.js';

export function register(program: Command): void {
  withConnectionOptions(
    program
      .command('pause')
      .description('start nothing new; running segments go on to their rung')
      .argument('<sweep>'),
  )
    .option('--now', 'running segments write a checkpoint and give their trainer back')
    .action(async (sweep: string, options: ConnectionOptions & { now?: boolean }) => {
      const { updateSweep } = await import('../update.js');
      const { pauseSweep } = await import('../../../workflows/messages.js');
      await updateSweep(sweep, options, pauseSweep, [{ now: options.now === true }]);
    });
}
