import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ParameterArrays } from '../../src/model/arrays.js';
import { uploadParameters } from '../../src/model/arrays.js';
import { conditioningSize } from '../../src/model/conditioning.js';
import { matMul, matMulConstant } from '../../src/model/matMul.js';
import {
  applyPhi4,
  initializePhi4,
  inputMatrix,
  modulatedLayer,
  modulation,
  outputMatrix,
  phi4Constants,
  type Phi4Architecture,
  type Phi4Constants,
} from '../../src/model/phi4.js';
import { CounterRandom } from '../../src/random/philox.js';
import { createSymmetries } from '../../src/train/batch.js';
import { startBackend } from '../../src/train/backend.js';

const oneSiteCell = { height: 1, width: 1 };
const architecture = { height: 4, width: 4, channels: 3, cell: oneSiteCell };
/** Every second site in each direction is alike. */
const inBlocks = { ...architecture, cell: { height: 2, width: 2 } };
const sites = 16;
const count = 5;

function normals(length: number, stream: string): Float32Array {
  const random = new CounterRandom(11, stream);
  return Float32Array.from({ length }, () => random.normal());
}

/** Parameters with nothing left at zero, so that no gradient vanishes by accident. */
function generalParameters(of: Phi4Architecture): ParameterArrays {
  const places = of.cell.height * of.cell.width;
  const localKernel = Float64Array.from({ length: places * sites }, (_, n) => (n % sites === 0 ? 1 : 0));
  const initial = initializePhi4(of, 3, localKernel);
  return Object.fromEntries(
    Object.entries(initial).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((value, n) => value + 0.3 * normals(data.length, name)[n]!) },
    ]),
  );
}

/** Directional derivative of a scalar function of one tensor by central differences, and by the gradient. */
function directional(
  f: (x: tf.Tensor) => tf.Scalar,
  at: Float32Array,
  shape: number[],
  seed: string,
): { numeric: number; analytic: number } {
  const direction = normals(at.length, `direction-${seed}`);
  const value = (h: number) =>
    tf.tidy(
      () =>
        f(
          tf.tensor(
            Float32Array.from(at, (x, n) => x + h * direction[n]!),
            shape,
          ),
        ).dataSync()[0]!,
    );
  const gradient = tf.tidy(() =>
    tf
      .grad(f as (x: tf.Tensor) => tf.Tensor)(tf.tensor(at, shape))
      .dataSync<'float32'>(),
  );
  // Fourth-order differences: single precision allows no small steps, many parameters that move together no large ones.
  const h = Math.min(0.01, 0.1 / Math.hypot(...direction));
  const numeric = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h);
  return { numeric, analytic: gradient.reduce((sum, slope, n) => sum + slope * direction[n]!, 0) };
}

/** Gradients of all parameters of a weighted sum of the network's outputs. */
function networkGradients(of: Phi4Architecture, parameters: ParameterArrays): Record<string, Float32Array> {
  return tf.tidy(() => {
    const constants = phi4Constants(of);
    const names = Object.keys(parameters);
    const tensors = uploadParameters(parameters);
    const grads = tf.grads((...all: tf.Tensor[]) =>
      scalarOutput(constants, Object.fromEntries(names.map((name, n) => [name, all[n]!]))),
    )(names.map((name) => tensors[name]!));
    return Object.fromEntries(names.map((name, n) => [name, grads[n]!.dataSync<'float32'>()]));
  });
}

function scalarOutput(constants: Phi4Constants, tensors: Record<string, tf.Tensor>): tf.Scalar {
  const fields = tf.tensor2d(normals(count * sites, 'fields'), [count, sites]);
  const conditioning = tf.tensor2d(normals(count * conditioningSize, 'conditioning'), [
    count,
    conditioningSize,
  ]);
  const weights = tf.tensor2d(normals(count * sites, 'weights'), [count, sites]);
  return applyPhi4(constants, tensors, fields, conditioning).mul(weights).sum();
}

