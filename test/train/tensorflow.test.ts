/**
 * The native backend, installed by the one command and used: same gradients as wasm, and a trial that began on wasm.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareDataset } from '../../src/data/dataset.js';
import { drawGaussianFields, gaussianFieldStatistics } from '../../src/data/images/gaussianField.js';
import { imagesOf } from '../../src/data/images/pixels.js';
import { unetArchitecture } from '../../src/model/unet/architecture.js';
import { initializeUnet } from '../../src/model/unet/unet.js';
import { fillNormals } from '../../src/random/normals.js';
import { createProcess } from '../../src/schedule/process.js';
import { installBackend } from '../../src/stack/backends.js';
import { createImagesBatchMaker } from '../../src/tasks/imagesBatch.js';
import { createImagesObjective } from '../../src/tasks/imagesLoss.js';
import { createPhi4Objective, initialPhi4 } from '../../src/tasks/phi4Loss.js';
import { startBackend } from '../../src/train/backend.js';
import { createBatchMaker } from '../../src/train/batch.js';
import { lossAndGradients } from '../../src/train/loop.js';
import { installationFormat, installedBackend } from '../../src/train/nativeBackend.js';
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
      JSON.stringify({ format: installationFormat, cuda: false, versions: {} }),
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

  it('is gone after `backend uninstall`, which takes nothing else and may be said twice', async () => {
    const old = path.join(folder, 'old');
    const binding = path.join(old, 'backends', 'tensorflow');
    mkdirSync(binding, { recursive: true });
    writeFileSync(
      path.join(binding, 'installed.json'),
      JSON.stringify({ format: installationFormat, cuda: false, versions: { tensorflow: '2.18.1' } }),
    );
    mkdirSync(path.join(old, 'store'));
    const backend = async (...words: string[]) => {
      const { stdout } = await run(process.execPath, [main, 'backend', ...words], {
        env: { ...environment, RGSWEEP_HOME: old },
      });
      return stdout;
    };
    expect(await backend('list')).toMatch(/^tensorflow +installed/m);
    expect(await backend('uninstall', 'tensorflow')).toBe(`removed ${binding}\n`);
    expect(existsSync(binding)).toBe(false);
    expect(existsSync(path.join(old, 'store'))).toBe(true);
    expect(await backend('list')).not.toMatch(/^tensorflow +installed/m);
    expect(await backend('uninstall', 'tensorflow')).toBe(`${binding} was not there\n`);
  }, 60_000);
});

type Result = Awaited<ReturnType<typeof lossAndGradients>>;

function expectSame(wasm: Result, native: Result, bound: number): void {
  expect(Math.abs(native.loss / wasm.loss - 1)).toBeLessThan(1e-5);
  // A bias of attention's keys has no gradient: what is computed there is rounding, small beside the whole.
  const whole = Math.hypot(...Object.values(wasm.gradients).map((gradient) => Math.hypot(...gradient)));
  for (const [name, gradient] of Object.entries(wasm.gradients)) {
    const size = Math.hypot(...gradient);
    const difference = Math.hypot(...gradient.map((value, n) => value - native.gradients[name]![n]!));
    expect(difference / Math.max(size, 1e-4 * whole), name).toBeLessThan(bound);
  }
}

describe('signals', () => {
  it('that arrive in the middle of products of matrices do no harm', async () => {
    // Without src/stack/signalGuard.ts this process dies of a corrupted heap after a hundred to some thousand signals.
    const program = `
      const { startBackend } = await import(${JSON.stringify(here('../../dist/src/train/backend.js'))});
      const tf = (await import('module')).createRequire(${JSON.stringify(main)})('@tensorflow/tfjs');
      let seen = 0;
      process.on('SIGWINCH', () => seen++);
      await startBackend('tensorflow', 1);
      const a = tf.randomNormal([512, 36]), b = tf.randomNormal([36, 1152]);
      const first = await a.matMul(b).data();
      process.stdout.write('ready');
      const end = Date.now() + 4000;
      while (Date.now() < end) {
        for (let n = 0; n < 50; n++) {
          const product = a.matMul(b);
          if (n === 0 && (await product.data()).some((value, i) => value !== first[i])) process.exit(3);
          product.dispose();
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      console.log(seen);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    await once(child.stdout, 'data');
    while (child.exitCode === null && child.signalCode === null) {
      for (let n = 0; n < 20; n++) child.kill('SIGWINCH');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await ended).toEqual([0, null]);
  }, 60_000);
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
      const objective = createPhi4Objective({ process: diffusion, training });
      const batch = createBatchMaker(diffusion, training, configurations, 7)(3);
      const result = await lossAndGradients(objective, parameters, batch);
      objective.dispose();
      return result;
    };
    const wasm = await on('wasm');
    const native = await on('tensorflow');
    expectSame(wasm, native, 1e-4);
  });

  it('of the U-Net are those of wasm', async () => {
    const size = { height: 8, width: 8, channels: 1 };
    const statistics = gaussianFieldStatistics(size, 2);
    const diffusion = createProcess({ basis: 'fourier', colour: 'white', kernel: 'uniform' }, statistics);
    const training = readTrainingParameters({ batchSize: 4, dropout: 0.2 });
    const architecture = unetArchitecture('smoke', size);
    const images = imagesOf(drawGaussianFields(size, 2, 16, 1, 'test'), 64);
    const parameters = Object.fromEntries(
      Object.entries(initializeUnet(architecture, 3)).map(([name, array]) => {
        const noise = new Float32Array(array.data.length);
        fillNormals(noise, 5, name, 0);
        return [name, { shape: array.shape, data: array.data.map((value, n) => value + 0.1 * noise[n]!) }];
      }),
    );
    const on = async (backend: 'wasm' | 'tensorflow') => {
      expect(await startBackend(backend, 1)).toMatchObject({ name: backend });
      const options = { process: diffusion, training, architecture, images, seed: 7 };
      const objective = createImagesObjective(options);
      const batch = createImagesBatchMaker(options)(3);
      const result = await lossAndGradients(objective, parameters, batch);
      objective.dispose();
      return result;
    };
    // Single precision through some thirty layers.
    expectSame(await on('wasm'), await on('tensorflow'), 1e-3);
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
