import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serialize } from 'node:v8';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareTaskDataset } from '../../src/tasks/registry.js';
import { hashOfModule } from '../../src/tasks/moduleHash.js';
import { prepareDataset } from '../../src/data/dataset.js';
import type * as Source from '../../src/train/batchSource.js';
import type * as Threads from '../../src/train/batchThreads.js';
import type * as Trial from '../../src/train/describedTrial.js';
import type { Parameters } from '../../src/space/types.js';
import type { TaskDescription, TrainerTask } from '../../src/train/protocol.js';

// Threads run compiled files.
const built = new URL('../../dist/src/', import.meta.url);
const load = async <Module>(file: string) => (await import(new URL(file, built).href)) as Module;
const { startBatchThreads } = await load<typeof Threads>('train/batchThreads.js');
const { batchThreadsFor, createBatchSource } = await load<typeof Source>('train/batchSource.js');
const { describedTrial } = await load<typeof Trial>('train/describedTrial.js');

const folder = mkdtempSync(path.join(tmpdir(), 'rgsweep-batches-'));
afterAll(() => rmSync(folder, { recursive: true }));

const lattice = { name: 'phi4', size: 4, mass2: -4, coupling: 6.975 } as const;
const leaves: TaskDescription = {
  name: 'images',
  kind: 'dead-leaves',
  size: 4,
  channels: 1,
  exponent: 2,
  count: 64,
};
beforeAll(async () => {
  const counts = { train: 400, validation: 300, test: 300 };
  const recipe = { seed: 1, counts, perChain: 100 };
  await prepareDataset({ task: lattice, recipe, folder: path.join(folder, 'phi4') });
  await prepareTaskDataset(leaves, { folder: path.join(folder, 'images') });
});

function makeTask(
  task: TaskDescription,
  parameters: Parameters,
  changes: Partial<TrainerTask> = {},
): TrainerTask {
  const outputFolder = mkdtempSync(path.join(folder, 'output-'));
  return {
    protocol: 1,
    mode: 'train',
    sweep: 'test',
    trial: 1,
    task,
    parameters,
    seed: 5,
    fromStep: 0,
    toStep: 10,
    resumeFrom: null,
    outputFolder,
    dataFolder: path.join(folder, task.name),
    scheduleFile: null,
    checkpointEverySteps: 1000,
    backend: 'wasm',
    threads: 1,
    evaluation: { split: 'validation', samples: 16, level: 'rung' },
    ...changes,
  };
}

describe('threads for batches', () => {
  it.each([
    ['are none where a batch is nothing beside the step', 1, 100, 16, 0],
    ['are none where the trainer has one thread', 5, 40, 1, 0],
    ['is one where it keeps up', 5, 40, 16, 1],
    ['are as many as keep up', 117, 150, 16, 4],
    ['are no more than the trainer has beside its own', 117, 150, 3, 2],
    ['are at most eight', 117, 118, 64, 8],
  ])('%s', (_, batch, step, threads, expected) => {
    expect(batchThreadsFor(batch, step, threads)).toBe(expected);
  });

  it.each<[string, TaskDescription, Parameters]>([
    ['φ⁴', lattice, { colour: 'matched', batchSize: 32 }],
    ['φ⁴ without the Gaussian score', lattice, { gaussianScore: false, timeSampling: 'importance' }],
    ['images with dropout', leaves, { batchSize: 8, dropout: 0.3, basis: 'pca' }],
  ])('make the batches of this thread, of %s, in any order', async (_, description, parameters) => {
    const task = makeTask(description, parameters);
    const { model } = await describedTrial(task);
    const make = model.batches(task.dataFolder);
    const threads = await startBatchThreads(task, 2);
    for (const step of [0, 1, 2, 7, 3, 1000]) expect(await threads.batch(step)).toEqual(make(step));
    expect(make(1)).not.toEqual(make(2));
    threads.dispose();
    // Nobody waits for ever.
    await expect(threads.batch(2000)).rejects.toThrow(/ended/);
  });
});

