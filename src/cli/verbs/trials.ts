import type { Command } from 'commander';
import type { StoreOption } from '../connection.js';
import { jsonText } from '../../report/text.js';
import { withStoreOption } from '../connectionOptions.js';

export function register(program: Command): void {
  withStoreOption(
    program.command('trials').description('the trials of a sweep, from the store').argument('<sweep>'),
  )
    .option('--json', 'print the records as JSON lines')
    .option('--state <state>', 'only trials in this state')
    .action(async (sweep: string, options: StoreOption & { json?: boolean; state?: string }) => {
      const { loadSnapshot } = await import('../snapshot.js');
      const { snapshot } = await loadSnapshot(options, sweep);
      const { trialStates } = await import('../../sweep/types.js');
      if (options.state !== undefined && !(trialStates as readonly string[]).includes(options.state)) {
        const { RgsweepError } = await import('../../errors.js');
        throw new RgsweepError('usage', `--state: "${options.state}" is none of ${trialStates.join(', ')}`);
      }
      const trials = snapshot.trials.filter((trial) => !options.state || trial.state === options.state);
      if (options.json) {
        for (const trial of trials) process.stdout.write(`${jsonText(trial)}\n`);
        return;
      }
      const { trialTable } = await import('../../report/table.js');
      const { foldReplicates } = await import('../../sweep/replicates.js');
      const folded = foldReplicates(snapshot);
      const shown = folded.trials.filter((trial) => !options.state || trial.state === options.state);
      process.stdout.write(`${trialTable(folded, shown, process.stdout.columns ?? 100)}\n`);
      if (folded !== snapshot)
        process.stdout.write(
          `\na line a configuration, its seeds' mean: ${trials.length} trials in all (--json lists each)\n`,
        );
    });

  withStoreOption(
    program.command('best').description('the best trial of a sweep, from the store').argument('<sweep>'),
  )
    .option('--json', 'print the record as JSON')
    .action(async (sweep: string, options: StoreOption & { json?: boolean }) => {
      const { loadSnapshot } = await import('../snapshot.js');
      const { bestSearched, verdict } = await import('../../report/ranking.js');
      const { foldReplicates } = await import('../../sweep/replicates.js');
      const { store, snapshot: read } = await loadSnapshot(options, sweep);
      const snapshot = foldReplicates(read);
      const best = bestSearched(snapshot);
      const { frontOf, frontRows, frontSummary, frontWords, hypervolumeWords, objectiveHeads } =
        await import('../../report/front.js');
      const front = frontOf(snapshot);
      if (options.json) {
        const more = front ? { front: frontSummary(front) } : {};
        process.stdout.write(`${jsonText(best ? { ...best, ...more } : null)}\n`);
        return;
      }
      const { loadPerConfiguration } = await import('../../report/load.js');
      process.stdout.write(`${verdict(snapshot, await loadPerConfiguration(store, snapshot))}\n`);
      if (front) {
        const { layoutTable } = await import('../../report/table.js');
        const heads = objectiveHeads(front);
        const columns = [
          { title: 'trial', align: 'right' as const, dispensable: 0 },
          { title: 'schedule', align: 'left' as const, flexible: 16, dispensable: 0 },
          ...heads.map((title) => ({ title, align: 'right' as const, dispensable: 0 })),
          ...heads.map((title) => ({ title: `${title}, test`, align: 'right' as const, dispensable: 1 })),
        ];
        const lines = layoutTable(columns, frontRows(front), process.stdout.columns ?? 100);
        process.stdout.write(`\n${frontWords(front)}\n\n${lines.join('\n')}\n\n${hypervolumeWords(front)}\n`);
      }
      if (!best) return;
      const { parameterLine } = await import('../../report/trialText.js');
      for (const [name, value] of Object.entries(best.parameters))
        process.stdout.write(`  ${parameterLine(name, value)}\n`);
    });
}
