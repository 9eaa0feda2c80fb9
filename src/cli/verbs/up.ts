import type { Command } from 'commander';
import type { BackendRequest } from '../../train/protocol.js';
import { parseBackend, parseCount } from '../options.js';
import { withStoreOption, withTakeOverOption } from '../connectionOptions.js';

interface UpVerbOptions {
  fresh?: boolean;
  store?: string;
  slots?: number;
  backend?: BackendRequest;
  follow: boolean;
  takeOver?: boolean;
}

export function register(program: Command): void {
  withTakeOverOption(
    withStoreOption(
      program
        .command('up')
        .description('start the embedded server and workers, run a sweep, show what it found (npm start)')
        .argument('[file]', 'sweep file (default: sweeps/phi4-quick.yaml)'),
    ),
  )
    .option('--fresh', 'start another sweep under the next free name when this one exists')
    .option(
      '--slots <n>',
      'trainers at a time (default: what cores and memory allow)',
      parseCount('--slots', 1),
    )
    .option('--backend <name>', "backend of the trainers (default: the sweep's)", parseBackend)
    .option('--no-follow', 'launch the sweep and go on serving until Ctrl-C')
    .addHelpText(
      'after',
      '\nCtrl-C writes checkpoints and stops; the same command goes on. A second Ctrl-C ends at once.' +
        '\nExit code: 0 done, 1 failed, 2 usage, 130 stopped by Ctrl-C.',
    )
    .action(async (file: string | undefined, options: UpVerbOptions) => {
      const { up } = await import('../up.js');
      // The workers inherit it.
      if (options.backend !== undefined) process.env.RGSWEEP_BACKEND = options.backend;
      process.exitCode = await up({ ...options, ...(file === undefined ? {} : { file }) });
    });
}
