import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ParameterArrays } from '../../src/model/arrays.js';
import { uploadParameters } from '../../src/model/arrays.js';
import { createNoiseLevels, emptyNoiseLevels } from '../../src/model/noiseLevels.js';
import { initializePhi4 } from '../../src/model/phi4.js';
import { createPhi4Residual } from '../../src/model/phi4Residual.js';
import { fillNormals } from '../../src/random/normals.js';
import { CounterRandom } from '../../src/random/philox.js';
import { presets } from '../../src/schedule/presets.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import {
  batchLoss,
  createLossConstants,
  createPhi4Training,
  disposeLossConstants,
} from '../../src/tasks/phi4Loss.js';
import { startBackend } from '../../src/train/backend.js';
import { createBatchMaker, createSymmetries } from '../../src/train/batch.js';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { readTrainingParameters } from '../../src/train/parameters.js';
import { drawTimes } from '../../src/train/weighting.js';
import { freeField } from '../schedule/freeField.js';

const shape = { height: 4, width: 4, channels: 1 };
const statistics = freeField(0.25, shape);
const cell = { height: 1, width: 1 };
const oneSite = Float64Array.of(1, ...new Float64Array(15));
const small = { batchSize: 16, channels: 4 };
const configurations = new Float32Array(64 * 16);
fillNormals(configurations, 1, 'configurations', 0);

function setup(parameters: Parameters) {
  const process = createProcess({ colour: 'matched', kernel: 'sigmoid', cutoffWidth: 0.5 }, statistics);
  return { process, training: readTrainingParameters({ ...small, ...parameters }), configurations, seed: 7 };
}

const folder = mkdtempSync(path.join(tmpdir(), 'rgsweep-loop-'));
beforeAll(() => startBackend('wasm', 1));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('a training', () => {
  it.each<Parameters>([
    {},
    { gaussianScore: false, timeSampling: 'importance', weighting: 'min-snr' },
    { learningRateSchedule: 'cosine', decaySteps: 9, augmentation: false },
  ])('continued from a checkpoint equals an uninterrupted one to the last bit: %j', async (parameters) => {
    const options = setup(parameters);
    const whole = createPhi4Training(options);
    for (let n = 0; n < 9; n++) await whole.advance();

    const first = createPhi4Training(options);
    for (let n = 0; n < 4; n++) await first.advance();
    const parent = mkdtempSync(path.join(folder, 'resume-'));
    const saved = writeCheckpoint(parent, { step: 4, loss: 1, state: first.state });
    expect(readdirSync(parent)).toEqual(['step-4']);
    const like = initializePhi4({ ...shape, channels: small.channels, cell }, 99, oneSite);
    const second = createPhi4Training({ ...options, from: readCheckpoint(saved, 4, like) });
    for (let n = 0; n < 5; n++) await second.advance();

    expect(second.step).toBe(9);
    expect(second.state).toEqual(whole.state);
    expect(second.state).not.toEqual(first.state);
    [whole, first, second].forEach((training) => training.dispose());
  });

  it('keeps the same number of tensors from step to step, and none at the end', async () => {
    const before = tf.memory().numTensors;
    const training = createPhi4Training(setup({}));
    await training.advance();
    const during = tf.memory().numTensors;
    for (let n = 0; n < 5; n++) await training.advance();
    expect(tf.memory().numTensors).toBe(during);
    training.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says that it diverged when the loss is not finite', async () => {
    const training = createPhi4Training({ ...setup({}), configurations: configurations.map(() => NaN) });
    await expect(training.advance()).rejects.toMatchObject({ kind: 'diverged', message: /step 1/ });
    training.dispose();
  });
});

