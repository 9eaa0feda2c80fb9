import type { Command } from 'commander';
import { Option } from 'commander';
import type { StoreOption } from '../connection.js';
import { withStoreOption } from '../connectionOptions.js';
import { parsePictureFormats, type PictureFormat } from '../pictureFiles.js';
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
    .option('--pictures <folder>', 'write every chart as a file there too')
    .addOption(
      new Option('--picture-format <list>', 'format of those files: svg, png, or both')
        .argParser(parsePictureFormats)
        .default(['svg'], 'svg'),
    )
    .option('--json', 'print one JSON object: the file, its size and the answer')
    .action(
      async (
        sweep: string,
        options: StoreOption & {
          out?: string;
          format: 'html' | 'md';
          pictures?: string;
          pictureFormat: PictureFormat[];
          json?: boolean;
        },
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
        const pictures: string[] = [];
        if (options.pictures !== undefined) {
          const { chartFiles } = await import('../../report/chartFiles.js');
          const { writePictures } = await import('../pictureFiles.js');
          pictures.push(
            ...(await writePictures(options.pictures, await chartFiles(input), options.pictureFormat)),
          );
        }
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
            ? `${JSON.stringify({ file, bytes: Buffer.byteLength(text), verdict: answer, ...(options.pictures === undefined ? {} : { pictures }) })}\n`
            : `${answer}\n\nreport  ${file}\n${pictures.length > 0 ? `pictures  ${pictures.length} in ${options.pictures}\n` : ''}`,
        );
      },
    );
}
