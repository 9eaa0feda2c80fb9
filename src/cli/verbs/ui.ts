import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.js';
import { withConnectionOptions } from '../connectionOptions.js';
import { parsePort } from '../options.js';

export function register(program: Command): void {
  withConnectionOptions(
    program
      .command('ui')
      .description('the live page: sweeps, trials and charts in a browser, from the store and the server')
      .argument('[sweep]', 'the sweep whose address is printed'),
  )
    .option('--port <number>', 'port to listen on; 0 takes a free one', parsePort('--port'), 8244)
    .option(
      '--host <address>',
      'address to listen on; anything but loopback shows the sweeps to others',
      '127.0.0.1',
    )
    .option('--allow-host <name...>', 'host names, besides localhost, that the page may be called by')
    .option('--allow-actions', 'let the page pause, resume and stop sweeps, and enqueue trials')
    .option('--json', 'print one JSON object once it serves')
    .addHelpText('after', '\nThe page only reads unless --allow-actions is given. It ends with Ctrl-C.')
    .action(
      async (
        sweep: string | undefined,
        options: ConnectionOptions & {
          port: number;
          host: string;
          allowHost?: string[];
          allowActions?: boolean;
          json?: boolean;
        },
      ) => {
        const { servePage } = await import('../ui.js');
        await servePage(sweep, options);
      },
    );
}
