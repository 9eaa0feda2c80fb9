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
    const { connectClient, connectStore } = await import('../connection.js');
    const { sweepIsOpen } = await import('../client.js');
    const { client } = await connectClient(options);
    if (!(await sweepIsOpen(client, sweep))) {
      // Asked for twice: what was wanted is so already.
      const { readSweepRecord } = await import('../../store/records.js');
      const record = await readSweepRecord(await connectStore(options), sweep);
      if (record?.state === 'stopped' || record?.state === 'complete' || record?.state === 'failed') {
        process.stdout.write(`${sweep}: ${record.state} already\n`);
        return;
      }
    }
    const { updateSweep } = await import('../update.js');
    const { stopSweep } = await import('../../../workflows/messages.js');
    await updateSweep(sweep, options, stopSweep, []);
  });
}
