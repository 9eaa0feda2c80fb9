/** Distances on features against NumPy's own linear algebra, and feature networks of the user's own as files. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawDeadLeaves } from '../../src/data/images/deadLeaves.js';
import { drawGaussianFields } from '../../src/data/images/gaussianField.js';
import { imagesOf } from '../../src/data/images/pixels.js';
import { frechetDistance, kernelDistance } from '../../src/eval/featureDistances.js';
import { createRandomFeatures, loadFeatureNetwork } from '../../src/eval/features.js';
import { fillNormals } from '../../src/random/normals.js';
import { startBackend } from '../../src/train/backend.js';
import { pythonWith } from '../e2e/python.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-features-'));
beforeAll(() => startBackend('wasm', 1));
afterAll(() => rmSync(folder, { recursive: true }));

/** Correlated vectors with a mean of their own. */
function vectors(count: number, dimension: number, stream: string): Float64Array {
  const normals = new Float32Array(count * dimension);
  fillNormals(normals, 3, stream, 0);
  return Float64Array.from(normals, (value, n) => {
    const i = n % dimension;
    return (1 + i / dimension) * value + (i > 0 ? 0.5 * normals[n - 1]! : 0) + 0.1 * stream.length;
  });
}

describe('distances of feature vectors', () => {
  // More rows than numbers, and fewer: two ways to one result.
  it.each([
    [40, 25, 6],
    [12, 30, 20],
  ])(
    'of %i and %i vectors of their size are those by NumPy',
    (many, others, dimension) => {
      const a = vectors(many, dimension, 'a');
      const b = vectors(others, dimension, 'other');
      writeFileSync(join(folder, 'ab.json'), JSON.stringify({ a: [...a], b: [...b], dimension }));
      const script = `
import json, sys
import numpy as np
read = json.load(open(sys.argv[1]))
a, b = (np.array(read[name]).reshape(-1, read["dimension"]) for name in "ab")
roots = np.sqrt(np.linalg.eigvals(np.cov(a.T) @ np.cov(b.T)).astype(complex)).real.sum()
fid = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T)) + np.trace(np.cov(b.T)) - 2 * roots
k = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3
off = lambda m: (m.sum() - np.trace(m)) / len(m) / (len(m) - 1)
print(json.dumps([fid, off(k(a, a)) + off(k(b, b)) - 2 * k(a, b).mean()]))`;
      const python = join(pythonWith('numpy'), 'python3');
      const { stdout, stderr } = spawnSync(python, ['-c', script, join(folder, 'ab.json')], {
        encoding: 'utf8',
      });
      const [frechet, kernel] = JSON.parse(stdout || JSON.stringify(stderr)) as [number, number];
      expect(frechetDistance(a, b, dimension) / frechet).toBeCloseTo(1, 6);
      expect(kernelDistance(a, b, dimension) / kernel).toBeCloseTo(1, 8);
    },
    240_000,
  );

  it('of random features: near the floor for one distribution, far above it for fields of the same spectrum', async () => {
    const shape = { height: 16, width: 16, channels: 1 };
    const draw = (stream: string) => {
      const images = imagesOf(drawDeadLeaves(shape, 100, 1, stream), 256);
      const out = new Float32Array(100 * 256);
      for (let n = 0; n < 100; n++) images.write(n, out, n * 256);
      return out;
    };
    const network = createRandomFeatures(1);
    const of = (images: Float32Array) => network.features(images, shape);
    const [leaves, others] = [await of(draw('a')), await of(draw('b'))];
    const fields = await of(drawGaussianFields(shape, 2, 100, 1, 'c'));
    network.dispose();
    expect(leaves.length).toBe(128);
    const floor = frechetDistance(leaves.rows, others.rows, 128);
    expect(frechetDistance(fields.rows, others.rows, 128)).toBeGreaterThan(3 * floor);
  });
});

describe('a feature network of the user’s own', () => {
  const shape = { height: 3, width: 3, channels: 1 };
  const weights = Float32Array.from({ length: 12 }, (_, n) => 0.1 * (n + 1));

  function writeModel(name: string, content: object): string {
    const file = join(folder, `${name}.json`);
    writeFileSync(join(folder, `${name}.bin`), new Uint8Array(weights.buffer));
    writeFileSync(file, JSON.stringify(content));
    return file;
  }
  const manifest = (name: string, variable: string) => [
    { paths: [`${name}.bin`], weights: [{ name: variable, shape: [1, 1, 3, 4], dtype: 'float32' }] },
  ];
  const node = (name: string, op: string, input: string[], attr: object) => ({ name, op, input, attr });
  const shapeAttribute = (sizes: number[]) => ({
    shape: { dim: sizes.map((size) => ({ size: String(size) })) },
  });
  const files = {
    'layers-model': async () => {
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({ inputShape: [6, 6, 3], filters: 4, kernelSize: 1, useBias: false, name: 'c' }),
        ],
      });
      let topology: unknown;
      await model.save({
        save: ({ modelTopology }) => {
          topology = modelTopology;
          return Promise.resolve({
            modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' },
          });
        },
      });
      model.dispose();
      return writeModel('layers', {
        format: 'layers-model',
        modelTopology: topology,
        weightsManifest: manifest('layers', 'c/kernel'),
      });
    },
    'graph-model': () =>
      Promise.resolve(
        writeModel('graph', {
          format: 'graph-model',
          modelTopology: {
            versions: { producer: 1 },
            node: [
              node('x', 'Placeholder', [], {
                dtype: { type: 'DT_FLOAT' },
                shape: shapeAttribute([-1, 6, 6, 3]),
              }),
              node('w', 'Const', [], {
                dtype: { type: 'DT_FLOAT' },
                value: { tensor: { dtype: 'DT_FLOAT', tensorShape: shapeAttribute([1, 1, 3, 4]).shape } },
              }),
              node('y', 'Conv2D', ['x', 'w'], {
                T: { type: 'DT_FLOAT' },
                strides: { list: { i: ['1', '1', '1', '1'] } },
                padding: { s: Buffer.from('VALID').toString('base64') },
                data_format: { s: Buffer.from('NHWC').toString('base64') },
                dilations: { list: { i: ['1', '1', '1', '1'] } },
              }),
            ],
          },
          weightsManifest: manifest('graph', 'w'),
        }),
      ),
  };
  it.each(['layers-model', 'graph-model'] as const)(
    'as a %s sees images of its size on [−1, 1] in colour',
    async (format) => {
      const network = await loadFeatureNetwork(await files[format]());
      // Flat images: every size of them is flat; 3 is white as 1 is.
      const values = [-0.5, 0.25, 3];
      const images = Float32Array.from(values.flatMap((value) => Array.from({ length: 9 }, () => value)));
      const { rows, length } = await network.features(images, shape);
      network.dispose();
      expect(length).toBe(4);
      const wanted = values.flatMap((value) =>
        [0, 1, 2, 3].map((k) => Math.min(1, value) * (weights[k]! + weights[4 + k]! + weights[8 + k]!)),
      );
      wanted.forEach((value, n) => expect(rows[n]).toBeCloseTo(value, 5));
    },
  );

  it('that is none is refused with the file and what it must be', async () => {
    await expect(loadFeatureNetwork(join(folder, 'nowhere.json'))).rejects.toMatchObject({
      kind: 'data-missing',
      message: expect.stringContaining('nowhere.json') as string,
      remedy: expect.stringContaining('RGSWEEP_INCEPTION') as string,
    });
  });
});