for (const backend of ['wasm', 'cpu'] as const)
  describe(`gradients on ${backend}`, () => {
    beforeAll(() => startBackend(backend, 1));
    const close = ({ numeric, analytic }: { numeric: number; analytic: number }) => {
      expect(Math.abs(numeric)).toBeGreaterThan(1e-3);
      expect(Math.abs(analytic / numeric - 1)).toBeLessThan(2e-3);
    };

    it('of products with explicit transposes equal finite differences', () => {
      const left = normals(8, 'left');
      const square = (x: tf.Tensor) => x.square().sum<tf.Scalar>();
      const other = tf.tensor2d(normals(12, 'other'), [4, 3]);
      const transposed = tf.transpose(other);
      close(directional((x) => square(matMul(x as tf.Tensor2D, other)), left, [2, 4], 'a'));
      close(directional((x) => square(matMul(transposed, x as tf.Tensor2D)), left, [4, 2], 'b'));
      close(
        directional((x) => square(matMulConstant(x as tf.Tensor2D, other, transposed)), left, [2, 4], 'c'),
      );
    });

    it('of the modulated layer equal finite differences in every argument', () => {
      const hidden = architecture.channels * sites;
      const fields = tf.tensor2d(normals(count * sites, 'y'), [count, sites]);
      const weights = tf.tensor2d(normals(count * sites, 'w'), [count, sites]);
      const shapes: [number, number][] = [
        [sites, hidden],
        [hidden, sites],
        [count, architecture.channels],
        [count, architecture.channels],
      ];
      const values = shapes.map(([a, b], n) =>
        normals(a * b, `argument-${n}`).map((x) => 0.3 * x + (n > 1 ? 1 : 0)),
      );
      shapes.forEach((shape, varied) => {
        const f = (x: tf.Tensor) => {
          const inputs = shapes.map((s, n) => (n === varied ? x : tf.tensor(values[n]!, s))) as tf.Tensor2D[];
          return modulatedLayer(fields, inputs[0]!, inputs[1]!, inputs[2]!, inputs[3]!)
            .mul(weights)
            .sum<tf.Scalar>();
        };
        close(directional(f, values[varied]!, shape, `layer-${varied}`));
      });
    });

    it.each([architecture, inBlocks])('of the whole network equal finite differences: cells $cell', (of) => {
      const parameters = generalParameters(of);
      const constants = phi4Constants(of);
      for (const [name, { shape, data }] of Object.entries(parameters)) {
        const others = uploadParameters(parameters);
        close(directional((x) => scalarOutput(constants, { ...others, [name]: x }), data, [...shape], name));
      }
    });
  });

