import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { prepareDataset } from '../../src/data/dataset.js';
import { decodeSafetensors } from '../../src/tensors/safetensors.js';
import type { TrainerMessage, TrainerTask } from '../../src/train/protocol.js';

const trainerFile = fileURLToPath(new URL('../../dist/src/train/trainer.js', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'rgsweep-trainer-'));
const dataFolder = path.join(folder, 'data');
const lattice = { name: 'phi4', size: 2, mass2: -4, coupling: 6.975 } as const;

beforeAll(async () => {
  expect(existsSync(trainerFile), 'npm run build makes dist/').toBe(true);
  const counts = { train: 400, validation: 300, test: 300 };
  await prepareDataset({ task: lattice, recipe: { seed: 1, counts, perChain: 100 }, folder: dataFolder });
});
afterAll(() => rmSync(folder, { recursive: true }));

function makeTask(name: string, changes: Partial<TrainerTask> = {}): TrainerTask {
  const outputFolder = path.join(folder, name);
  mkdirSync(outputFolder);
  return {
    protocol: 1,
    mode: 'train',
    sweep: 'test',
    trial: 1,
    task: lattice,
    parameters: { colour: 'matched', batchSize: 32, channels: 4 },
    seed: 5,
    fromStep: 0,
    toStep: 10,
    resumeFrom: null,
    outputFolder,
    dataFolder,
    scheduleFile: null,
    checkpointEverySteps: 4,
    backend: 'wasm',
    threads: 1,
    evaluation: { split: 'validation', samples: 200, level: 'rung' },
    ...changes,
  };
}

interface Run {
  code: number | null;
  messages: TrainerMessage[];
  seconds: number;
}

