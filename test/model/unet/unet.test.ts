import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createBasis } from '../../../src/basis/index.js';
import { basisNames } from '../../../src/basis/types.js';
import { drawGaussianFields, gaussianFieldStatistics } from '../../../src/data/images/gaussianField.js';
import { imagesOf } from '../../../src/data/images/pixels.js';
import { countParameters, uploadParameters, type ParameterArrays } from '../../../src/model/arrays.js';
import { unetArchitecture } from '../../../src/model/unet/architecture.js';
import { createBasisTensors } from '../../../src/model/unet/basisTensors.js';
import {
  batchMatMul,
  convolve,
  double,
  everywhere,
  groupNorm,
  halve,
  silu,
} from '../../../src/model/unet/layers.js';
import { createUnetResidual } from '../../../src/model/unet/residual.js';
import { initializeUnet } from '../../../src/model/unet/unet.js';
import { fillNormals } from '../../../src/random/normals.js';
import { createProcess } from '../../../src/schedule/process.js';
import { createImagesBatchMaker } from '../../../src/tasks/imagesBatch.js';
import { createImagesObjective } from '../../../src/tasks/imagesLoss.js';
import { startBackend } from '../../../src/train/backend.js';
import { createTraining, lossAndGradients } from '../../../src/train/loop.js';
import { readTrainingParameters } from '../../../src/train/parameters.js';

const shape = { height: 8, width: 8, channels: 2 };
const statistics = gaussianFieldStatistics(shape, 2);
const images = imagesOf(drawGaussianFields(shape, 2, 32, 1, 'test'), 128);
const architecture = unetArchitecture('smoke', shape);

function normals(length: number, stream: string): Float32Array {
  const out = new Float32Array(length);
  fillNormals(out, 11, stream, 0);
  return out;
}

/** Parameters with nothing left at zero. */
function generalParameters(): ParameterArrays {
  return Object.fromEntries(
    Object.entries(initializeUnet(architecture, 3)).map(([name, { shape, data }]) => {
      const noise = normals(data.length, name);
      return [name, { shape, data: data.map((value, n) => value + 0.1 * noise[n]!) }];
    }),
  );
}

beforeAll(() => startBackend('wasm', 1));

