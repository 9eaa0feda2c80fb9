import { createTpe, tpeSettings } from '../src/samplers/tpe.js';
import type { Observation, Sampler } from '../src/samplers/types.js';
import { createSampler } from '../src/samplers/index.js';
import { type Problem, problems } from './search/problems.js';
import { simulate } from './search/simulate.js';
import { quantile, varghaDelaney } from './search/statistics.js';
import { samplerSuggester } from './search/suggesters.js';

/**
 * `npm run bench -- warm-start [--seeds 20] [--prior 60] [--half 10]`: what trials of an earlier search are worth to a new one,
 * and what they cost when they mislead. The earlier search is a random one of the same problem, with its values as
 * they are (`same`), on another scale (`other scale`: v ↦ 5 + 100 v, which ranks must not notice) or negated (`misleading`: its best are the worst).
 */
function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at >= 0 ? Number(process.argv[at + 1]) : otherwise;
}

const seeds = option('seeds', 20);
const priorTrials = option('prior', 60);
const tpe = createTpe({ ...tpeSettings, priorHalf: option('half', tpeSettings.priorHalf) });
const looksAt = [15, 30, 100];

const kinds: readonly { name: string; told: (value: number) => number }[] = [
  { name: 'same', told: (value) => value },
  { name: 'other scale', told: (value) => 5 + 100 * value },
  { name: 'misleading', told: (value) => -value },
];

function earlier(problem: Problem, seed: number, told: (value: number) => number): Observation[] {
  const random = createSampler('random');
  return Array.from({ length: priorTrials }, (_, trial): Observation => {
    const parameters = random({ space: problem.space, observations: [], trial, seed: 1000 + seed });
    const values = [{ step: 1, objectives: [told(problem.value(parameters))] }];
    return { trial, parameters, state: 'complete', values, prior: 'earlier' };
  });
}

async function regrets(problem: Problem, seed: number, prior: readonly Observation[]): Promise<number[]> {
  const sampler: Sampler = (input) => tpe({ ...input, observations: [...input.observations, ...prior] });
  const { regret } = await simulate(problem, samplerSuggester(sampler), seed, looksAt.at(-1)!, 1);
  return looksAt.map((count) => regret[count - 1]!);
}

console.log(
  `${priorTrials} earlier random trials, ${seeds} seeds: A (above ½: better than without) after ${looksAt.join(', ')} evaluations`,
);
const totals = kinds.map(() => looksAt.map(() => 0));
for (const problem of problems) {
  const without = await Promise.all(
    Array.from({ length: seeds }, (_, seed) => regrets(problem, seed + 1, [])),
  );
  const cells: string[] = [];
  for (const [k, kind] of kinds.entries()) {
    const results = await Promise.all(
      Array.from({ length: seeds }, (_, seed) =>
        regrets(problem, seed + 1, earlier(problem, seed + 1, kind.told)),
      ),
    );
    const scores = looksAt.map((_, i) =>
      varghaDelaney(
        results.map((one) => one[i]!),
        without.map((one) => one[i]!),
      ),
    );
    scores.forEach((a, i) => (totals[k]![i]! += a / problems.length));
    cells.push(`${kind.name} ${scores.map((a) => a.toFixed(2)).join(' ')}`.padEnd(32));
  }
  const median = looksAt.map((_, i) =>
    quantile(
      without.map((one) => one[i]!),
      0.5,
    ).toPrecision(2),
  );
  console.log(`${problem.name.padEnd(16)}${cells.join('')}median regret without: ${median.join(', ')}`);
}
console.log(
  `${'mean A'.padEnd(16)}${kinds.map((kind, k) => `${kind.name} ${totals[k]!.map((a) => a.toFixed(2)).join(' ')}`.padEnd(32)).join('')}`,
);
