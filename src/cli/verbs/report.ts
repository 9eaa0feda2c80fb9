import type { Command } from 'commander';
import { Option } from 'commander';
import type { StoreOption } from '../connection.js';
import { withStoreOption } from '../connectionOptions.js';
import { say } from '../say.js';

export function register(program: Command): void {
  withStoreOption(
    program
      .command('report')
      .description(
        'write what a sweep found into one file, from the store alone: answer, charts, every trial, method',
      )
      .argument('<sweep>'),
  )
    .option('--out <file>', 'the file to write; - is standard output (default: <sweep>.html or <sweep>.md)')
    .addOption(
      new Option('--format <format>', 'html (with charts, opens from disk) or md')
        .choices(['html', 'md'])
        .default('html'),
    )
    .option('--json', 'print one JSON object: the file, its size and the answer')
    .action(
      async (
        sweep: string,
        options: StoreOption & { out?: string; format: 'html' | 'md'; json?: boolean },
      ) => {
        const { connectStore } = await import('../connection.js');
        const { loadReport, writeWhole } = await import('../../report/report.js');
        const store = await connectStore(options);
        const input = await loadReport(store, sweep, {
          onWarning: say,
        });
        const text =
          options.format === 'md'
            ? (await import('../../report/markdown.js')).renderMarkdown(input)
            : await (await import('../../report/html.js')).renderReport(input);
        if (options.out === '-') {
          process.stdout.write(text);
          return;
        }
        const file = options.out ?? `${sweep}.${options.format}`;
        await writeWhole(file, text);
        const { verdict } = await import('../../report/verdict.js');
        const { perConfigurationOf } = await import('../../report/pairs.js');
        const answer = verdict(input.snapshot, perConfigurationOf(input));
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ file, bytes: Buffer.byteLength(text), verdict: answer })}\n`
            : `${answer}\n\nreport  ${file}\n`,
        );
      },
    );
}
