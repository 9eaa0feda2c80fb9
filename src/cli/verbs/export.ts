import type { Command } from 'commander';
import { Option } from 'commander';
import type { StoreOption } from '../connection.js';
import { withStoreOption } from '../connectionOptions.js';

export function register(program: Command): void {
  withStoreOption(
    program
      .command('export')
      .description(
        'every trial of a sweep as a table (csv) or as whole records (jsonl), from the store alone',
      )
      .argument('<sweep>'),
  )
    .option('--out <file>', 'the file to write (default: standard output)')
    .addOption(
      new Option('--format <format>', 'csv: one row a trial; jsonl: one record a line')
        .choices(['csv', 'jsonl'])
        .default('csv'),
    )
    .action(async (sweep: string, options: StoreOption & { out?: string; format: 'csv' | 'jsonl' }) => {
      const { loadSnapshot } = await import('../snapshot.js');
      const { trialsCsv, trialsJsonLines } = await import('../../report/export.js');
      const { snapshot } = await loadSnapshot(options, sweep);
      const text = options.format === 'csv' ? trialsCsv(snapshot) : trialsJsonLines(snapshot);
      if (options.out === undefined || options.out === '-') {
        process.stdout.write(text);
        return;
      }
      const { writeWhole } = await import('../../report/report.js');
      await writeWhole(options.out, text);
      process.stderr.write(`${snapshot.trials.length} trials → ${options.out}\n`);
    });
}
