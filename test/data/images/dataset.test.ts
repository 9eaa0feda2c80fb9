import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBasis } from '../../../src/basis/index.js';
import { computeStatistics, decodeStatistics } from '../../../src/basis/statistics.js';
import { register } from '../../../src/cli/verbs/data.js';
import { checkDataset } from '../../../src/data/dataset.js';
import { drawDeadLeaves } from '../../../src/data/images/deadLeaves.js';
import { prepareImages } from '../../../src/data/images/dataset.js';
import {
  drawGaussianFields,
  gaussianFieldNll,
  gaussianFieldStatistics,
  powerSpectrum,
} from '../../../src/data/images/gaussianField.js';
import { imagesOf, readImages } from '../../../src/data/images/pixels.js';
import { imageStatistics } from '../../../src/data/images/statistics.js';
import type { ImagesTask } from '../../../src/train/protocol.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rgsweep-images-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const gaussian: ImagesTask = {
  name: 'images',
  kind: 'gaussian-field',
  size: 8,
  channels: 3,
  exponent: 2,
  count: 400,
};
const leaves: ImagesTask = { ...gaussian, kind: 'dead-leaves' };

describe('generated images', () => {
  it('Gaussian fields have the spectrum they are drawn from, and channels are independent', () => {
    const shape = { height: 8, width: 8, channels: 3 };
    const count = 1500;
    const fields = drawGaussianFields(shape, 2, count, 5, 'test');
    const modes = createBasis('fourier', shape).encode(fields, count);
    const variance = powerSpectrum(shape, 2);
    let worst = 0;
    let square = 0;
    for (let i = 0; i < 192; i++) {
      const mode = Math.floor(i / 3);
      let sum = 0;
      for (let n = 0; n < count; n++) sum += modes[n * 192 + i]! ** 2;
      const ratio = sum / count / variance(Math.floor(mode / 8), mode % 8);
      // The sample variance of a normal has the relative error √(2/N).
      worst = Math.max(worst, Math.abs(ratio - 1) / Math.sqrt(2 / count));
      square += variance(Math.floor(mode / 8), mode % 8) / 192;
    }
    expect(worst).toBeLessThan(4.5);
    expect(square).toBeCloseTo(0.25, 12);
    let crossed = 0;
    for (let n = 0; n < fields.length; n += 3) crossed += (fields[n]! * fields[n + 1]!) / (fields.length / 3);
    expect(Math.abs(crossed)).toBeLessThan(0.03);
  });

  it('the exact −log p is the density of the normal distribution with the exact covariance', () => {
    const shape = { height: 4, width: 4, channels: 1 };
    const { covariance } = gaussianFieldStatistics(shape, 2);
    const fields = drawGaussianFields(shape, 2, 3, 1, 'test');
    const nll = gaussianFieldNll(fields, shape, 2);
    // By Cholesky's decomposition of the covariance, in pixels.
    const lower = cholesky(covariance, 16);
    for (let n = 0; n < 3; n++) {
      const solved: number[] = [];
      let expected = 8 * Math.log(2 * Math.PI);
      for (let i = 0; i < 16; i++) {
        let value = fields[n * 16 + i]!;
        for (let j = 0; j < i; j++) value -= lower[i * 16 + j]! * solved[j]!;
        solved.push(value / lower[i * 16 + i]!);
        expected += Math.log(lower[i * 16 + i]!) + 0.5 * solved[i]! ** 2;
      }
      expect(nll[n]).toBeCloseTo(expected, 4);
    }
  });

  it('dead leaves are far from Gaussian and have a spectrum near 1/k²', () => {
    const shape = { height: 16, width: 16, channels: 1 };
    const count = 600;
    const pixels = drawDeadLeaves(shape, count, 3, 'test');
    const images = imagesOf(pixels, 256);
    const row = new Float32Array(256);
    const power = new Float64Array(256);
    let fourth = 0;
    let second = 0;
    const fourier = createBasis('fourier', shape);
    for (let n = 0; n < count; n++) {
      images.write(n, row, 0);
      for (let i = 0; i < 256; i++) {
        const slope = row[i]! - row[(i + 1) % 256]!;
        if (i % 16 === 15) continue;
        second += slope ** 2;
        fourth += slope ** 4;
      }
      fourier.encode(row, 1).forEach((value, i) => (power[i]! += value ** 2 / count));
    }
    // Differences of neighbours: mostly nothing, sometimes an edge. 3 for a Gaussian.
    const kurtosis = fourth / (count * 240) / (second / (count * 240)) ** 2;
    expect(kurtosis).toBeGreaterThan(5);
    const along = (k: number) => (power[k]! + power[16 * k]!) / 2;
    const exponent =
      -Math.log(along(4) / along(1)) / Math.log(Math.sin(Math.PI / 4) / Math.sin(Math.PI / 16));
    expect(exponent).toBeGreaterThan(1.3);
    expect(exponent).toBeLessThan(2.7);
  });

  it('statistics of 256 levels are those of the dequantized images', async () => {
    const shape = { height: 5, width: 5, channels: 1 };
    const pixels = drawDeadLeaves(shape, 700, 3, 'test');
    const made = await imageStatistics(imagesOf(pixels, 25), shape, async () => undefined);
    const middles = Float32Array.from(pixels, (level) => (level + 0.5) / 128 - 1);
    const wanted = computeStatistics(middles, 700, shape);
    for (let i = 0; i < 25; i++) {
      expect(made.mean[i]).toBeCloseTo(wanted.mean[i]!, 6);
      for (let j = 0; j < 25; j++) {
        const uniform = i === j ? 1 / 128 ** 2 / 12 : 0;
        expect(
          Math.abs(made.covariance[i * 25 + j]! - wanted.covariance[i * 25 + j]! - uniform),
        ).toBeLessThan(1e-6);
      }
    }
  });

  it('data sets are whole, the same every time, and bring their principal components', async () => {
    const manifest = await prepareImages(leaves, { folder });
    expect(manifest.content).toBe('generated: dead leaves, 256 levels');
    expect(manifest.counts).toEqual({ train: 400, validation: 80, test: 80 });
    await checkDataset(folder);
    const again = mkdtempSync(join(folder, 'again-'));
    expect((await prepareImages(leaves, { folder: again })).files).toEqual(manifest.files);
    const { principal, covariance } = decodeStatistics(readFileSync(join(folder, 'statistics.safetensors')));
    let trace = 0;
    for (let i = 0; i < 192; i++) trace += covariance[i * 193]!;
    expect(principal!.variances.reduce((sum, value) => sum + value, 0)).toBeCloseTo(trace, 9);
    const floats = await prepareImages(gaussian, { folder: again });
    expect(floats.key).not.toBe(manifest.key);
    const splits = (['train', 'validation', 'test'] as const).map((split) => readImages(again, split));
    expect(splits.map(({ count, quantized }) => [count, quantized])).toEqual([
      [400, false],
      [80, false],
      [80, false],
    ]);
  });

  it('`data prepare images` puts them where sweeps find them, once, and checks what it is told', async () => {
    let output = '';
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output += String(text);
      return true;
    });
    const rgsweep = async (...args: string[]) => {
      output = '';
      const program = new Command('rgsweep');
      register(program);
      await program.parseAsync(['data', ...args], { from: 'user' });
      return output;
    };
    const asked = ['prepare', 'images', '--size', '4', '--count', '60'];
    const store = join(folder, 'store');
    const made = await rgsweep(...asked, '--store', store);
    expect(made).toMatch(
      /generated: dead leaves, 256 levels\n4 × 4 pixels, channels 1; .* \([0-9a-f]{16}\)\ntrain +60 images/,
    );
    expect(await rgsweep(...asked, '--store', store)).toMatch(/^it is there already/);
    const key = /\(([0-9a-f]{16})\)/.exec(made)![1]!;
    expect(await rgsweep('check', join(store, 'datasets', key))).toMatch(/is whole: 4 files/);
    expect(await rgsweep('show', join(store, 'datasets', key))).toMatch(/dead leaves/);
    writeFileSync(join(store, 'datasets', key, 'test.safetensors'), 'gone');
    await expect(rgsweep('check', join(store, 'datasets', key))).rejects.toThrow(
      /test\.safetensors has 4 bytes/,
    );
    const other = join(folder, 'other');
    await expect(rgsweep('prepare', 'images', '--channels', '2', '--folder', other)).rejects.toThrow(
      /channels is 2/,
    );
    await expect(rgsweep('prepare', 'images', '--size', '3', '--folder', other)).rejects.toThrow(
      /size is 3; it must be an integer from 4 to 64/,
    );
  });
});

/** L of C = LLᵀ. */
function cholesky(matrix: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * n + k]! * lower[j * n + k]!;
      lower[i * n + j] = i === j ? Math.sqrt(sum) : sum / lower[j * n + j]!;
    }
  return lower;
}
