import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statisticsOfSpectrum } from '../../src/basis/statistics.js';
import { drawSamples, type SampleSummary, type SampleViewOptions } from '../../src/cli/sampleView.js';
import { CounterRandom } from '../../src/random/philox.js';
import { componentsGiven, scalesOf } from '../../src/sample/scales.js';
import { createProcess } from '../../src/schedule/process.js';
import { readSnapshot, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { decodeSafetensors } from '../../src/tensors/safetensors.js';
import { exampleSpec, exampleTrial } from '../store/example.js';
import { storeWithTrial } from './drawnTrial.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-sample-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sweep = 'drawn';
const parameters = { basis: 'fourier', colour: 'matched', kernel: 'sigmoid', cutoffWidth: 0.5, channels: 4 };
const shape = { height: 6, width: 6, channels: 1 };
const statistics = statisticsOfSpectrum(shape, (n, m) => 1 / (1 + n * (6 - n) + m * (6 - m)));
const process = createProcess(parameters, statistics);
const testFields = new Float32Array(3 * 36);
new CounterRandom(4, 'test fields').fillNormal(testFields);
let store: ObjectStore;
let snapshot: SweepSnapshot;

/** One trial whose network is at its start (the Gaussian score), one that equals it, one without a checkpoint. */
beforeAll(async () => {
  const spec = { ...exampleSpec(sweep), defaults: { channels: 4 } };
  const test = { samples: { shape: [3, 36], data: testFields } };
  store = await storeWithTrial({ folder, spec, parameters, statistics, test });
  await writeTrial(store, sweep, { ...exampleTrial(1), parameters, rungs: [], equals: 0, state: 'complete' });
  await writeTrial(store, sweep, { ...exampleTrial(2), parameters, rungs: [] });
  snapshot = await readSnapshot(store, sweep);
});

let runs = 0;
async function draw(word: string, more: Partial<SampleViewOptions> = {}) {
  const output = join(folder, `out-${runs++}`);
  let text = '';
  const options = { count: 40, steps: 16, seed: 1, field: 1, output, ...more };
  const summary = await drawSamples(store, snapshot, word, options, (line) => (text += line));
  const { data } = decodeSafetensors(readFileSync(join(output, 'samples.safetensors'))).tensors['samples']!;
  return { summary, text, output, samples: data as Float32Array };
}

describe('rgsweep sample', () => {
  it('draws from a checkpoint, the same for the same seed, and says what it cost', async () => {
    const first = await draw('standard');
    expect(first.summary).toMatchObject({ trial: 0, step: 1000, sampler: 'rk4', functionEvaluations: 64 });
    expect(first.text).toMatch(/40 samples of trial 0 at step 1000: rk4, 16 steps, 64 calls of the network/);
    expect(readdirSync(first.output).sort()).toEqual([
      'reverse.svg',
      'sample.json',
      'samples.safetensors',
      'samples.svg',
    ]);
    expect(first.samples).toEqual((await draw('0')).samples);
    expect(first.samples).not.toEqual((await draw('0', { seed: 2 })).samples);
    const kept = JSON.parse(readFileSync(join(first.output, 'sample.json'), 'utf8')) as SampleSummary;
    expect(kept).toEqual(first.summary);
    // One row for the sample, four for its bands, two more samples; nine times each.
    const strip = readFileSync(join(first.output, 'reverse.svg'), 'utf8');
    expect(strip.match(/<image /g)).toHaveLength(7 * 9);
    expect(strip).not.toMatch(/NaN|undefined/);
    // The network begins as the Gaussian score, so the samples have the data's variance.
    const variance = first.samples.reduce((sum, value) => sum + value * value, 0) / first.samples.length;
    expect(variance / statistics.covariance[0]!).toBeGreaterThan(0.8);
    expect(variance / statistics.covariance[0]!).toBeLessThan(1.25);
  });

  it('fixes the coarse scales to those of a test configuration and generates the rest', async () => {
    const { summary, samples, output, text } = await draw('0', { given: 'low:2', json: true });
    expect(summary).toMatchObject({ sampler: 'ancestral', functionEvaluations: 16 });
    expect(JSON.parse(text)).toMatchObject({ given: { scales: 'low:2', field: 1, effectiveShare: 1 } });
    const components = componentsGiven(process, 'low:2');
    expect(components).toEqual([0, 1, 5, 6, 30]);
    expect(summary.given?.components).toEqual(components);
    const encoded = process.basis.encode(samples, 40);
    const wanted = process.basis.encode(testFields.subarray(36, 72), 1);
    const spread = (i: number): number => {
      const all = Array.from({ length: 40 }, (_, n) => encoded[n * 36 + i]!);
      return Math.max(...all) - Math.min(...all);
    };
    for (const i of components)
      for (let n = 0; n < 40; n++) expect(Math.abs(encoded[n * 36 + i]! - wanted[i]!)).toBeLessThan(1e-5);
    for (let i = 0; i < 36; i++) if (!components.includes(i)) expect(spread(i)).toBeGreaterThan(0.3);
    expect(readFileSync(join(output, 'reverse.svg'), 'utf8')).toMatch(/scales 1–2, given/);
  });

  it('a trial that equals another stands for it', async () => {
    expect((await draw('1')).summary.trial).toBe(0);
  });

  it('warns of Euler’s bound', async () => {
    const { summary } = await draw('0', { sampler: 'euler', steps: 3 });
    expect(summary.warnings.join()).toMatch(/Euler is stable below 2: take about \d+ times the steps/);
  });

  it('mistakes are one clear error', async () => {
    await expect(draw('9')).rejects.toThrow(/drawn has no trial "9"; it has 0 to 2/);
    await expect(draw('2')).rejects.toThrow(/trial 2 of drawn has no checkpoint/);
    await expect(draw('0', { given: 'high:2' })).rejects.toThrow(/--given is "high:2".*low:1 to low:8/);
    await expect(draw('0', { given: 'low:9' })).rejects.toThrow(/low:1 to low:8/);
    await expect(draw('0', { given: 'low:1', sampler: 'rk4' })).rejects.toThrow(/given to the method rk4/);
    await expect(draw('0', { given: 'low:1', field: 3 })).rejects.toThrow(
      /--field is 3; the test data hold 0 to 2/,
    );
  });
});

describe('scales', () => {
  it.each([
    ['fourier', 9],
    ['haar', 2],
    ['pca', 10],
    ['pixel', 36],
  ])('of %s: %i, coarse first, each component once', (basis, count) => {
    const of = createProcess({ basis }, statistics);
    const scales = scalesOf(of);
    expect(scales).toHaveLength(count);
    expect(scales.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 36 }, (_, i) => i));
    if (basis === 'pixel') expect(scales[7]).toEqual([7]);
    if (basis === 'haar') expect(scales[0]).toHaveLength(9);
  });
});
