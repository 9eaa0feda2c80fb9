import { type Command, Option } from 'commander';
import type { StoreOption } from '../connection.js';
import { jsonText } from '../../report/text.js';
import { withStoreOption } from '../connectionOptions.js';
import { parseCount } from '../options.js';

export function register(program: Command): void {
  withStoreOption(
    program
      .command('importance')
      .description(
        'which parameters matter, from the store: shares with errors, over the whole space and for the best',
      )
      .argument('<sweep>'),
  )
    .option('--metric <metric>', 'another metric than the objective')
    .addOption(
      new Option('--rung <steps>', 'read the results after so many training steps').argParser(
        parseCount('--rung', 1),
      ),
    )
    .option('--json', 'print everything, partial dependence included, as one JSON object')
    .action(
      async (sweep: string, options: StoreOption & { metric?: string; rung?: number; json?: boolean }) => {
        const { loadSnapshot } = await import('../snapshot.js');
        const { importanceOf } = await import('../../report/importance.js');
        const { importanceText } = await import('../../report/importanceText.js');
        const { snapshot } = await loadSnapshot(options, sweep);
        const found = importanceOf(snapshot, {
          ...(options.metric === undefined ? {} : { metric: options.metric }),
          ...(options.rung === undefined ? {} : { step: options.rung }),
        });
        process.stdout.write(
          options.json ? `${jsonText(found)}\n` : importanceText(found, process.stdout.columns ?? 100),
        );
      },
    );
}
