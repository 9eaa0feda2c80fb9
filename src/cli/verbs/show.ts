import type { Command } from 'commander';
import type { StoreOption } from '../connection.js';
import { jsonText } from '../../report/text.js';
import { withStoreOption } from '../connectionOptions.js';

export function register(program: Command): void {
  withStoreOption(
    program
      .command('show')
      .description('all about one trial: parameters, rungs, learning curve, checkpoints, failures')
      .argument('<sweep>', 'sweep, or SWEEP/TRIAL')
      .argument('[trial]', 'number of the trial'),
  )
    .option('--verify', 'read the checkpoints whole and compare their hashes')
    .option('--json', 'print one JSON object')
    .action(
      async (
        sweepText: string,
        trialText: string | undefined,
        options: StoreOption & { verify?: boolean; json?: boolean },
      ) => {
        const { openTrial } = await import('../trialReference.js');
        const { listCheckpoints } = await import('../../store/inventory.js');
        const { readCurve } = await import('../../store/records.js');
        const { store, spec, trial } = await openTrial(options, sweepText, trialText);
        const [curve, checkpoints] = await Promise.all([
          readCurve(store, spec.name, trial.trial),
          listCheckpoints(store, spec.name, trial.trial, { verify: options.verify === true }),
        ]);
        if (options.json) {
          process.stdout.write(`${jsonText({ sweep: spec.name, ...trial, checkpoints, curve })}\n`);
          return;
        }
        const { trialText: render } = await import('../../report/trialText.js');
        process.stdout.write(
          `${render({ spec, trial, curve, checkpoints }, process.stdout.columns ?? 100)}\n`,
        );
      },
    );

  withStoreOption(
    program
      .command('logs')
      .description('what a trial’s trainers printed and its workers warned of, from the store')
      .argument('<sweep>', 'sweep, or SWEEP/TRIAL')
      .argument('[trial]', 'number of the trial'),
  )
    .option('--warnings', 'only warnings and errors')
    .option('--json', 'print JSON lines')
    .action(
      async (
        sweepText: string,
        trialText: string | undefined,
        options: StoreOption & { warnings?: boolean; json?: boolean },
      ) => {
        const { openTrial } = await import('../trialReference.js');
        const { readLogs } = await import('../../store/logs.js');
        const { cleanLine, cleanText } = await import('../../report/text.js');
        const { store, spec, trial } = await openTrial(options, sweepText, trialText);
        for (const line of await readLogs(store, spec.name, trial.trial)) {
          if (options.warnings && line.level !== 'warning' && line.level !== 'error') continue;
          process.stdout.write(
            options.json
              ? `${jsonText(line)}\n`
              : `${cleanLine(line.at)}  ${line.level.padEnd(7)}  ${cleanText(line.text)}\n`,
          );
        }
      },
    );
}