describe('the φ⁴ network', () => {
  beforeAll(() => startBackend('wasm', 1));

  it.each([architecture, inBlocks])('has the gradients of the plain cpu backend: cells $cell', async (of) => {
    const parameters = generalParameters(of);
    const fast = networkGradients(of, parameters);
    await startBackend('cpu', 1);
    const plain = networkGradients(of, parameters);
    await startBackend('wasm', 1);
    for (const name of Object.keys(parameters)) {
      const scale = Math.hypot(...plain[name]!);
      const difference = Math.hypot(...plain[name]!.map((x, n) => x - fast[name]![n]!));
      expect(difference / scale, name).toBeLessThan(1e-5);
    }
  });

  it.each([architecture, inBlocks])('is what its formula says, and odd: cells $cell', (of) => {
    const parameters = generalParameters(of);
    const kernelIn = parameters['input.kernel']!.data;
    const kernelOut = parameters['output.kernel']!.data;
    const y = normals(sites, 'field');
    const conditions = normals(conditioningSize, 'n');
    const kernelLinear = parameters['linear.kernel']!.data;
    const [output, negative, gain, amplitude, mixture] = tf.tidy(() => {
      const constants = phi4Constants(of);
      const tensors = uploadParameters(parameters);
      const conditioning = tf.tensor2d(conditions, [1, conditioningSize]);
      const field = tf.tensor2d(y, [1, sites]);
      const modulations = modulation(tensors, conditioning);
      return [
        applyPhi4(constants, tensors, field, conditioning),
        applyPhi4(constants, tensors, field.neg(), conditioning),
        modulations.gain,
        modulations.amplitude,
        modulations.mixture,
      ].map((tensor) => tensor.dataSync());
    });
    const minus = (p: number, q: number) =>
      (((p >> 2) - (q >> 2) + 4) % 4) * 4 + (((p & 3) - (q & 3) + 4) % 4);
    const { height, width } = of.cell;
    const place = (p: number) => ((p >> 2) % height) * width + ((p & 3) % width);
    const size = height * width * sites;
    for (let x = 0; x < sites; x++) {
      let expected = 0;
      for (let c = 0; c < of.channels; c++)
        for (let p = 0; p < sites; p++) {
          let input = 0;
          for (let q = 0; q < sites; q++)
            input += kernelIn[c * size + place(p) * sites + minus(p, q)]! * y[q]!;
          const activation = amplitude![c]! * Math.tanh(gain![c]! * input);
          expected += kernelOut[c * size + place(p) * sites + minus(x, p)]! * activation;
        }
      for (let l = 0; l < 4; l++)
        for (let q = 0; q < sites; q++)
          expected += mixture![l]! * kernelLinear[l * size + place(x) * sites + minus(x, q)]! * y[q]!;
      expect(output![x]).toBeCloseTo(expected, 4);
      expect(negative![x]).toBeCloseTo(-output![x]!, 5);
    }
  });

  it.each([architecture, inBlocks])('commutes with translations by its cells, and no others: $cell', (of) => {
    const parameters = generalParameters(of);
    const y = normals(sites, 'field');
    const conditions = normals(conditioningSize, 'n');
    const apply = (field: Float32Array) =>
      tf.tidy(() =>
        applyPhi4(
          phi4Constants(of),
          uploadParameters(parameters),
          tf.tensor2d(field, [1, sites]),
          tf.tensor2d(conditions, [1, conditioningSize]),
        ).dataSync(),
      );
    const output = apply(y);
    // The first V symmetries are the pure translations, by row and column.
    createSymmetries(4, 4)
      .slice(0, sites)
      .forEach((map, shift) => {
        const moved = apply(Float32Array.from(map, (site) => y[site]!));
        const difference = Math.max(...Array.from(map, (site, x) => Math.abs(moved[x]! - output[site]!)));
        if ((shift >> 2) % of.cell.height === 0 && (shift & 3) % of.cell.width === 0)
          expect(difference).toBeLessThan(1e-4);
        else expect(difference).toBeGreaterThan(0.1);
      });
  });

  it('begins at zero, with 5,364 parameters on 6 × 6', () => {
    const parameters = initializePhi4(
      { height: 6, width: 6, channels: 32, cell: oneSiteCell },
      1,
      new Float64Array(36).fill(1),
    );
    expect(Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0)).toBe(5364);
    for (const name of ['output.kernel', 'linear.kernel'])
      expect(parameters[name]!.data.every((x) => x === 0)).toBe(true);
    expect(
      initializePhi4(
        { height: 6, width: 6, channels: 32, cell: oneSiteCell },
        1,
        new Float64Array(36).fill(1),
      ),
    ).toEqual(parameters);
  });

  it('has matrices that apply the kernels', () => {
    const constants = phi4Constants(architecture);
    const kernel = tf.tensor2d(normals(3 * sites, 'k'), [3, sites]);
    expect(inputMatrix(constants, kernel).shape).toEqual([sites, 3 * sites]);
    expect(outputMatrix(constants, kernel).shape).toEqual([3 * sites, sites]);
  });
});
