import type { Command } from 'commander';
import type { StoreOption } from '../connection.js';
import { jsonText } from '../../report/text.js';
import { withStoreOption } from '../connectionOptions.js';

export function register(program: Command): void {
  withStoreOption(
    program
      .command('compare')
      .description('the best trials of several sweeps side by side, from the store, with errors')
      .argument('<sweeps...>', 'two sweeps or more; all are compared with the first'),
  )
    .option('--json', 'print one JSON object')
    .action(async (sweeps: string[], options: StoreOption & { json?: boolean }) => {
      const { RgsweepError } = await import('../../errors.js');
      if (sweeps.length < 2)
        throw new RgsweepError('usage', `compare was given ${sweeps.length} sweep`, {
          remedy: 'name two sweeps or more: rgsweep compare FIRST SECOND',
        });
      const { loadSnapshot } = await import('../snapshot.js');
      const { foldReplicates } = await import('../../sweep/replicates.js');
      const { compareSweeps, comparisonText } = await import('../../report/compare.js');
      const { loadPerConfiguration } = await import('../../report/load.js');
      const snapshots = [];
      const likelihoods = [];
      for (const sweep of sweeps) {
        const { store, snapshot } = await loadSnapshot(options, sweep);
        snapshots.push(foldReplicates(snapshot));
        likelihoods.push(await loadPerConfiguration(store, snapshots.at(-1)!));
      }
      const found = compareSweeps(snapshots, likelihoods);
      process.stdout.write(
        options.json ? `${jsonText(found)}\n` : comparisonText(found, process.stdout.columns ?? 100),
      );
    });
}
