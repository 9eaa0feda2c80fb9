import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions } from '../connectionOptions.js';
import { parseCount } from '../options.js';

export function register(program: Command): void {
  withConnectionOptions(
    program.command('extend').description('give a running or paused sweep more trials').argument('<sweep>'),
  )
    .requiredOption('--trials <n>', 'how many more searched trials', parseCount('--trials', 1))
    .action(async (sweep: string, options: ConnectionOptions & { trials: number }) => {
      const { updateSweep } = await import('../update.js');
      const { extendSweep } = await import('../../../workflows/messages.js');
      await updateSweep(sweep, options, extendSweep, [{ trials: options.trials }]);
    });

  withConnectionOptions(
    program
      .command('set')
      .description('change how a running sweep works: `set SWEEP concurrency 4`')
      .argument('<sweep>')
      .argument('<what>', 'concurrency')
      .argument('<value>', 'a whole number', parseCount('value', 1)),
  ).action(async (sweep: string, what: string, value: number, options: ConnectionOptions) => {
    const { RgsweepError } = await import('../../errors.js');
    if (what !== 'concurrency')
      throw new RgsweepError('usage', `"${what}" cannot be set`, { remedy: 'what can be set: concurrency' });
    const { updateSweep } = await import('../update.js');
    const { setConcurrency } = await import('../../../workflows/messages.js');
    await updateSweep(sweep, options, setConcurrency, [value]);
  });
}
