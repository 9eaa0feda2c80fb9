import { sampleRandom } from '../../src/samplers/random.js';
import type { Observation, Sampler } from '../../src/samplers/types.js';
import { problems } from './problems.js';
import type { Suggester } from './simulate.js';
import { quantile } from './statistics.js';

export interface Cost {
  trials: number;
  /** Median CPU milliseconds of one suggestion. */
  ours: number;
  theirs: number | undefined;
  ratio: number | undefined;
}

const repeats = 15;

/**
 * CPU per suggestion in 10 dimensions with 100 to 10,000 finished trials; the other one's with 100 and 1,000 only (it
 * takes minutes to be told more).
 */
export async function measureCost(other: Suggester, sampler: Sampler): Promise<Cost[]> {
  const problem = problems.find(({ name }) => name === 'ackley-10')!;
  const costs: Cost[] = [];
  await other.start(problem.space, 1);
  let told = 0;
  for (const trials of [100, 300, 1000, 3000, 10_000]) {
    const observations: Observation[] = [];
    for (let trial = 0; trial < trials; trial++) {
      const parameters = sampleRandom({ space: problem.space, observations: [], trial, seed: 1 });
      const values = [{ step: 1, objectives: [problem.value(parameters)] }];
      observations.push({ trial, parameters, state: 'complete', values });
    }
    const ours: number[] = [];
    // The first calls compile; a search in use has made them long ago.
    for (let i = -5; i < repeats; i++) {
      const before = process.cpuUsage();
      sampler({ space: problem.space, observations, trial: trials + i, seed: 1 });
      const { user, system } = process.cpuUsage(before);
      if (i >= 0) ours.push((user + system) / 1000);
    }
    let theirs: number | undefined;
    if (trials <= 1000) {
      const spent: number[] = [];
      for (; told < trials; told++) {
        const { id, params, cpuMilliseconds } = await other.ask();
        await other.tell(id, problem.value(params));
        if (told >= trials - repeats) spent.push(cpuMilliseconds);
      }
      theirs = quantile(spent, 0.5);
    }
    const mine = quantile(ours, 0.5);
    costs.push({ trials, ours: mine, theirs, ratio: theirs === undefined ? undefined : mine / theirs });
  }
  return costs;
}

export function printCost(costs: readonly Cost[]): void {
  console.log('\nCPU milliseconds per suggestion, 10 dimensions, medians (target: at most a fifth)');
  console.log('trials   rgsweep   optuna   ratio   rgsweep / (n log n) relative to n = 100');
  const base = costs[0]!;
  for (const { trials, ours, theirs, ratio } of costs) {
    const growth = ours / base.ours / ((trials * Math.log(trials)) / (base.trials * Math.log(base.trials)));
    console.log(
      `${String(trials).padEnd(9)}${ours.toFixed(2).padEnd(10)}${(theirs?.toFixed(2) ?? '–').padEnd(9)}${(ratio?.toFixed(2) ?? '–').padEnd(8)}${growth.toFixed(2)}`,
    );
  }
}
