import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions } from '../connectionOptions.js';

export function register(program: Command): void {
  withConnectionOptions(
    program
      .command('stop')
      .description('end a sweep: running segments write a checkpoint first; `resume` goes on with it')
      .argument('<sweep>'),
  ).action(async (sweep: string, options: ConnectionOptions) => {
    const { updateSweep } = await import('../update.js');
    const { stopSweep } = await import('../../../workflows/messages.js');
    await updateSweep(sweep, options, stopSweep, []);
  });
}
