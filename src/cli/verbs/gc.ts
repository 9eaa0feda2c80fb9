import type { Command } from 'commander';
import type { StoreOption } from '../connection.js';
import { withStoreOption } from '../connectionOptions.js';
import { parseCount } from '../options.js';
import { say } from '../say.js';

interface GcOptions extends StoreOption {
  dryRun?: boolean;
  olderThanHours: number;
  json?: boolean;
}

export function register(program: Command): void {
  withStoreOption(
    program
      .command('gc')
      .description(
        'delete what nobody needs: surplus checkpoints, killed attempts, unused data sets, uploads',
      )
      .argument('[sweep]', 'one sweep only (default: the whole store)'),
  )
    .option('--dry-run', 'say what would go; delete nothing')
    .option(
      '--older-than-hours <n>',
      'what may still be in the making is left alone until it is so old',
      parseCount('--older-than-hours', 0),
      24,
    )
    .option('--json', 'print JSON lines')
    .addHelpText(
      'after',
      '\nA trial’s only good checkpoint never goes, nor does what a running attempt writes.',
    )
    .action(async (sweep: string | undefined, options: GcOptions) => {
      const { RgsweepError } = await import('../../errors.js');
      const { connectStore } = await import('../connection.js');
      const { findGarbage } = await import('../../store/gc.js');
      const { readSpec } = await import('../../store/records.js');
      const { sweepDatasetKey } = await import('../../data/sweepData.js');
      const { taskDatasetKey } = await import('../../data/taskDataset.js');
      const { retentionOf } = await import('../../sweep/retention.js');
      const { formatBytes } = await import('../../report/figures.js');
      const store = await connectStore(options);
      if (sweep !== undefined && !(await readSpec(store, sweep)))
        throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`, {
          remedy: '`rgsweep list` shows the sweeps of a store; --store names another one',
        });
      let count = 0;
      let bytes = 0;
      const garbage = findGarbage(store, {
        ...(sweep === undefined ? {} : { sweep }),
        olderThanMilliseconds: options.olderThanHours * 3_600_000,
        retentionOf,
        datasetOf: (spec) => sweepDatasetKey(spec.task),
        // What was read from files cannot be made again without them.
        keepDatasets: [taskDatasetKey({ name: 'cifar10' })],
        onWarning: say,
      });
      for await (const { remove, ...found } of garbage) {
        if (!options.dryRun) await remove();
        count++;
        bytes += found.bytes;
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ ...found, removed: !options.dryRun })}\n`
            : `${found.kind.padEnd(21)}  ${formatBytes(found.bytes).padStart(9)}  ${found.what}\n`,
        );
      }
      if (!options.json)
        process.stdout.write(
          `${count === 0 ? 'nothing to delete' : `${options.dryRun ? 'would delete' : 'deleted'} ${count}, ${formatBytes(bytes)}`}\n`,
        );
    });
}
