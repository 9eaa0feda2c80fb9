import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import { listTrials } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { TestStack, trainersBelow, sweepEnded, until } from './harness.js';
import { pythonWith } from './python.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'examples/numpy-trainer');

const numpySweep = `
name: numpy
task:
  name: command
  command: [python3, ${join(example, 'train.py')}]
  data: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
  resources: { threads: 1, memoryMiB: 1024 }
space:
  parameters:
    basis: fourier
    colour: matched
    kernel: sigmoid
    ordering: log-variance
    cutoffWidth: { type: float, low: 0.5, high: 4, log: true }
    learningRate: { type: float, low: 0.002, high: 0.02, log: true }
objective: { metric: nll, direction: minimize }
sampler: { name: random, seed: 1 }
pruner: { name: asha, reduction: 3, rungs: [60, 180] }
budget: { trials: 6, concurrency: 2 }
baselines: [standard]
defaults: { batchSize: 64, channels: 4 }
train: { checkpointEverySteps: 20, heartbeatSeconds: 5, retryFirstSeconds: 0.1, stallSeconds: 60 }
evaluation: { samples: 512 }
`;

/** Trains nothing, and misbehaves as its parameter says. */
const moody = `
import json, os, sys
task = json.load(open(sys.argv[-1]))
mood, start, end = task["parameters"]["mood"], task["fromStep"], task["toStep"]
say = lambda **message: print(json.dumps(message), flush=True)
say(type="started", backend="moody", step=start, protocol=1)
if task["mode"] == "evaluate":
    figures = {"forgetful": {"other": 1.0}, "nan": {"score": float("nan")}}
    say(type="metrics", step=start, metrics=figures.get(mood, {"score": 1.5, "scoreError": 0.1}))
    say(type="done", step=start)
    sys.exit(0)
for step in range(start + 1, end + 1):
    if mood == "hungry" and step == 7: sys.exit("MemoryError: Unable to allocate 9 PiB")
    if mood == "clumsy" and step == 7 and start == 0: os.abort()
    say(type="progress", step=step, loss=float("nan") if mood == "wild" and step == 3 else 1 / step)
    if step % 5 == 0 or step == end:
        folder = os.path.join(task["outputFolder"], f"step-{step}")
        os.mkdir(folder)
        if mood != "empty": open(os.path.join(folder, "w"), "w").write(str(step))
        say(type="checkpoint", step=step, folder=folder, loss=1 / step)
say(type="done", step=end)
`;
const moodySweep = (script: string) => `
name: moody
task: { name: command, command: [python3, ${script}], settings: { answer: 42 } }
space: { parameters: { mood: { type: categorical, choices: [good, forgetful, nan, hungry, clumsy, wild, empty] } } }
objective: { metric: score, direction: maximize }
sampler: { name: grid }
pruner: { name: none, rungs: [12] }
budget: { trials: 7, concurrency: 3 }
train: { checkpointEverySteps: 5, retries: 1, retryFirstSeconds: 0.1, retryLongestSeconds: 0.1 }
`;

