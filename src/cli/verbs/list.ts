import type { Command } from 'commander';
import type { StoreOption } from '../connection.js';
import { jsonText } from '../../report/text.js';
import { withStoreOption } from '../connectionOptions.js';

export function register(program: Command): void {
  withStoreOption(program.command('list').description('the sweeps in a store'))
    .option('--json', 'print a JSON array')
    .action(async (options: StoreOption & { json?: boolean }) => {
      const { connectStore } = await import('../connection.js');
      const { listSweeps, readSweepRecord } = await import('../../store/records.js');
      const store = await connectStore(options);
      const rows = [];
      for (const name of await listSweeps(store)) {
        const record = await readSweepRecord(store, name);
        rows.push({ name, state: record?.state ?? 'launched', startedAt: record?.startedAt ?? '' });
      }
      if (options.json) process.stdout.write(`${jsonText(rows)}\n`);
      else if (rows.length === 0) process.stdout.write(`no sweep in ${store.url}\n`);
      else {
        const { cleanLine } = await import('../../report/text.js');
        // A folder that somebody else made may be called anything.
        for (const row of rows)
          process.stdout.write(`${cleanLine(row.name)}  ${row.state}  ${row.startedAt}\n`);
      }
    });
}
