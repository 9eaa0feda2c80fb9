import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStatistics } from '../../src/basis/statistics.js';
import { drawDeadLeaves } from '../../src/data/images/deadLeaves.js';
import { prepareImages } from '../../src/data/images/dataset.js';
import { drawGaussianFields, gaussianFieldNll } from '../../src/data/images/gaussianField.js';
import { imagesOf } from '../../src/data/images/pixels.js';
import { componentBounds } from '../../src/eval/bound.js';
import { patchWasserstein, slicedWasserstein, spectrumDistance } from '../../src/eval/imageDistances.js';
import { imageGridPng } from '../../src/eval/imageGrid.js';
import { evaluateImages } from '../../src/eval/images.js';
import { flowNll } from '../../src/eval/likelihood.js';
import type { ParameterArrays } from '../../src/model/arrays.js';
import { presets } from '../../src/schedule/presets.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { imagesTask } from '../../src/tasks/images.js';
import { startBackend } from '../../src/train/backend.js';
import { createTraining } from '../../src/train/loop.js';
import { readTrainingParameters } from '../../src/train/parameters.js';
import type { ImagesTask } from '../../src/train/protocol.js';

const task: ImagesTask = {
  name: 'images',
  kind: 'gaussian-field',
  size: 4,
  channels: 1,
  exponent: 2,
  count: 2000,
};
const leaves: ImagesTask = { ...task, kind: 'dead-leaves', size: 8 };
let folder: string;
const folderOf = ({ kind }: ImagesTask) => join(folder, kind);