describe('the loss of a batch', () => {
  it.each([true, false])(
    'is Σ w (ε − ε̂)² of the model that is evaluated; Gaussian score: %s',
    async (gaussianScore) => {
      const { process, training, seed } = setup({ gaussianScore, timeSampling: 'uniform' });
      const parameters = randomParameters();
      const batch = createBatchMaker(process, training, configurations, seed)(5);
      const constants = createLossConstants(process, training);
      const loss = tf.tidy(() => batchLoss(uploadParameters(parameters), batch, constants).dataSync()[0]!);
      disposeLossConstants(constants);

      const { time } = drawTimes('uniform', 16, new CounterRandom(seed, 'time', 5), undefined);
      const clean = process.basis.encode(batch.fields, 16);
      const levels = emptyNoiseLevels(16);
      const levelsAt = createNoiseLevels(process);
      const u = clean.map((component, n) => {
        const i = n % 16;
        levelsAt(time[Math.floor(n / 16)]!, levels);
        const data = component / (process.scale[i]! * Math.sqrt(process.dataVariance[i]!));
        return levels.cosine[i]! * data + levels.sine[i]! * batch.noise[n]!;
      });
      const model = createPhi4Residual(process, parameters, training);
      const residual = await model.residual(u, time);
      model.dispose();
      let expected = 0;
      for (let n = 0; n < u.length; n++) {
        levelsAt(time[Math.floor(n / 16)]!, levels);
        const error = batch.noise[n]! - levels.sine[n % 16]! * u[n]! - residual[n]!;
        expected += (0.5 * levels.gammaDerivative[n % 16]! * error ** 2) / 16;
      }
      expect(Math.abs(loss / expected - 1)).toBeLessThan(1e-4);
    },
  );

  function randomParameters(): ParameterArrays {
    return Object.fromEntries(
      Object.entries(initializePhi4({ ...shape, channels: small.channels, cell }, 3, oneSite)).map(
        ([name, array]) => {
          const noise = new Float32Array(array.data.length);
          fillNormals(noise, 5, name, 0);
          return [name, { shape: array.shape, data: array.data.map((value, n) => value + 0.2 * noise[n]!) }];
        },
      ),
    );
  }
});

describe('augmentation', () => {
  it('knows the 8·V symmetries of a square lattice, all of which keep neighbours', () => {
    const maps = createSymmetries(4, 4);
    expect(new Set(maps.map((map) => map.join())).size).toBe(8 * 16);
    expect([...maps[0]!]).toEqual([...Array(16).keys()]);
    const neighbours = (a: number, b: number) => {
      const rows = Math.abs((a >> 2) - (b >> 2));
      const columns = Math.abs((a & 3) - (b & 3));
      return Math.min(rows, 4 - rows) + Math.min(columns, 4 - columns) === 1;
    };
    const keepsNeighbours = (map: Int32Array) =>
      map.every((x, a) => map.every((y, b) => neighbours(a, b) === neighbours(x, y)));
    expect(maps.every(keepsNeighbours)).toBe(true);
    expect(new Set(createSymmetries(2, 3).map((map) => map.join())).size).toBe(12);
  });
});

describe('a checkpoint', () => {
  const like = initializePhi4({ ...shape, channels: small.channels, cell }, 1, oneSite);
  const state = { parameters: like, ema: like, first: like, second: like };

  it('of another step, another network or with a missing file is refused by name', () => {
    const parent = mkdtempSync(path.join(folder, 'bad-'));
    const saved = writeCheckpoint(parent, { step: 3, loss: 2, state });
    expect(() => readCheckpoint(saved, 4, like)).toThrow(/checkpoint of step 3.*step 4/);
    const wider = initializePhi4({ ...shape, channels: 5, cell }, 1, oneSite);
    expect(() => readCheckpoint(saved, 3, wider)).toThrow(/"input.kernel" is \[4, 16\]; .*\[5, 16\]/);
    const file = path.join(saved, 'ema.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, 100));
    expect(() => readCheckpoint(saved, 3, like)).toThrow(/safetensors/);
    rmSync(file);
    expect(() => readCheckpoint(saved, 3, like)).toThrow(/ema\.safetensors/);
  });
});

describe('backends', () => {
  it('that are not installed are refused by name, and auto takes wasm', async () => {
    // What a developer has installed for the checkout is not installed there.
    vi.stubEnv('RGSWEEP_HOME', folder);
    await expect(startBackend('webgpu', 1)).rejects.toMatchObject({
      kind: 'backend-unavailable',
      message: /"webgpu"/,
    });
    expect(await startBackend('auto', 1)).toEqual({ name: 'wasm', threads: 1 });
    expect(tf.getBackend()).toBe('wasm');
  });
});

describe('every named schedule', () => {
  it.each(Object.keys(presets))('%s: is trained, and its model is the one of the loss', async (name) => {
    const process = createProcess(presets[name]!, statistics);
    const training = readTrainingParameters({ ...small, ...presets[name], timeSampling: 'uniform' });
    const session = createPhi4Training({ process, training, configurations, seed: 3 });
    for (let n = 0; n < 5; n++) expect(await session.advance()).toBeGreaterThan(0);
    const model = createPhi4Residual(process, session.state.parameters, training);
    const u = Float64Array.from({ length: 16 }, (_, i) => Math.cos(i));
    const [value] = await model.residual(u, Float64Array.of(0.4));
    const together = await model.residualAndDivergence(u, 0.4, new Float64Array(16).fill(1));
    expect(Math.abs(together.residual[0]! - value!)).toBeLessThan(1e-5);
    session.dispose();
    model.dispose();
  });
});
