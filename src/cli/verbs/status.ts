import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.js';
import { jsonText } from '../../report/text.js';
import { withConnectionOptions } from '../connectionOptions.js';

export function register(program: Command): void {
  withConnectionOptions(
    program
      .command('status')
      .description('how a sweep stands: states, best so far, time left')
      .argument('<sweep>'),
  )
    .option('--watch', 'go on showing it until the sweep ends')
    .option('--json', 'print one JSON object; with --watch one a line, whenever something changed')
    .action(async (sweep: string, options: ConnectionOptions & { watch?: boolean; json?: boolean }) => {
      const { connectClient, connectStore } = await import('../connection.js');
      const { readSpec } = await import('../../store/records.js');
      const { RgsweepError } = await import('../../errors.js');
      const { SweepCollector } = await import('../collect.js');
      const { progressOf } = await import('../progress.js');
      const store = await connectStore(options);
      const spec = await readSpec(store, sweep);
      if (!spec)
        throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`, {
          remedy: '`rgsweep list` shows the sweeps of a store; --store names another one',
        });
      // What is in the store can be shown without a server.
      const client = await connectClient(options).then(
        (connected) => connected.client,
        (error: unknown) => {
          if (options.watch) throw error;
          process.stderr.write('rgsweep: no Temporal server answers; this is what the store knows\n');
          return undefined;
        },
      );
      if (options.watch && client) {
        const { followSweep, onceMended } = await import('../follow.js');
        const stop = new AbortController();
        process.once('SIGINT', () => stop.abort());
        const json = options.json === true;
        const { signal } = stop;
        const state = await followSweep({ client, store, sweep, signal, output: process.stdout, json });
        if (state === 'failed' && !json) process.stdout.write(`${onceMended(sweep)}\n`);
        return;
      }
      const view = await new SweepCollector(client, store, spec).collect();
      const progress = progressOf(view);
      if (options.json) {
        process.stdout.write(`${jsonText(progress)}\n`);
        return;
      }
      const { progressView } = await import('../../report/progress.js');
      for (const line of progressView(progress, process.stdout.columns ?? 100))
        process.stdout.write(`${line}\n`);
      const { onceMended } = await import('../follow.js');
      if (progress.state === 'failed') process.stdout.write(`${onceMended(sweep)}\n`);
      const resumable = progress.state === 'paused' || (client && !view.open && progress.state === 'running');
      if (resumable)
        process.stdout.write(
          `${view.open ? 'it is paused' : 'its workflow is not open on the server'}: \`rgsweep resume ${sweep}\` goes on\n`,
        );
    });
}
