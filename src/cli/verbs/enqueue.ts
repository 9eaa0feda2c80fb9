import type { Command } from 'commander';
import type { Parameters } from '../../space/types.js';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions } from '../connectionOptions.js';

export function register(program: Command): void {
  withConnectionOptions(
    program
      .command('enqueue')
      .description('run a parameter set of your own before the sampler is asked again')
      .argument('<sweep>'),
  )
    .requiredOption(
      '--params <json>',
      'parameters as a JSON object, e.g. {"colour":"matched","cutoffWidth":1}',
    )
    .action(async (sweep: string, options: ConnectionOptions & { params: string }) => {
      const { RgsweepError } = await import('../../errors.js');
      let parameters: unknown;
      try {
        parameters = JSON.parse(options.params);
      } catch (error) {
        throw new RgsweepError('usage', `--params: ${options.params.slice(0, 200)} is no JSON`, {
          cause: error,
        });
      }
      if (parameters === null || typeof parameters !== 'object' || Array.isArray(parameters))
        throw new RgsweepError('usage', '--params takes a JSON object of parameter names and values');
      const { loadSnapshot } = await import('../snapshot.js');
      const { completeEnqueued } = await import('../../sweep/parameters.js');
      const { snapshot } = await loadSnapshot(options, sweep);
      const completed = completeEnqueued(snapshot.spec.space, parameters as Parameters, '--params');
      const { updateSweep } = await import('../update.js');
      const { enqueueTrial } = await import('../../../workflows/messages.js');
      await updateSweep(sweep, options, enqueueTrial, [completed]);
    });
}
