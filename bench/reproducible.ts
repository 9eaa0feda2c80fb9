import { CounterRandom } from '../src/random/philox.js';
import { createSampler } from '../src/samplers/index.js';
import { createSearch } from '../src/search/engine.js';
import { problems } from './search/problems.js';
import { quantile } from './search/statistics.js';

/**
 * `npm run bench -- reproducible [--seeds 20]`: what a search costs whose trials depend on its seed alone and not on timing, in simulated
 * time. An evaluation takes between 0.5 and 1.5 times its mean; 100 of them by 2, 4 and 8 workers, on each problem of the search benchmark.
 */
const at = process.argv.indexOf('--seeds');
const seeds = at >= 0 ? Number(process.argv[at + 1]) : 20;
const evaluations = 100;

function run(problem: (typeof problems)[number], seed: number, workers: number, fixed: boolean) {
  const search = createSearch({
    space: problem.space,
    sampler: createSampler('tpe'),
    seed,
    trials: evaluations,
    ...(fixed ? { reproducible: workers } : {}),
  });
  const random = new CounterRandom(seed, 'bench/duration');
  const durations = Array.from({ length: evaluations }, () => 0.5 + random.uniform());
  const open: { at: number; id: number; value: number }[] = [];
  let now = 0;
  let best = Infinity;
  for (let told = 0; told < evaluations; told++) {
    while (open.length < workers) {
      const next = search.ask();
      if (!next) break;
      open.push({ at: now + durations[next.id]!, id: next.id, value: problem.value(next.params) });
    }
    open.sort((a, b) => a.at - b.at);
    const done = open.shift()!;
    now = done.at;
    best = Math.min(best, done.value);
    search.tell({ id: done.id, value: done.value });
  }
  return { time: now, regret: best - problem.minimum };
}

for (const workers of [2, 4, 8]) {
  let [ratio, wins, count] = [0, 0, 0];
  const regrets: [number[], number[]] = [[], []];
  for (const problem of problems)
    for (let seed = 1; seed <= seeds; seed++) {
      const [free, fixed] = [run(problem, seed, workers, false), run(problem, seed, workers, true)];
      ratio += fixed.time / free.time;
      wins += fixed.regret < free.regret ? 1 : fixed.regret === free.regret ? 0.5 : 0;
      count++;
      regrets[0].push(free.regret);
      regrets[1].push(fixed.regret);
    }
  console.log(
    `${workers} workers: ${((ratio / count - 1) * 100).toFixed(1)} % longer; better in ${((100 * wins) / count).toFixed(0)} % of ${count} runs; ` +
      `median regret over all ${quantile(regrets[1], 0.5).toPrecision(2)} against ${quantile(regrets[0], 0.5).toPrecision(2)}`,
  );
}