/** Runs a trainer; `react` sees each message and may end it or its standard input. */
async function runTrainer(
  task: TrainerTask,
  react: (message: TrainerMessage, child: ReturnType<typeof spawn>) => void = () => undefined,
): Promise<Run> {
  const file = path.join(task.outputFolder, '..', `${path.basename(task.outputFolder)}.json`);
  writeFileSync(file, JSON.stringify(task));
  const child = spawn(process.execPath, [trainerFile, file], { stdio: ['pipe', 'pipe', 'ignore'] });
  const messages: TrainerMessage[] = [];
  let pending = '';
  let asked = performance.now();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop()!;
    for (const line of lines) {
      messages.push(JSON.parse(line) as TrainerMessage);
      const before = child.killed;
      react(messages.at(-1)!, child);
      if (child.killed && !before) asked = performance.now();
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  child.stdin.destroy();
  expect(pending).toBe('');
  return { code, messages, seconds: (performance.now() - asked) / 1000 };
}

function checkpointFiles(task: TrainerTask, step: number): Record<string, Buffer> {
  const at = path.join(task.outputFolder, `step-${step}`);
  return Object.fromEntries(readdirSync(at).map((name) => [name, readFileSync(path.join(at, name))]));
}

describe('the trainer', () => {
  it('says before its first step what it needs of memory and what there is, and refuses what cannot fit', async () => {
    const { messages } = await runTrainer(makeTask('fits', { toStep: 1 }));
    const [started] = messages;
    if (started?.type !== 'started' || !started.memory) throw new Error('no forecast');
    const { memory, parameterCount } = started;
    expect(memory).toMatchObject({ batchSize: 32, device: 'wasm', weightBytes: 4 * parameterCount });
    expect(memory.neededBytes).toBeGreaterThan(memory.batchBytes);
    expect(memory.neededBytes).toBeLessThan(memory.availableBytes!);

    // Not a mebibyte: what a step of 4,096 needs is more.
    vi.stubEnv('RGSWEEP_DEVICE_MEMORY_MIB', '1');
    const refused = makeTask('cannot-fit', { parameters: { batchSize: 4096, channels: 32 } });
    const run = await runTrainer(refused);
    vi.unstubAllEnvs();
    expect(run.code).toBe(1);
    expect(run.messages).toMatchObject([{ type: 'failure', kind: 'out-of-memory' }]);
    const said = (run.messages[0] as { message: string }).message;
    expect(said).toMatch(/a step of 4096 needs \d+ MiB, wasm has 1\.0 MiB: .*\(a batch of \d+ would fit/);
    expect(readdirSync(refused.outputFolder)).toEqual([]);
  });

  it('trains, preempted and resumed, to the same bytes as uninterrupted, and measures the result', async () => {
    const whole = makeTask('whole');
    const { code, messages } = await runTrainer(whole);
    expect(code).toBe(0);
    expect(messages[0]).toMatchObject({ type: 'started', backend: 'wasm', step: 0 });
    expect(messages.filter(({ type }) => type === 'checkpoint')).toMatchObject([
      { step: 4 },
      { step: 8 },
      { step: 10 },
    ]);
    expect(messages.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({ step: 10 });
    expect(messages.at(-1)).toEqual({ type: 'done', step: 10, preempted: false });

    const resumed = makeTask('resumed', { fromStep: 4, resumeFrom: path.join(whole.outputFolder, 'step-4') });
    expect((await runTrainer(resumed)).code).toBe(0);
    expect(checkpointFiles(resumed, 10)).toEqual(checkpointFiles(whole, 10));

    const measure = makeTask('measured', {
      mode: 'evaluate',
      fromStep: 10,
      resumeFrom: path.join(whole.outputFolder, 'step-10'),
    });
    const measured = await runTrainer(measure);
    expect(measured.code).toBe(0);
    const result = measured.messages.find((message) => message.type === 'metrics')!;
    expect(result.files).toEqual(['samples.safetensors', 'likelihood.safetensors', 'observables.json']);
    // 2 × 2: log Z is exact. A divergence of ten steps of training is no more than the matched Gaussian's.
    expect(result.metrics.kl).toBeGreaterThan(-0.05);
    expect(result.metrics.kl).toBeLessThan(1);
    expect(result.metrics.vlbExcess).toBeGreaterThan(result.metrics.kl! - 0.1);
    const { tensors } = decodeSafetensors(
      readFileSync(path.join(measure.outputFolder, 'samples.safetensors')),
    );
    expect(tensors.samples!.shape).toEqual([200, 4]);
  }, 120_000);

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s writes a checkpoint, says done and exits 0',
    async (signal) => {
      const task = makeTask(`signal-${signal}`, { toStep: 1_000_000, checkpointEverySteps: 1_000_000 });
      const { code, messages, seconds } = await runTrainer(task, (message, child) => {
        if (message.type === 'progress' && !child.killed) child.kill(signal);
      });
      expect(code).toBe(0);
      expect(seconds).toBeLessThan(10);
      const [checkpoint, done] = messages.slice(-2);
      expect(checkpoint).toMatchObject({ type: 'checkpoint' });
      expect(done).toMatchObject({ type: 'done', preempted: true });
      const { step } = done as { step: number };
      expect(Object.keys(checkpointFiles(task, step)).sort()).toEqual([
        'ema.safetensors',
        'model.safetensors',
        'optimizer.safetensors',
        'state.json',
      ]);
    },
    120_000,
  );

  it('exits at once, writing nothing, when its standard input ends', async () => {
    const task = makeTask('orphan', { toStep: 1_000_000, checkpointEverySteps: 1_000_000 });
    const { code, messages } = await runTrainer(task, (message, child) => {
      if (message.type === 'progress') child.stdin!.end();
    });
    expect(code).toBe(3);
    expect(messages.some(({ type }) => type === 'checkpoint' || type === 'done')).toBe(false);
    expect(readdirSync(task.outputFolder)).toEqual([]);
  }, 120_000);

  it.each([
    ['a bad parameter', { parameters: { learningRate: -1 } }, 'bad-configuration', /learningRate is -1/],
    ['a missing data set', { dataFolder: path.join(folder, 'nowhere') }, 'data-missing', /nowhere/],
    ['a backend that is not there', { backend: 'webgpu' }, 'bad-configuration', /"webgpu" cannot be used/],
  ] as const)(
    'says what is wrong with %s',
    async (what, changes, kind, message) => {
      const { code, messages } = await runTrainer(makeTask(what.replaceAll(' ', '-'), changes));
      expect(code).toBe(1);
      expect(messages).toHaveLength(1);
      expect(messages[0]).toMatchObject({ type: 'failure', kind });
      expect((messages[0] as { message: string }).message).toMatch(message);
    },
    60_000,
  );
});
