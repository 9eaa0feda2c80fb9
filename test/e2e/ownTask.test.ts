import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import { listTrials, readSweepRecord } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { sweepEnded, TestStack, until } from './harness.js';

const example = fileURLToPath(new URL('../../examples/own-task/task.mjs', import.meta.url));

const sweepOf = (name: string, rungs: number[]) => `
name: ${name}
task: { name: module, module: ./task.mjs, settings: { size: 6 } }
space:
  parameters:
    basis: fourier
    colour: matched
    kernel: sigmoid
    ordering: log-variance
    cutoffWidth: { type: float, low: 0.5, high: 2, log: true }
sampler: { name: random, seed: 1 }
pruner: { name: asha, reduction: 3, rungs: [${rungs.join(', ')}] }
budget: { trials: 3, concurrency: 2 }
baselines: [standard]
defaults: { batchSize: 64, channels: 8, learningRate: 0.005 }
train: { checkpointEverySteps: 50, heartbeatSeconds: 5, retryFirstSeconds: 0.1 }
evaluation: { samples: 512 }
`;

describe('a task of one’s own, on a real server', () => {
  const stack = new TestStack();
  let store: ObjectStore;
  beforeAll(async () => {
    await stack.start();
    copyFileSync(example, join(stack.folder, 'task.mjs'));
    store = await openStore(stack.storeUrl);
  }, 240_000);
  afterAll(() => stack.stop());

  it('is searched, measured against its exact partition function and reported; changed, it is refused', async () => {
    const file = stack.writeSweep('wells', sweepOf('wells', [60, 180]));
    const launched = await stack.run('launch', file);
    expect(launched.stderr).toBe('');
    const { spec, trials } = await sweepEnded(store, 'wells', 480);
    // The first of the module's figures, where the file names none.
    expect(spec.objective).toEqual({ metric: 'kl', direction: 'minimize' });
    expect(spec.task).toMatchObject({
      name: 'module',
      title: 'double-well',
      settings: { size: 6, mass2: -2, coupling: 1 },
      shape: { height: 1, width: 6, channels: 1 },
    });
    expect(trials).toHaveLength(4);
    for (const { rungs, failures } of trials) {
      expect(failures).toEqual([]);
      for (const { metrics } of rungs) {
        // Kullback–Leibler divergences are positive, and log Z is exact.
        expect(metrics.kl).toBeGreaterThan(-4 * metrics.klError!);
        expect(metrics.reverseKl).toBeGreaterThan(-4 * metrics.reverseKlError!);
        expect(metrics.vlb).toBeGreaterThan(metrics.nll! - 0.05);
      }
    }
    const baseline = trials.find((trial) => trial.baseline === 'standard')!;
    const [first, last] = baseline.rungs;
    expect(last!.metrics.kl).toBeLessThan(first!.metrics.kl!);
    const html = join(stack.folder, 'wells.html');
    const charts = join(stack.folder, 'charts');
    const reported = await stack.run('report', 'wells', '--out', html, '--pictures', charts, '--json');
    expect(reported).toMatchObject({ code: 0, stderr: '' });
    const { pictures } = JSON.parse(reported.stdout) as { pictures: string[] };
    expect(pictures).toContain(join(charts, 'standings.svg'));
    for (const file of pictures) expect(readFileSync(file, 'utf8')).toMatch(/^<svg /);
    const page = readFileSync(html, 'utf8');
    expect(page).toContain('double-well, a task of its own (task.mjs)');
    expect(/>[^<]*(undefined|NaN)[^<]*<.(td|li|p|text)>/.exec(page)?.[0]).toBeUndefined();
    const drawn = await stack.run(
      'sample',
      'wells',
      'best',
      '--count',
      '8',
      '--output',
      join(stack.folder, 'drawn'),
    );
    expect(drawn).toMatchObject({ code: 0, stderr: '' });

    // A sweep that is stopped in the middle, and whose module is another one when it goes on.
    const long = stack.writeSweep('longer', sweepOf('longer', [4000, 8000]));
    expect((await stack.run('launch', long)).code).toBe(0);
    await until(
      'a trial to begin',
      async () => (await listTrials(store, 'longer').catch(() => [])).length > 0,
    );
    expect((await stack.run('stop', 'longer')).code).toBe(0);
    await until('it to stop', async () => (await readSweepRecord(store, 'longer'))?.state === 'stopped', 120);
    const module = join(stack.folder, 'task.mjs');
    const asLaunched = readFileSync(module);
    appendFileSync(module, '\n// Another one.\n');
    const resumed = await stack.run('resume', 'longer');
    expect(resumed.code).toBe(2);
    expect(resumed.stderr).toMatch(
      /^rgsweep: task module .*task\.mjs: it or a file that it imports has changed/,
    );
    expect(resumed.stderr.split('\n').filter((line) => line !== '')).toHaveLength(2);
    const again = await stack.run('launch', long);
    expect(again.stderr).toContain('was launched before its task module changed');
    writeFileSync(module, asLaunched);
    expect((await stack.run('resume', 'longer')).code).toBe(0);
    expect((await stack.run('stop', 'longer')).code).toBe(0);
  }, 800_000);
});
