import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions } from '../connectionOptions.js';

export function register(program: Command): void {
  withConnectionOptions(
    program
      .command('clone')
      .description('launch a sweep as another one was launched, under a new name; amendments are not copied')
      .argument('<sweep>')
      .argument('<name>', 'name of the new sweep'),
  )
    .option('--dry-run', 'say what it would train; start nothing')
    .option('--json', 'print one JSON object')
    .action(
      async (
        sweep: string,
        name: string,
        options: ConnectionOptions & { dryRun?: boolean; json?: boolean },
      ) => {
        const { RgsweepError } = await import('../../errors.js');
        const { connectClient, connectStore } = await import('../connection.js');
        const { readSpec } = await import('../../store/records.js');
        const { layout } = await import('../../store/layout.js');
        const store = await connectStore(options);
        layout.sweep(name);
        if (name === sweep) throw new RgsweepError('usage', `the clone of "${sweep}" needs another name`);
        const original = await readSpec(store, sweep);
        if (!original)
          throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`, {
            remedy: '`rgsweep list` shows the sweeps of a store; --store names another one',
          });
        const spec = { ...original, name };
        if (options.dryRun) {
          const { describePlan } = await import('../plan.js');
          const plan = describePlan(spec);
          process.stdout.write(options.json ? `${JSON.stringify(plan)}\n` : `${plan.text}\n`);
          return;
        }
        const { launchSweep } = await import('../client.js');
        const { automaticConcurrency } = await import('../slots.js');
        const { client } = await connectClient(options);
        const slots = () => automaticConcurrency(client, spec);
        const launched = await launchSweep({ client, store, spec, slots });
        if (options.json) process.stdout.write(`${JSON.stringify(launched)}\n`);
        else
          process.stdout.write(
            launched.existing
              ? `${name} is there already: attached, nothing was started twice\n`
              : `${name} is launched as ${sweep} was\n`,
          );
      },
    );
}
