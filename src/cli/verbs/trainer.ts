import type { Command } from 'commander';
import type { Parameters } from '../../space/types.js';
import { parseCount } from '../options.js';
import { parseSet } from '../parameterOption.js';

interface CheckOptions {
  steps: number;
  limit: number;
  grace: number;
  set?: Parameters;
  json?: boolean;
}

export function register(program: Command): void {
  const trainer = program
    .command('trainer')
    .description('programs that train: does one speak the trainer protocol?')
    .exitOverride();
  trainer
    .command('check')
    .description(
      'run a trainer in all the ways that a sweep does, and say where it departs from docs/trainer-protocol.md',
    )
    .argument('[command...]', 'program and arguments, after --; without them the built-in trainer')
    .option('--steps <n>', 'steps of a short training', parseCount('--steps', 4), 20)
    .option('--limit <seconds>', 'end a run that takes longer', parseCount('--limit', 1), 120)
    .option('--grace <seconds>', 'for its checkpoint after SIGTERM', parseCount('--grace', 1), 20)
    .option('--set <name=value>', 'a parameter of the trial; may be repeated', parseSet)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample: rgsweep trainer check -- python3 train.py')
    .action(async (command: string[], options: CheckOptions) => {
      const { runTrainerCheck } = await import('../../worker/trainerCheck/run.js');
      const { cleanText } = await import('../../report/text.js');
      const marks = { passed: '✓', advice: '!', failed: '✗' };
      const results = await runTrainerCheck({
        ...(command.length > 0 ? { command } : {}),
        parameters: { colour: 'matched', batchSize: 32, channels: 4, ...options.set },
        steps: options.steps,
        limitSeconds: options.limit,
        graceSeconds: options.grace,
        onResult: ({ name, outcome, details }) => {
          if (options.json) return;
          process.stdout.write(`${marks[outcome]} ${name}\n`);
          for (const detail of details)
            process.stdout.write(`    ${cleanText(detail).replaceAll('\n', '\n    ')}\n`);
        },
      });
      const failed = results.filter(({ outcome }) => outcome === 'failed').length;
      if (options.json) process.stdout.write(`${JSON.stringify({ conforms: failed === 0, results })}\n`);
      else
        process.stdout.write(
          failed === 0
            ? 'conforms to version 1 of the trainer protocol\n'
            : `${failed} requirements are not met\n`,
        );
      process.exitCode = failed === 0 ? 0 : 1;
    });
}