/** Calls a source until it has said something, and returns that with the steps whose batch was another one than `make`'s. */
async function follow(task: TrainerTask, lines: number, make: Source.BatchMaker<unknown>) {
  const said: string[] = [];
  const source = createBatchSource({ make, task, log: (line) => said.push(line) });
  const others: number[] = [];
  let step = 0;
  for (; said.length < lines; step++) {
    const batch = await source.batch(step);
    if (!serialize(batch).equals(serialize(make(step)))) others.push(step);
    await nextTurn();
  }
  source.dispose();
  return { said, others };
}

describe('a training whose threads for batches fail', () => {
  it('at their start: goes on without them', async () => {
    const task = makeTask(lattice, { batchSize: 64 }, { threads: 2 });
    const { model } = await describedTrial(task);
    const make = model.batches(task.dataFolder);
    const { said, others } = await follow({ ...task, dataFolder: path.join(folder, 'gone') }, 1, make);
    expect(said[0]).toMatch(/made where the training is, since .*gone/);
    expect(others).toEqual([]);
  });

  it('later: goes on without them', async () => {
    const module = path.join(folder, 'task.mjs');
    writeFileSync(
      module,
      `import { isMainThread } from 'node:worker_threads';
const batches = () => (step) => {
  if (!isMainThread && step === 1000) throw new Error('as if it were lost');
  return Float32Array.from({ length: 20000 }, (_, n) => Math.sin(step + n));
};
const unused = () => undefined;
export default {
  name: 'own',
  schema: { '~standard': { version: 1, validate: (value) => ({ value }) } },
  metrics: ['kl'],
  dataset: { shape: () => ({ height: 4, width: 4, channels: 1 }), prepare: () => undefined },
  model: () => ({ batches, initialize: unused, objective: unused, residual: unused }),
  evaluate: () => undefined,
};
`,
    );
    const own: TaskDescription = {
      name: 'module',
      module,
      sha256: hashOfModule(module),
      title: 'own',
      metrics: ['kl'],
      shape: { height: 4, width: 4, channels: 1 },
      settings: {},
    };
    const task = makeTask(own, {}, { dataFolder: path.join(folder, 'phi4') });
    const { model } = await describedTrial(task);
    const threads = await startBatchThreads(task, 2);
    const make = model.batches('');
    // Step 998 would have 1000 asked for ahead, whose failure can come before its own answer.
    for (const step of [0, 1, 997]) expect(await threads.batch(step)).toEqual(make(step));
    await expect(threads.batch(1000)).rejects.toThrow('as if it were lost');
    threads.dispose();

    const { said, others } = await follow({ ...task, threads: 3 }, 2, make);
    expect(said[0]).toMatch(/made by [12] more thread/);
    expect(said[1]).toMatch(/lost.*as if it were lost/);
    expect(others).toEqual([]);
  });
});

describe('a trainer with threads to spare', () => {
  const run = promisify(execFile);
  async function train(threads: number) {
    // A third of a step is the batch.
    const parameters = { batchSize: 512, channels: 1, timeSampling: 'importance' };
    const task = makeTask(lattice, parameters, { toStep: 300, threads });
    const file = path.join(task.outputFolder, '..', `${path.basename(task.outputFolder)}.json`);
    writeFileSync(file, JSON.stringify(task));
    const trainer = fileURLToPath(new URL('train/trainer.js', built));
    const { stdout, stderr } = await run(process.execPath, [trainer, file]);
    const at = path.join(task.outputFolder, 'step-300');
    const files = Object.fromEntries(
      readdirSync(at).map((name) => [name, readFileSync(path.join(at, name))]),
    );
    return { files, stderr, last: JSON.parse(stdout.trim().split('\n').at(-1)!) as unknown };
  }

  it('uses one for batches, says so in its log, and trains as one without, to the last bit', async () => {
    const alone = await train(1);
    expect(alone.stderr).not.toMatch(/batch/);
    const helped = await train(2);
    expect(helped.stderr).toMatch(/a batch takes .* ms of a step's .*: made by 1 more thread from here/);
    expect(helped.last).toEqual({ type: 'done', step: 300, preempted: false });
    expect(helped.files).toEqual(alone.files);
  });
});
