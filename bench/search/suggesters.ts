import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Observation, Sampler } from '../../src/samplers/types.js';
import type { Parameters, SearchSpace } from '../../src/space/types.js';
import type { Suggester } from './simulate.js';

/** A sampler driven in this process. */
export function samplerSuggester(sampler: Sampler): Suggester {
  let observations: Observation[] = [];
  let space: SearchSpace = { parameters: [] };
  let seed = 0;
  return {
    async start(newSpace, newSeed) {
      [observations, space, seed] = [[], newSpace, newSeed];
    },
    async ask() {
      const id = observations.length;
      const before = process.cpuUsage();
      const params = sampler({ space, observations, trial: id, seed });
      const spent = process.cpuUsage(before);
      observations.push({ trial: id, parameters: params, state: 'running', values: [] });
      return { id, params, cpuMilliseconds: (spent.user + spent.system) / 1000 };
    },
    async tell(id, value) {
      const known = observations[id]!;
      observations[id] =
        value === null
          ? { ...known, state: 'failed' }
          : { ...known, state: 'complete', values: [{ step: 1, objectives: [value] }] };
    },
  };
}

/** A program that speaks the ask/tell lines. `close` ends it. */
export function programSuggester(command: string, args: readonly string[]): Suggester & { close(): void } {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]() as AsyncIterator<
    string,
    undefined
  >;
  const write = (message: unknown): void => void child.stdin.write(`${JSON.stringify(message)}\n`);
  return {
    async start(space, seed) {
      write({ op: 'space', space: space.parameters, seed, sampler: 'tpe' });
    },
    async ask() {
      write({ op: 'ask' });
      const next = await lines.next();
      if (next.done) throw new Error(`${command} ended before it answered`);
      const answer = JSON.parse(next.value) as { id: number; params: Parameters; cpu?: number };
      return { id: answer.id, params: answer.params, cpuMilliseconds: answer.cpu ?? NaN };
    },
    async tell(id, value) {
      write({ op: 'tell', id, value });
    },
    close() {
      child.stdin.end();
    },
  };
}
