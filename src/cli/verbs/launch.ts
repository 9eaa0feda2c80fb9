import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions, withTakeOverOption } from '../connectionOptions.js';

interface LaunchVerbOptions extends ConnectionOptions {
  fresh?: boolean;
  dryRun?: boolean;
  follow?: boolean;
  takeOver?: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  withTakeOverOption(
    withConnectionOptions(
      program
        .command('launch')
        .description('check a sweep file and start the sweep on a running server and its workers')
        .argument('<file>', 'sweep file, e.g. sweeps/phi4-quick.yaml'),
    ),
  )
    .option('--fresh', 'start another sweep under the next free name when this one exists')
    .option(
      '--dry-run',
      'check the file, and in the store its name and warmStart; say what it would train; start nothing, ask no server',
    )
    .option('--follow', 'show progress until the sweep ends')
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: LaunchVerbOptions) => {
      const { launchSweep } = await import('../client.js');
      const { connectClient, connectStore } = await import('../connection.js');
      const { loadSweepFile } = await import('../loadSweepFile.js');
      const { describePlan } = await import('../plan.js');
      const { cleanText } = await import('../../report/text.js');
      const spec = await loadSweepFile(file);
      if (options.dryRun) {
        const { checkLaunch } = await import('../launchChecks.js');
        const plan = describePlan(spec);
        const notes = await checkLaunch(spec, () => connectStore(options), options);
        const text = [plan.text, ...notes.map((note) => `  note: ${note}`)].join('\n');
        process.stdout.write(
          options.json ? `${JSON.stringify({ ...plan, notes })}\n` : `${cleanText(text)}\n`,
        );
        return;
      }
      const { automaticConcurrency } = await import('../slots.js');
      const store = await connectStore(options);
      const { client } = await connectClient(options);
      const launched = await launchSweep({
        client,
        store,
        spec,
        slots: () => automaticConcurrency(client, spec),
        ...(options.fresh ? { fresh: true } : {}),
        ...(options.takeOver ? { takeOver: true } : {}),
      });
      if (options.json) process.stdout.write(`${JSON.stringify(launched)}\n`);
      else
        process.stdout.write(
          launched.finished
            ? `${launched.name} has finished already: \`rgsweep status ${launched.name}\` shows its result\n`
            : launched.existing
              ? `${launched.name} is running: attached, nothing was started twice\n`
              : `${launched.name} is launched\n`,
        );
      if (options.follow && !launched.finished) {
        const { followSweep, onceMended } = await import('../follow.js');
        const stop = new AbortController();
        process.once('SIGINT', () => stop.abort());
        const state = await followSweep({
          client,
          store,
          sweep: launched.name,
          signal: stop.signal,
          output: process.stdout,
        });
        if (state === 'failed') {
          process.stdout.write(`${onceMended(launched.name)}\n`);
          process.exitCode = 1;
        }
      }
    });
}
