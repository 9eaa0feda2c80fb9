import type { Command } from 'commander';
import { Option } from 'commander';
import type { StoreOption } from '../connection.js';
import { withStoreOption } from '../connectionOptions.js';
import { say } from '../say.js';

interface ArchiveOptions extends StoreOption {
  checkpoints: 'newest' | 'all' | 'none';
  withData?: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  withStoreOption(
    program
      .command('archive')
      .description('write a whole sweep into one tar file: spec, amendments, trials, curves, checkpoints')
      .argument('<sweep>')
      .argument('<file>', 'e.g. phi4-quick.tar'),
  )
    .addOption(
      new Option('--checkpoints <which>', 'of each trial: the newest good one, every good one, or none')
        .choices(['newest', 'all', 'none'])
        .default('newest'),
    )
    .option('--with-data', 'the data set too; without it a resumed sweep makes it anew')
    .option('--json', 'print one JSON object')
    .action(async (sweep: string, file: string, options: ArchiveOptions) => {
      const { connectStore } = await import('../connection.js');
      const { writeArchive } = await import('../../archive/write.js');
      const { sweepDatasetKey } = await import('../../data/sweepData.js');
      const { formatBytes } = await import('../../report/figures.js');
      const summary = await writeArchive({
        store: await connectStore(options),
        sweep,
        file,
        checkpoints: options.checkpoints,
        ...(options.withData ? { dataset: (spec) => sweepDatasetKey(spec.task) } : {}),
        onWarning: say,
      });
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ file, ...summary })}\n`
          : `${file}: ${summary.trials} trials, ${summary.checkpoints} checkpoints, ${formatBytes(summary.bytes)}\n`,
      );
    });

  withStoreOption(
    program
      .command('import')
      .description('bring an archived sweep into a store, after checking all of it')
      .argument('<file>', 'what `rgsweep archive` wrote'),
  )
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: StoreOption & { json?: boolean }) => {
      const path = await import('node:path');
      const { connectStore, stackFolder } = await import('../connection.js');
      const { readArchive } = await import('../../archive/read.js');
      const store = await connectStore(options);
      const summary = await readArchive({
        store,
        file,
        stagingFolder: path.join(stackFolder(), 'cache', 'imports'),
        onWarning: say,
      });
      process.stdout.write(
        options.json
          ? `${JSON.stringify(summary)}\n`
          : `${summary.sweep}: ${summary.trials} trials are in ${store.url}; \`rgsweep resume ${summary.sweep}\` goes on with it\n`,
      );
    });
}