describe('layers', () => {
  const x = { shape: [2, 4, 6, 3], data: normals(144, 'x') };
  const cases: Record<
    string,
    { apply: (...inputs: tf.Tensor[]) => tf.Tensor; inputs: { shape: number[]; data: Float32Array }[] }
  > = {
    convolve: {
      apply: (a, w) => convolve(a as tf.Tensor4D, w as tf.Tensor4D),
      inputs: [x, { shape: [3, 3, 3, 5], data: normals(135, 'w') }],
    },
    convolveAround: {
      apply: (a, w) => convolve(a as tf.Tensor4D, w as tf.Tensor4D, 'periodic'),
      inputs: [x, { shape: [3, 3, 3, 5], data: normals(135, 'w') }],
    },
    everywhere: {
      apply: (a, w) => everywhere(a as tf.Tensor4D, w as tf.Tensor2D),
      inputs: [x, { shape: [3, 4], data: normals(12, 'w1') }],
    },
    silu: { apply: (a) => silu(a), inputs: [x] },
    halve: { apply: (a) => halve(a as tf.Tensor4D), inputs: [x] },
    double: { apply: (a) => double(a as tf.Tensor4D), inputs: [x] },
    groupNorm: {
      apply: (a, gain, bias) => groupNorm(a as tf.Tensor4D, 2, gain, bias),
      inputs: [
        { shape: [2, 3, 2, 8], data: normals(96, 'g') },
        { shape: [8], data: normals(8, 'gain') },
        { shape: [8], data: normals(8, 'bias') },
      ],
    },
    batchMatMul: {
      apply: (a, b) => batchMatMul(a as tf.Tensor3D, b as tf.Tensor3D),
      inputs: [
        { shape: [2, 3, 4], data: normals(24, 'a') },
        { shape: [2, 4, 5], data: normals(40, 'b') },
      ],
    },
  };
  /** Σ (output · fixed numbers), its value and all gradients. */
  function valueAndSlopes(name: string, shifted?: { index: number; direction: Float32Array; h: number }) {
    const { apply, inputs } = cases[name]!;
    return tf.tidy(() => {
      const tensors = inputs.map(({ shape, data }, n) =>
        tf.tensor(
          shifted?.index === n ? data.map((value, i) => value + shifted.h * shifted.direction[i]!) : data,
          shape,
        ),
      );
      const { value, grads } = tf.valueAndGrads((...all: tf.Tensor[]) => {
        const output = apply(...all);
        return output.mul(tf.tensor(normals(output.size, `weights-${name}`), output.shape)).sum();
      })(tensors);
      return { value: value.dataSync()[0]!, slopes: grads.map((grad) => Array.from(grad.dataSync())) };
    });
  }
  it.each(Object.keys(cases))('%s: gradients are those of finite differences', (name) => {
    const { slopes } = valueAndSlopes(name);
    cases[name]!.inputs.forEach(({ data }, index) => {
      const direction = normals(data.length, `direction-${name}-${index}`);
      const at = (h: number) => valueAndSlopes(name, { index, direction, h }).value;
      const h = 0.02;
      const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      const analytic = slopes[index]!.reduce((sum, slope, i) => sum + slope * direction[i]!, 0);
      expect(Math.abs(numeric - analytic) / (1 + Math.abs(analytic)), `input ${index}`).toBeLessThan(3e-3);
    });
  });
  it.each(Object.keys(cases))("%s: value and gradients are those of tfjs's plain backend", async (name) => {
    const wasm = valueAndSlopes(name);
    await startBackend('cpu', 1);
    const plain = valueAndSlopes(name);
    await startBackend('wasm', 1);
    expect(Math.abs(plain.value - wasm.value)).toBeLessThan(1e-4 * (1 + Math.abs(plain.value)));
    plain.slopes.forEach((slope, index) =>
      slope.forEach((value, i) => expect(wasm.slopes[index]![i]!).toBeCloseTo(value, 3)),
    );
  });
  it('convolve is the stock convolution with zero padding', () => {
    const [image, filter] = cases.convolve!.inputs.map(({ shape, data }) =>
      tf.tensor4d(data, shape as [number, number, number, number]),
    );
    const difference = tf.tidy(
      () =>
        convolve(image!, filter!)
          .sub(tf.conv2d(image!, filter!, 1, 'same'))
          .abs()
          .max()
          .dataSync()[0]!,
    );
    tf.dispose([image!, filter!]);
    expect(difference).toBeLessThan(1e-5);
  });
});

describe('a basis on the backend', () => {
  it.each(basisNames)('%s: encodes and decodes as on the host, and its gradient is its transpose', (name) => {
    const basis = createBasis(name, shape, statistics);
    const tensors = createBasisTensors(basis);
    const rows = normals(3 * 128, 'rows');
    const [encoded, decoded, slope] = tf.tidy(() => {
      const x = tf.tensor2d(rows, [3, 128]);
      return [
        tensors.encode(x).dataSync(),
        tensors.decode(x).dataSync(),
        tf
          .grad((y: tf.Tensor) =>
            tensors
              .encode(y as tf.Tensor2D)
              .mul(x)
              .sum(),
          )(tf.zerosLike(x))
          .dataSync(),
      ];
    });
    tensors.dispose();
    const close = (got: ArrayLike<number>, wanted: ArrayLike<number>) =>
      expect(Math.max(...Array.from(wanted, (value, n) => Math.abs(value - got[n]!)))).toBeLessThan(1e-4);
    close(encoded, basis.encode(rows, 3));
    close(decoded, basis.decode(rows, 3));
    close(slope, basis.decode(rows, 3));
  });
});

