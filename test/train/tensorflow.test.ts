/**
 * The native backend, installed by the one command and used: same gradients as wasm, and a trial that began on wasm.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareDataset } from '../../src/data/dataset.js';
import { fillNormals } from '../../src/random/normals.js';
import { createProcess } from '../../src/schedule/process.js';
import { installBackend } from '../../src/stack/backends.js';
import { createPhi4Objective, initialPhi4 } from '../../src/tasks/phi4Loss.js';
import { startBackend } from '../../src/train/backend.js';
import { lossAndGradients } from '../../src/train/loop.js';
import { installedBackend } from '../../src/train/nativeBackend.js';
import { readTrainingParameters } from '../../src/train/parameters.js';
import type { TrainerMessage, TrainerTask } from '../../src/train/protocol.js';
import { freeField } from '../schedule/freeField.js';

const run = promisify(execFile);
const here = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const main = here('../../dist/src/cli/main.js');
const trainer = here('../../dist/src/train/trainer.js');
// A home of its own: with the project's, every other test's `auto` would become tensorflow.
const home = here('../../.rgsweep/native-test');
const folder = mkdtempSync(path.join(tmpdir(), 'rgsweep-native-'));
const environment = { ...process.env, RGSWEEP_HOME: home };

beforeAll(async () => {
  process.env.RGSWEEP_HOME = home;
  const { stdout } = await run(process.execPath, [main, 'backend', 'install', 'tensorflow', '--json'], {
    env: environment,
  });
  expect(JSON.parse(stdout)).toMatchObject({ name: 'tensorflow', starts: true, cuda: false });
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('the command line', () => {
  it('lists the backend, and doctor starts it', async () => {
    const list = await run(process.execPath, [main, 'backend', 'list', '--json'], { env: environment });
    expect(JSON.parse(list.stdout)).toContainEqual({
      name: 'tensorflow',
      installed: true,
      what: expect.stringContaining('tensorflow 2.18.1') as string,
    });
    const doctor = await run(process.execPath, [main, 'doctor', '--json'], { env: environment }).catch(
      // The server's absence is no concern of this test.
      (error: { stdout: string }) => error,
    );
    const { findings } = JSON.parse(doctor.stdout) as { findings: { what: string; found: string }[] };
    expect(findings).toContainEqual({
      what: 'native backend',
      state: 'ok',
      found: 'tensorflow starts (installed by rgsweep)',
    });
  }, 240_000);
});

describe('an installation', () => {
  const missing = (programs: Record<string, string>, platform?: string) =>
    installBackend({
      name: 'tensorflow',
      folder: path.join(folder, 'none'),
      cuda: false,
      programs,
      ...(platform === undefined ? {} : { platform }),
    });
  it('names what is missing and leaves nothing behind', async () => {
    await expect(missing({ 'g++': 'no-such-compiler' })).rejects.toMatchObject({
      kind: 'backend-unavailable',
      message: 'there is no g++ here',
      remedy: expect.stringContaining('apt-get install g++') as string,
    });
    await expect(missing({ python3: 'no-such-python' })).rejects.toMatchObject({
      message: 'there is no pip here',
    });
    await expect(missing({}, 'win32-arm64')).rejects.toMatchObject({ message: /win32-arm64/ });
    expect(installedBackend(path.join(folder, 'none'))).toBeUndefined();
  });

  it('that is damaged is an error with the reason, never another backend', async () => {
    const damaged = path.join(folder, 'damaged');
    const binding = path.join(damaged, 'backends', 'tensorflow');
    mkdirSync(path.join(binding, 'node_modules', '@tensorflow', 'tfjs-node'), { recursive: true });
    writeFileSync(
      path.join(binding, 'node_modules', '@tensorflow', 'tfjs-node', 'index.js'),
      'throw Error("torn")',
    );
    writeFileSync(
      path.join(binding, 'installed.json'),
      JSON.stringify({ format: 1, cuda: false, versions: {} }),
    );
    process.env.RGSWEEP_HOME = damaged;
    try {
      for (const request of ['auto', 'tensorflow'] as const)
        await expect(startBackend(request, 1)).rejects.toMatchObject({
          kind: 'backend-unavailable',
          message: /"tensorflow" cannot be used: .*torn/,
        });
    } finally {
      process.env.RGSWEEP_HOME = home;
    }
  });
});

describe('gradients', () => {
  const shape = { height: 4, width: 4, channels: 1 };
  const configurations = new Float32Array(64 * 16);
  fillNormals(configurations, 1, 'configurations', 0);

  it.each([true, false])('of the φ⁴ network are those of wasm; Gaussian score: %s', async (gaussianScore) => {
    const diffusion = createProcess(
      { colour: 'matched', kernel: 'sigmoid', cutoffWidth: 0.5 },
      freeField(0.25, shape),
    );
    const training = readTrainingParameters({ batchSize: 16, channels: 4, gaussianScore });
    const parameters = Object.fromEntries(
      Object.entries(initialPhi4(diffusion, training, 3)).map(([name, array]) => {
        const noise = new Float32Array(array.data.length);
        fillNormals(noise, 5, name, 0);
        return [name, { shape: array.shape, data: array.data.map((value, n) => value + 0.2 * noise[n]!) }];
      }),
    );
    const on = async (backend: 'wasm' | 'tensorflow') => {
      expect(await startBackend(backend, 1)).toMatchObject({ name: backend });
      expect(tf.getBackend()).toBe(backend);
      const objective = createPhi4Objective({ process: diffusion, training, configurations, seed: 7 });
      const result = await lossAndGradients(objective, parameters, 3);
      objective.dispose();
      return result;
    };
    const wasm = await on('wasm');
    const native = await on('tensorflow');
    expect(Math.abs(native.loss / wasm.loss - 1)).toBeLessThan(1e-5);
    for (const [name, gradient] of Object.entries(wasm.gradients)) {
      const size = Math.hypot(...gradient);
      const difference = Math.hypot(...gradient.map((value, n) => value - native.gradients[name]![n]!));
      expect(difference / size, name).toBeLessThan(1e-4);
    }
  });
});

describe('a trial that began on wasm', () => {
  const lattice = { name: 'phi4', size: 2, mass2: -4, coupling: 6.975 } as const;
  const outputs = { wasm: path.join(folder, 'wasm'), tensorflow: path.join(folder, 'tensorflow') };

  async function train(changes: Partial<TrainerTask> & Pick<TrainerTask, 'outputFolder'>) {
    mkdirSync(changes.outputFolder, { recursive: true });
    const task: TrainerTask = {
      protocol: 1,
      mode: 'train',
      sweep: 'native',
      trial: 1,
      task: lattice,
      parameters: { colour: 'matched', batchSize: 32, channels: 4 },
      seed: 5,
      fromStep: 0,
      toStep: 6,
      resumeFrom: null,
      dataFolder: path.join(folder, 'data'),
      scheduleFile: null,
      checkpointEverySteps: 100,
      backend: 'wasm',
      threads: 1,
      evaluation: { split: 'validation', samples: 200, level: 'rung' },
      ...changes,
    };
    const file = `${task.outputFolder}.json`;
    writeFileSync(file, JSON.stringify(task));
    const started = run(process.execPath, [trainer, file], { env: environment });
    const { stdout } = await started;
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TrainerMessage);
  }

  it('goes on on tensorflow from its checkpoint to the same weights, and says where it was trained', async () => {
    const counts = { train: 400, validation: 300, test: 300 };
    await prepareDataset({
      task: lattice,
      recipe: { seed: 1, counts, perChain: 100 },
      folder: path.join(folder, 'data'),
    });
    const first = await train({ outputFolder: outputs.wasm });
    expect(first[0]).toMatchObject({ backend: 'wasm', backends: ['wasm'] });
    const resumeFrom = path.join(outputs.wasm, 'step-6');
    const further = { fromStep: 6, toStep: 9, resumeFrom };
    const second = await train({ ...further, outputFolder: outputs.tensorflow, backend: 'tensorflow' });
    expect(second[0]).toMatchObject({ backend: 'tensorflow', backends: ['wasm', 'tensorflow'], step: 6 });
    const same = path.join(folder, 'wasm-on');
    await train({ ...further, outputFolder: same });
    const floats = (at: string) => {
      const bytes = readFileSync(path.join(at, 'step-9', 'model.safetensors'));
      const header = Number(bytes.readBigUInt64LE(0));
      return new Float32Array(
        bytes.buffer.slice(bytes.byteOffset + 8 + header, bytes.byteOffset + bytes.length),
      );
    };
    const native = floats(outputs.tensorflow);
    const wasm = floats(same);
    expect(native).toHaveLength(wasm.length);
    // Adam divides by the gradient's size: where that is nearly zero, rounding moves a weight by up to the rate.
    const difference = Math.hypot(...native.map((value, n) => value - wasm[n]!));
    expect(difference / Math.hypot(...wasm)).toBeLessThan(1e-3);
    expect(
      JSON.parse(readFileSync(path.join(outputs.tensorflow, 'step-9', 'state.json'), 'utf8')),
    ).toMatchObject({ step: 9, backends: ['wasm', 'tensorflow'] });
  }, 240_000);
});
