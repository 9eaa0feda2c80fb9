import { type FidelityMethod, type FidelityRun, simulateFidelity } from './fidelity/simulate.js';
import { readTable, tableEpochs, tableSeeds } from './fidelity/table.js';
import { quantile, varghaDelaney, worseProbability } from './search/statistics.js';

/**
 * `npm run bench -- fidelity [--seeds 40] [--budget 1080] [--workers 8]`: searches over a table of real learning curves
 * (`npm run bench -- learning-curves` made it) at equal cost: every trial trained whole or by promotion ASHA, sampled at
 * random or by tpe, with no failures and with 10 % of the segments lost.
 */
function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at >= 0 ? Number(process.argv[at + 1]) : otherwise;
}

const seeds = option('seeds', 40);
const budget = option('budget', 1080);
const workers = option('workers', 8);
const methods: readonly FidelityMethod[] = [
  { name: 'full random', sampler: 'random', promotion: false },
  { name: 'full tpe', sampler: 'tpe', promotion: false },
  { name: 'ASHA random', sampler: 'random', promotion: true },
  { name: 'ASHA tpe', sampler: 'tpe', promotion: true },
];

const table = readTable();
const finals = table.configurations.map(
  (one) => tableSeeds.reduce((sum, seed) => sum + table.loss(one, seed, tableEpochs), 0) / tableSeeds.length,
);
const best = Math.min(...finals.filter(Number.isFinite));
console.log(
  `${table.configurations.length} configurations × ${tableEpochs} epochs × ${tableSeeds.length} seeds; validation loss after all epochs ` +
    `(mean of the seeds): best ${best.toFixed(4)}, quartiles ${[0.25, 0.5, 0.75].map((q) => quantile(finals.filter(Number.isFinite), q).toFixed(3)).join(', ')}`,
);

/** A as "better than", and the one-sided p of being no better. */
function against(name: string, ours: readonly number[], theirs: readonly number[]): boolean {
  const a = varghaDelaney(ours, theirs);
  const p = worseProbability(theirs, ours);
  console.log(
    `  ASHA tpe against ${name.padEnd(12)} A ${a.toFixed(2)}, p ${p.toPrecision(2)} (one-sided, that it is not better)`,
  );
  return a >= 0.5;
}

let missed = false;
for (const failure of [0, 0.1]) {
  console.log(
    `\n${budget} epochs, ${workers} workers, ${failure * 100} % of the segments lost, ${seeds} seeds: regret of the chosen configuration, median [quartiles]`,
  );
  const losses = new Map<string, number[]>();
  for (const method of methods) {
    const runs: FidelityRun[] = Array.from({ length: seeds }, (_, run) =>
      simulateFidelity(table, method, run + 1, { budget, workers, failure }),
    );
    const regrets = runs.map(({ loss }) => loss - best);
    losses.set(method.name, regrets);
    const mean = (pick: (run: FidelityRun) => number): string =>
      (runs.reduce((sum, run) => sum + pick(run), 0) / seeds).toFixed(1);
    const without = runs.reduce((sum, run) => sum + run.repeatedWithoutFailure, 0);
    if (without > 0) missed = true;
    const [low, middle, high] = [0.25, 0.5, 0.75].map((q) => quantile(regrets, q).toFixed(4));
    console.log(
      `${method.name.padEnd(12)} ${middle} [${low}, ${high}]  ${mean(({ trials }) => trials)} trials, ${mean(({ whole }) => whole)} whole; epochs repeated: ${mean(({ repeatedAfterFailure }) => repeatedAfterFailure)} after a failure, ${without} without one`,
    );
  }
  const ours = losses.get('ASHA tpe')!;
  for (const name of ['full tpe', 'ASHA random', 'full random'])
    if (!against(name, ours, losses.get(name)!)) missed = true;
}
if (missed) {
  console.log('\na target was missed');
  process.exitCode = 1;
}