describe('a trainer of one’s own, on a real server', () => {
  const stack = new TestStack();
  let python: string;
  let store: ObjectStore;

  beforeAll(async () => {
    python = pythonWith('numpy');
    await stack.start({
      slots: 3,
      environment: { PATH: `${python}${delimiter}${process.env.PATH}` },
    });
    store = await openStore(stack.storeUrl);
  }, 240_000);
  afterAll(() => stack.stop());

  const launch = async (name: string, text: string) => {
    const launched = await stack.run('launch', stack.writeSweep(name, text));
    expect(launched.stderr).toBe('');
  };
  const ended = (name: string): Promise<SweepSnapshot> => sweepEnded(store, name, 240);

  it('is a whole sweep with ASHA: killed with -9 in the middle it goes on, and is reported and read in Python', async () => {
    await launch('numpy', numpySweep);
    await until('two results', async () => {
      const trials = await listTrials(store, 'numpy').catch(() => []);
      return (
        trials.filter(({ rungs }) => rungs.length > 0).length >= 2 && trainersBelow(stack.folder).length > 0
      );
    });
    await stack.train.kill('SIGKILL');
    // Nobody asked them to: their guard did.
    await until('orphans to end', () => trainersBelow(stack.folder).length === 0, 20);
    stack.train.start();
    const { trials, curves } = await ended('numpy');
    expect(trials).toHaveLength(7);
    const steps = trials.map(({ rungs }) => rungs.at(-1)?.step);
    // Of six at the first rung two go on; the baseline always does.
    expect(steps.filter((step) => step === 180)).toHaveLength(3);
    expect(steps.filter((step) => step === 60)).toHaveLength(4);
    expect(trials.flatMap(({ failures }) => failures.map(({ kind }) => kind))).toContain('worker-lost');
    for (const { rungs, backend } of trials) {
      expect(backend).toMatch(/^numpy \d/);
      for (const { metrics } of rungs) {
        // The entropy of this theory is 1.8 nats; the matched Gaussian is 0.2 above it.
        expect(metrics.nll).toBeGreaterThan(metrics.nllError! * -4);
        expect(metrics.ess).toBeGreaterThan(0.05);
        expect(metrics.ess).toBeLessThanOrEqual(1);
      }
    }
    expect([...curves.values()].every((points) => points.at(-1)!.step >= 60)).toBe(true);

    const reported = await stack.run('report', 'numpy', '--out', join(stack.folder, 'report.html'));
    expect(reported.code).toBe(0);
    expect(readFileSync(join(stack.folder, 'report.html'), 'utf8')).toContain('numpy');

    const script = join(stack.folder, 'read.py');
    writeFileSync(
      script,
      `import json, sys
sys.path.insert(0, ${JSON.stringify(join(root, 'python'))})
from rgsweep.sweeps import open_sweep
sweep = open_sweep(${JSON.stringify(stack.storeUrl)}, "numpy")
rows = sweep.rows()
weights = sweep.checkpoint(rows[0]["trial"])["state.safetensors"]
print(json.dumps({"rows": rows, "shape": weights["average.w"].shape, "last": int(sweep.curve(0)["step"][-1])}))`,
    );
    const read = spawnSync(join(python, 'python3'), [script], { encoding: 'utf8' });
    expect(read.stderr).toBe('');
    const { rows, shape, last } = JSON.parse(read.stdout) as {
      rows: { trial: number; step: number; nll: number; cutoffWidth?: number }[];
      shape: number[];
      last: number;
    };
    const flat = trials.flatMap(({ trial, rungs }) =>
      rungs.map(({ step, metrics }) => ({ trial, step, nll: metrics.nll })),
    );
    expect(rows.map(({ trial, step, nll }) => ({ trial, step, nll }))).toEqual(flat);
    expect(shape).toEqual([4, 4]);
    expect(last).toBe(curves.get(0)!.at(-1)!.step);
  }, 400_000);

  it('fails in ways that are named, and goes on from its checkpoint where it can', async () => {
    const script = join(stack.folder, 'moody.py');
    writeFileSync(script, moody);
    await launch('moody', moodySweep(script));
    const { trials } = await ended('moody');
    const by = (mood: string) => trials.find(({ parameters }) => parameters.mood === mood)!;
    expect(by('good')).toMatchObject({
      state: 'complete',
      label: 'mood good',
      family: 'other',
      failures: [],
    });
    expect(by('good').rungs[0]!.metrics).toEqual({ score: 1.5, scoreError: 0.1 });
    // One of the two that tie.
    expect([by('good').test, by('clumsy').test]).toContainEqual({ score: 1.5, scoreError: 0.1 });
    expect(by('clumsy').state).toBe('complete');
    expect(by('clumsy').failures.map(({ kind, step }) => [kind, step])).toEqual([['crashed', 6]]);
    expect(by('clumsy').stepsPaid).toBe(6 + 7);
    const failures = (mood: string) => by(mood).failures.map(({ kind, message }) => `${kind}: ${message}`);
    expect(failures('hungry').every((words) => /^out-of-memory: .*MemoryError/.test(words))).toBe(true);
    expect(failures('wild')).toEqual([
      'diverged: the trainer reports a loss that is not a finite number at step 3',
    ]);
    expect(failures('nan')).toEqual([expect.stringMatching(/^diverged: score at step 12 is absent/)]);
    expect(failures('forgetful')[0]).toMatch(/score at step 12 is absent.*other/);
    expect(failures('empty').at(-1)).toMatch(/^crashed: .*step-5.* has no files/);
    for (const mood of ['hungry', 'wild', 'nan', 'forgetful', 'empty']) expect(by(mood).state).toBe('failed');
    const shown = await stack.run('trials', 'moody');
    expect(shown.code).toBe(0);
    const report = await stack.run('report', 'moody', '--out', join(stack.folder, 'moody.html'));
    expect(report.stderr).not.toMatch(/Error|undefined/);
    expect(report.code).toBe(0);
  }, 300_000);
});
