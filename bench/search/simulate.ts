import { CounterRandom } from '../../src/random/philox.js';
import type { Parameters, SearchSpace } from '../../src/space/types.js';
import type { Problem } from './problems.js';

/** Something that suggests and is told: rgsweep's engine or the other one, driven alike. */
export interface Suggester {
  start(space: SearchSpace, seed: number): Promise<void>;
  ask(): Promise<{ id: number; params: Parameters; cpuMilliseconds: number }>;
  /** A value of null is a failed evaluation. */
  tell(id: number, value: number | null): Promise<void>;
}

export interface RunResult {
  /** Simple regret after each result. */
  regret: number[];
  cpuMilliseconds: number[];
}

/**
 * Runs one search of `evaluations` evaluations with `workers` asynchronous workers in simulated time: an evaluation
 * takes between 0.5 and 1.5, drawn from the seed alike for every suggester, and whoever is free asks.
 */
export async function simulate(
  problem: Problem,
  suggester: Suggester,
  seed: number,
  evaluations: number,
  workers: number,
): Promise<RunResult> {
  await suggester.start(problem.space, seed);
  const random = new CounterRandom(seed, 'bench/duration');
  const running: { at: number; id: number; value: number }[] = [];
  const result: RunResult = { regret: [], cpuMilliseconds: [] };
  let now = 0;
  let best = Infinity;
  for (let asked = 0; result.regret.length < evaluations;) {
    while (asked < evaluations && running.length < workers) {
      const { id, params, cpuMilliseconds } = await suggester.ask();
      result.cpuMilliseconds.push(cpuMilliseconds);
      running.push({ at: now + 0.5 + random.uniform(), id, value: problem.value(params) });
      asked++;
    }
    let next = 0;
    running.forEach((one, index) => {
      if (one.at < running[next]!.at) next = index;
    });
    const [done] = running.splice(next, 1);
    now = done!.at;
    await suggester.tell(done!.id, done!.value);
    best = Math.min(best, done!.value);
    result.regret.push(best - problem.minimum);
  }
  return result;
}