beforeAll(async () => {
  await startBackend('wasm', 1);
  folder = mkdtempSync(join(tmpdir(), 'rgsweep-images-task-'));
  for (const one of [task, leaves]) await prepareImages(one, { folder: folderOf(one) });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function model(preset: string, more: Parameters = {}, of = task) {
  const parameters = {
    batchSize: 16,
    gammaLow: -12,
    learningRate: 4e-3,
    warmupSteps: 20,
    emaDecay: 0.98,
    ...presets[preset],
    ...more,
  };
  const statistics = decodeStatistics(readFileSync(join(folderOf(of), 'statistics.safetensors')));
  const process = createProcess(parameters, statistics);
  const training = readTrainingParameters(parameters);
  const input = { settings: of, process, parameters, training, seed: 1 };
  const made = await imagesTask.model(input);
  return { input, made, process, training, statistics };
}

async function measure(preset: string, trained?: ParameterArrays, of = task) {
  const { input, made } = await model(preset, {}, of);
  const residual = made.residual(trained ?? made.initialize());
  const evaluation = { split: 'test', samples: 16, level: 'rung' } as const;
  const { metrics, files = {} } = await imagesTask.evaluate({
    ...input,
    ...evaluation,
    model: residual,
    dataFolder: folderOf(of),
  });
  residual.dispose();
  return { metrics, files };
}

/** What `steps` steps learn, with no tensor left behind. */
async function learn(preset: string, steps: number, of = task): Promise<ParameterArrays> {
  const { made, training } = await model(preset, {}, of);
  const session = createTraining({
    objective: made.objective(),
    batch: made.batches(folderOf(of)),
    initialize: () => made.initialize(),
    training,
  });
  let tensors = 0;
  while (session.step < steps) {
    await session.advance();
    if (session.step === 2) tensors = tf.memory().numTensors;
  }
  expect(tf.memory().numTensors).toBe(tensors);
  session.dispose();
  return session.state.ema;
}

describe('image models on Gaussian fields, whose −log p is known', () => {
  it('the Gaussian score has it untrained, by the bound and by the flow; the figures agree with each other', async () => {
    const { metrics, files } = await measure('standard');
    expect(metrics.vlbExcess).toBeGreaterThan(-0.001);
    expect(metrics.vlbExcess).toBeLessThan(0.02);
    // With γ(1) = 12 the flow ends at the prior: what is left of the data there would show in single fields.
    const { made, process } = await model('standard', { gammaHigh: 12 });
    const residual = made.residual(made.initialize());
    const fields = drawGaussianFields(process.basis.shape, 2, 4, 9, 'test');
    const { nll } = await flowNll(process, residual, fields, 2);
    residual.dispose();
    gaussianFieldNll(fields, process.basis.shape, 2).forEach((exact, n) =>
      expect(Math.abs(nll[n]! - exact)).toBeLessThan(0.02),
    );
    expect(metrics.bpd).toBeCloseTo(metrics.vlb! / (16 * Math.LN2), 10);
    const bands = [1, 2, 3, 4].map((n) => metrics[`band${n}Vlb`]!);
    expect(bands.reduce((sum, value) => sum + value, 0)).toBeCloseTo(metrics.vlb!, 6);
    expect(metrics.spectrumDistance).toBeLessThan(5 * metrics.spectrumDistanceFloor!);
    expect(Object.keys(files)).toEqual([
      'samples.safetensors',
      'likelihood.safetensors',
      'bands.json',
      'samples.png',
    ]);
  }, 300_000);

  it('raw ε is far from it, and training brings it near', async () => {
    const before = await measure('standard-raw');
    const after = await measure('standard-raw', await learn('standard-raw', 80));
    expect(before.metrics.vlbExcess).toBeGreaterThan(30);
    expect(after.metrics.vlbExcess).toBeLessThan(3);
    expect(after.metrics.vlbExcess).toBeGreaterThan(0);
  }, 300_000);
});

it('on dead leaves a trained model beats the best Gaussian, image by image', async () => {
  const { metrics } = await measure('standard', await learn('standard', 60, leaves), leaves);
  expect(metrics.gaussianGain).toBeGreaterThan(4 * metrics.gaussianGainError!);
  expect(metrics.gaussianGain).toBeCloseTo(metrics.gaussianNll! - metrics.vlb!, 6);
}, 300_000);

describe('figures of images', () => {
  it('256 levels: bits per dimension count levels, and too much noise at the start is warned of', async () => {
    const shape = { height: 4, width: 4, channels: 1 };
    const images = imagesOf(drawDeadLeaves(shape, 400, 1, 'test'), 16);
    for (const [gammaLow, warned] of [
      [-6, 1],
      [-14, 0],
    ] as const) {
      const { made, process, statistics } = await model('standard', { gammaLow });
      const residual = made.residual(made.initialize());
      const { metrics, warnings } = await evaluateImages({
        process,
        model: residual,
        statistics,
        images,
        samples: 16,
        level: 'rung',
        seed: 1,
      });
      residual.dispose();
      expect(metrics.bpd).toBeCloseTo(metrics.vlb! / (16 * Math.LN2) + 7, 10);
      expect(warnings.filter((line) => /blurs the 256 levels.*lower gammaLow/.test(line))).toHaveLength(
        warned,
      );
    }
  });

  it('the flow’s likelihood is of as many images as asked for; without it the rest is the same', async () => {
    const images = imagesOf(drawGaussianFields({ height: 4, width: 4, channels: 1 }, 2, 64, 1, 'test'), 16);
    const { made, process, statistics } = await model('standard');
    const residual = made.residual(made.initialize());
    const measured = (likelihoodImages: number) =>
      evaluateImages({
        process,
        model: residual,
        statistics,
        images,
        samples: 16,
        level: 'final',
        likelihoodImages,
        seed: 1,
      });
    const [none, few, more] = [await measured(0), await measured(8), await measured(16)];
    residual.dispose();
    expect(none.warnings).toEqual([]);
    expect(Object.keys(none.metrics).filter((name) => /^(nll|flow|kl)/.test(name))).toEqual([]);
    expect(few.metrics.nll).toBeDefined();
    expect(few.metrics.nllError).toBeGreaterThan(more.metrics.nllError!);
    for (const name of Object.keys(none.metrics)) expect(few.metrics[name]).toBe(none.metrics[name]);
  }, 60_000);

  it('components’ parts of the bound add up to its mean', async () => {
    const { made, process } = await model('standard-raw');
    const residual = made.residual(made.initialize());
    const fields = drawGaussianFields(process.basis.shape, 2, 8, 3, 'test');
    const { bound, components } = await componentBounds(process, residual, fields, 2, 1);
    residual.dispose();
    const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
    expect(sum(components)).toBeCloseTo(sum(bound) / 8, 8);
  });

  it('distances: a shift by d along all pixels, a spectrum times e, and sets of one distribution', () => {
    const shape = { height: 8, width: 8, channels: 1 };
    const first = drawGaussianFields(shape, 2, 300, 1, 'a');
    const second = drawGaussianFields(shape, 2, 300, 1, 'b');
    // The spectrum of √e φ is e times that of φ, on every scale.
    const louder = first.map((value) => Math.exp(0.5) * value);
    expect(spectrumDistance(louder, first, shape)).toBeCloseTo(1, 5);
    expect(spectrumDistance(second, first, shape)).toBeLessThan(0.25);
    // A shift by (d, …, d) moves what lies along e by d |Σ e_i|, on average d √(2/π): Σ e_i is a standard normal, nearly.
    const shifted = first.map((value) => value + 0.3);
    const along = slicedWasserstein(shifted, first, 64, 1);
    expect(along / (0.3 * Math.sqrt(2 / Math.PI))).toBeGreaterThan(0.8);
    expect(along / (0.3 * Math.sqrt(2 / Math.PI))).toBeLessThan(1.2);
    // Patches know no mean: the shift is invisible to them, edges are not.
    expect(patchWasserstein(shifted, first, shape, 1)).toBeLessThan(1e-6);
    const flat = new Float32Array(first.length);
    expect(patchWasserstein(flat, first, shape, 1)).toBeGreaterThan(
      5 * patchWasserstein(second, first, shape, 1),
    );
  });

  it('a grid of images is a PNG with their pixels, colours and all', () => {
    const shape = { height: 1, width: 2, channels: 3 };
    const red = [1, -1, -1];
    const black = [-1, -1, -1];
    const { png, width, height } = imageGridPng(Float32Array.from([...red, ...black]), shape, {
      columns: 4,
      scale: 1,
      limit: 1,
    });
    expect([width, height]).toEqual([2, 1]);
    const at = png.indexOf('IDAT');
    const raw = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
    expect([...raw]).toEqual([0, 255, 0, 0, 255, 0, 0, 0, 255]);
  });
});
