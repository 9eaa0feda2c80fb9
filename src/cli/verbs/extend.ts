import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions } from '../connectionOptions.js';
import { parseCount } from '../options.js';
import type { Extension } from '../../sweep/types.js';

interface ExtendOptions {
  trials?: number;
  steps?: number;
  wallClock?: string;
  gpuHours?: number;
}

async function extensionOf({ trials, steps, wallClock, gpuHours }: ExtendOptions): Promise<Extension> {
  const { RgsweepError } = await import('../../errors.js');
  const { parseDuration } = await import('../../sweep/duration.js');
  const seconds = wallClock === undefined ? undefined : parseDuration(wallClock);
  if (wallClock !== undefined && seconds === undefined)
    throw new RgsweepError('usage', `--wall-clock: "${wallClock}" is no duration above 0`, {
      remedy: 'durations: 4h, 90m, 1h30m, 2d',
    });
  if (gpuHours !== undefined && !(Number.isFinite(gpuHours) && gpuHours > 0))
    throw new RgsweepError('usage', '--gpu-hours takes a number above 0');
  const extension = {
    ...(trials === undefined ? {} : { trials }),
    ...(steps === undefined ? {} : { steps }),
    ...(seconds === undefined ? {} : { wallClockSeconds: seconds }),
    ...(gpuHours === undefined ? {} : { gpuHours }),
  };
  if (Object.keys(extension).length === 0)
    throw new RgsweepError('usage', 'extend: nothing to extend', {
      remedy: 'give --trials, --steps, --wall-clock or --gpu-hours',
    });
  return extension;
}

export function register(program: Command): void {
  withConnectionOptions(
    program
      .command('extend')
      .description('give a running or paused sweep more of its budgets')
      .argument('<sweep>'),
  )
    .option('--trials <n>', 'how many more searched trials', parseCount('--trials', 1))
    .option('--steps <n>', 'how many more training steps', parseCount('--steps', 1))
    .option('--wall-clock <duration>', 'how much longer, e.g. 4h, 90m')
    .option('--gpu-hours <hours>', 'how many more hours of trainers', Number)
    .action(async (sweep: string, options: ConnectionOptions & ExtendOptions) => {
      const { updateSweep } = await import('../update.js');
      const { extendSweep } = await import('../../../workflows/messages.js');
      await updateSweep(sweep, options, extendSweep, [await extensionOf(options)]);
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