describe('the U-Net', () => {
  const process = createProcess({ basis: 'fourier', colour: 'white', kernel: 'uniform' }, statistics);

  it.each([true, false])(
    'has the gradients of finite differences; Gaussian score: %s',
    async (gaussianScore) => {
      const training = readTrainingParameters({ batchSize: 4, gaussianScore, dropout: 0.2 });
      const options = { process, training, architecture, images, seed: 5 };
      const objective = createImagesObjective(options);
      const batch = createImagesBatchMaker(options)(2);
      const parameters = generalParameters();
      const { gradients } = await lossAndGradients(objective, parameters, batch);
      const direction = Object.fromEntries(
        Object.entries(parameters).map(([name, { data }]) => [
          name,
          normals(data.length, `direction-${name}`),
        ]),
      );
      const at = (h: number) =>
        tf.tidy(
          () =>
            objective
              .loss(
                uploadParameters(
                  Object.fromEntries(
                    Object.entries(parameters).map(([name, { shape, data }]) => [
                      name,
                      { shape, data: data.map((value, i) => value + h * direction[name]![i]!) },
                    ]),
                  ),
                ),
                batch,
              )
              .dataSync()[0]!,
        );
      const h = 2e-3;
      const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      const analytic = Object.entries(gradients).reduce(
        (sum, [name, gradient]) =>
          sum + gradient.reduce((part, slope, i) => part + slope * direction[name]![i]!, 0),
        0,
      );
      objective.dispose();
      expect(Math.abs(numeric / analytic - 1)).toBeLessThan(0.02);
    },
  );

  it('is the exact Gaussian score before training, and leaks no tensors over steps', async () => {
    const initial = initializeUnet(architecture, 1);
    const model = createUnetResidual(process, architecture, initial, { gaussianScore: true, seed: 1 });
    const { residual, divergence } = await model.residualAndDivergence(
      Float64Array.from(normals(256, 'u')),
      0.4,
      new Float64Array(128).fill(1),
    );
    expect(residual.every((value) => value === 0)).toBe(true);
    expect([...divergence]).toEqual([0, 0]);
    model.dispose();

    const before = tf.memory().numTensors;
    const training = readTrainingParameters({ batchSize: 2, dropout: 0.2 });
    const options = { process, training, architecture, images, seed: 5 };
    const session = createTraining({
      objective: createImagesObjective(options),
      batch: createImagesBatchMaker(options),
      initialize: () => initial,
      training,
    });
    await session.advance();
    const during = tf.memory().numTensors;
    for (let n = 0; n < 20; n++) await session.advance();
    expect(tf.memory().numTensors).toBe(during);
    session.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('has a divergence whose probes average to the exact one', async () => {
    const weights = Float64Array.from({ length: 128 }, (_, i) => 0.5 + (i % 7) / 7);
    const u = Float64Array.from(normals(128, 'one'));
    const model = createUnetResidual(process, architecture, generalParameters(), {
      gaussianScore: true,
      seed: 2,
    });
    const t = 0.5;
    const h = 0.02;
    const shifted = new Float64Array(256 * 128);
    for (let row = 0; row < 256; row++) {
      shifted.set(u, row * 128);
      shifted[row * 128 + (row >> 1)]! += row % 2 === 0 ? h : -h;
    }
    const g = await model.residual(shifted, new Float64Array(256).fill(t));
    let exact = 0;
    for (let i = 0; i < 128; i++)
      exact += (weights[i]! * (g[2 * i * 128 + i]! - g[(2 * i + 1) * 128 + i]!)) / (2 * h);
    const rows = new Float64Array(128 * 128);
    for (let row = 0; row < 128; row++) rows.set(u, row * 128);
    const { divergence } = await model.residualAndDivergence(rows, t, weights);
    model.dispose();
    const mean = divergence.reduce((sum, value) => sum + value, 0) / 128;
    const error = Math.sqrt(divergence.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 128 / 127);
    expect(Math.abs(mean - exact)).toBeLessThan(4 * error);
    expect(error).toBeGreaterThan(0);
  });

  it('has the parameters of its class', () => {
    const count = (size: 'smoke' | 'small' | 'ddpm' | 'ddpmpp') =>
      countParameters(initializeUnet(unetArchitecture(size, { height: 32, width: 32, channels: 3 }), 1));
    expect(count('smoke')).toBeLessThan(200_000);
    expect(count('small')).toBeLessThan(1_500_000);
    // 35.7 million (Ho et al. 2020, appendix B), which halve and double by convolutions.
    expect(Math.abs(count('ddpm') / 35.7e6 - 1)).toBeLessThan(0.1);
  });

  it('refuses an image that it cannot halve', () => {
    expect(() => unetArchitecture('ddpm', { height: 12, width: 12, channels: 1 })).toThrow(
      /12 × 12 is no multiple of 8/,
    );
  });
});
