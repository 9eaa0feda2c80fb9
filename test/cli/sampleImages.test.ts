import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawSamples, type SampleViewOptions } from '../../src/cli/sampleView.js';
import { drawDeadLeaves } from '../../src/data/images/deadLeaves.js';
import { imagesOf } from '../../src/data/images/pixels.js';
import { imageStatistics } from '../../src/data/images/statistics.js';
import { componentsGiven } from '../../src/sample/scales.js';
import { createProcess } from '../../src/schedule/process.js';
import type { DiffusionProcess } from '../../src/schedule/types.js';
import { readSnapshot } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { decodeSafetensors } from '../../src/tensors/safetensors.js';
import { exampleSpec } from '../store/example.js';
import { storeWithTrial } from './drawnTrial.js';

const parameters = {
  basis: 'haar',
  colour: 'matched',
  kernel: 'sigmoid',
  ordering: 'level',
  cutoffWidth: 0.5,
  gammaLow: -12,
};

/** The pixels of a PNG that src/eval/png.ts wrote: rows of a zero and RGBA. */
function pixelsOf(png: Buffer): number[] {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const at = png.indexOf('IDAT');
  const raw = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  return Array.from({ length: height }, (_, y) => [
    ...raw.subarray(y * (4 * width + 1) + 1, (y + 1) * (4 * width + 1)),
  ]).flat();
}

describe.each([3, 1])('rgsweep sample of images with %i channels', (channels) => {
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-sample-images-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const shape = { height: 8, width: 8, channels };
  const dimension = 64 * channels;
  const count = 10;
  const pixels = drawDeadLeaves(shape, 300, 1, 'test');
  let process: DiffusionProcess;
  let store: ObjectStore;
  let snapshot: SweepSnapshot;

  beforeAll(async () => {
    const statistics = await imageStatistics(imagesOf(pixels, dimension), shape, async () => undefined);
    process = createProcess(parameters, statistics);
    const task = { name: 'images', kind: 'dead-leaves', size: 8, channels, exponent: 2, count: 300 } as const;
    const spec = { ...exampleSpec('leaves'), task, defaults: {} };
    const test = { pixels: { shape: [300, dimension], data: pixels } };
    store = await storeWithTrial({ folder, spec, parameters, statistics, test });
    snapshot = await readSnapshot(store, 'leaves');
  });

  const draw = async (more: Partial<SampleViewOptions>) => {
    const output = join(folder, 'out');
    const options = { count, steps: 8, seed: 1, field: 2, output, ...more };
    const summary = await drawSamples(store, snapshot, 'standard', options, () => undefined);
    const { data } = decodeSafetensors(readFileSync(join(output, 'samples.safetensors'))).tensors['samples']!;
    return { summary, output, samples: data as Float32Array };
  };

  it('draws them in their own tones, as SVG and as PNG', async () => {
    const { summary, output, samples } = await draw({ sampler: 'heun', format: ['svg', 'png'] });
    expect(summary).toMatchObject({ step: 1000, functionEvaluations: 16, observables: {}, warnings: [] });
    const svg = readFileSync(join(output, 'samples.svg'), 'utf8');
    const drawn = [...svg.matchAll(/data:image\/png;base64,([^"]+)/g)].map(([, text]) =>
      pixelsOf(Buffer.from(text!, 'base64')),
    );
    const tone = (value: number) => Math.round(127.5 * (1 + Math.min(1, Math.max(-1, value))));
    expect(drawn).toEqual(
      Array.from({ length: count }, (_, n) =>
        Array.from({ length: 64 }, (_unused, site) => {
          const at = n * dimension + site * channels;
          return [...[0, 1, 2].map((c) => tone(samples[at + (channels === 3 ? c : 0)]!)), 255];
        }).flat(),
      ),
    );
    for (const name of ['samples.png', 'reverse.png'])
      expect(readFileSync(join(output, name)).subarray(1, 4).toString()).toBe('PNG');
  });

  it('fixes the coarse scales to those of a test image', async () => {
    const { summary, samples } = await draw({ given: 'low:2' });
    const components = componentsGiven(process, 'low:2');
    expect(components).toHaveLength(4 * channels);
    expect(summary.given).toMatchObject({ components, field: 2 });
    const wanted = new Float32Array(dimension);
    imagesOf(pixels, dimension).write(2, wanted, 0);
    const known = process.basis.encode(wanted, 1);
    const encoded = process.basis.encode(samples, count);
    for (let i = 0; i < dimension; i++) {
      const values = Array.from({ length: count }, (_, n) => encoded[n * dimension + i]!);
      if (components.includes(i))
        for (const value of values) expect(Math.abs(value - known[i]!)).toBeLessThan(1e-5);
      else expect(new Set(values).size).toBeGreaterThan(1);
    }
  });
});
