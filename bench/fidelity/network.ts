import { CounterRandom } from '../../src/random/philox.js';
import { exp, log } from '../../src/samplers/elementary.js';
import type { Parameters } from '../../src/space/types.js';
import { classes, dimensions, type Points } from './task.js';

/** A dense layer: `outputs` rows of `inputs` weights, then the biases. */
interface Layer {
  inputs: number;
  outputs: number;
  weights: Float64Array;
  gradient: Float64Array;
  /** Momentum, or Adam's two moments. */
  first: Float64Array;
  second: Float64Array;
  /** Of the points of a batch: what came out, and the loss's derivative by it. */
  values: Float64Array;
  slopes: Float64Array;
}

const largestBatch = 128;

function makeLayer(inputs: number, outputs: number, random: CounterRandom): Layer {
  const size = outputs * (inputs + 1);
  // Uniform within ±√(6/inputs): He's variance 2/inputs for rectified units.
  const bound = Math.sqrt(6 / inputs);
  const weights = new Float64Array(size);
  for (let i = 0; i < outputs * inputs; i++) weights[i] = bound * (2 * random.uniform() - 1);
  const empty = (length: number): Float64Array => new Float64Array(length);
  return {
    inputs,
    outputs,
    weights,
    gradient: empty(size),
    first: empty(size),
    second: empty(size),
    values: empty(largestBatch * outputs),
    slopes: empty(largestBatch * outputs),
  };
}

function forward(layer: Layer, below: Float64Array, rows: number, rectified: boolean): void {
  const { inputs, outputs, weights, values } = layer;
  for (let row = 0; row < rows; row++) {
    const from = row * inputs;
    for (let o = 0; o < outputs; o++) {
      let sum = weights[outputs * inputs + o]!;
      const at = o * inputs;
      for (let i = 0; i < inputs; i++) sum += weights[at + i]! * below[from + i]!;
      values[row * outputs + o] = rectified && sum < 0 ? 0 : sum;
    }
  }
}

/** Adds the gradient of the layer's weights, and fills the slopes of the layer below where there is one. */
function backward(
  layer: Layer,
  below: Float64Array,
  rows: number,
  belowSlopes: Float64Array | undefined,
): void {
  const { inputs, outputs, weights, gradient, slopes } = layer;
  gradient.fill(0);
  belowSlopes?.fill(0, 0, rows * inputs);
  for (let row = 0; row < rows; row++) {
    const from = row * inputs;
    for (let o = 0; o < outputs; o++) {
      const slope = slopes[row * outputs + o]!;
      if (slope === 0) continue;
      const at = o * inputs;
      gradient[outputs * inputs + o]! += slope;
      for (let i = 0; i < inputs; i++) gradient[at + i]! += slope * below[from + i]!;
      if (belowSlopes) for (let i = 0; i < inputs; i++) belowSlopes[from + i]! += slope * weights[at + i]!;
    }
    if (belowSlopes) for (let i = 0; i < inputs; i++) if (below[from + i] === 0) belowSlopes[from + i] = 0;
  }
}

/** Mean of −log p(label), in nats; with `slopes` also its derivative by the last layer's outputs. */
function crossEntropy(
  last: Layer,
  labels: Uint8Array,
  from: number,
  rows: number,
  withSlopes: boolean,
): number {
  const { values, slopes } = last;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const at = row * classes;
    let most = values[at]!;
    for (let c = 1; c < classes; c++) if (values[at + c]! > most) most = values[at + c]!;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += slopes[at + c] = exp(values[at + c]! - most);
    const label = labels[from + row]!;
    total += log(sum) + most - values[at + label]!;
    if (!withSlopes) continue;
    for (let c = 0; c < classes; c++) slopes[at + c] = (slopes[at + c]! / sum - (c === label ? 1 : 0)) / rows;
  }
  return total / rows;
}

function stepSgd({ weights, gradient, first }: Layer, rate: number, momentum: number): void {
  for (let i = 0; i < weights.length; i++) {
    first[i] = momentum * first[i]! + gradient[i]!;
    weights[i]! -= rate * first[i]!;
  }
}

/** Adam with β₁ = 0.9, β₂ = 0.99 at step t (from 1): `corrections` are 1 − β₁ᵗ and 1 − β₂ᵗ. */
function stepAdam(layer: Layer, rate: number, corrections: readonly [number, number]): void {
  const { weights, gradient, first, second } = layer;
  for (let i = 0; i < weights.length; i++) {
    const g = gradient[i]!;
    first[i] = 0.9 * first[i]! + 0.1 * g;
    second[i] = 0.99 * second[i]! + 0.01 * g * g;
    const size = Math.sqrt(second[i]! / corrections[1]) + 1e-8;
    weights[i]! -= (rate * first[i]!) / corrections[0] / size;
  }
}

/**
 * Trains one configuration and returns the validation loss (cross entropy, nats) after each of `epochs` epochs; NaN from the
 * epoch on where it diverged. Addition, multiplication, division and square root only: equal to the last bit on any machine.
 */
export function learningCurve(
  parameters: Parameters,
  seed: number,
  { training, validation }: { training: Points; validation: Points },
  epochs: number,
): number[] {
  const number = (name: string): number => parameters[name] as number;
  const width = 2 ** number('width');
  const batch = 2 ** number('batch');
  const decay = Number(`1e${number('decay')}`);
  const rate = 4 ** number('rate');
  const random = new CounterRandom(seed, 'bench/fidelity/network');
  const sizes = [dimensions, ...Array<number>(number('layers')).fill(width), classes];
  const layers = sizes.slice(1).map((outputs, i) => makeLayer(sizes[i]!, outputs, random));
  const last = layers[layers.length - 1]!;
  const pass = (points: Points, inputs: Float64Array, rows: number): void => {
    layers.forEach((layer, i) =>
      forward(layer, i === 0 ? inputs : layers[i - 1]!.values, rows, layer !== last),
    );
  };

  const order = Array.from({ length: training.count }, (_, i) => i);
  const rows = new Float64Array(largestBatch * dimensions);
  const labels = new Uint8Array(largestBatch);
  const corrections: [number, number] = [1, 1];
  let beta: [number, number] = [1, 1];
  const curve: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    for (let start = 0; start + batch <= training.count; start += batch) {
      for (let row = 0; row < batch; row++) {
        const from = order[start + row]!;
        labels[row] = training.labels[from]!;
        for (let i = 0; i < dimensions; i++)
          rows[row * dimensions + i] = training.inputs[from * dimensions + i]!;
      }
      pass(training, rows, batch);
      crossEntropy(last, labels, 0, batch, true);
      for (let l = layers.length - 1; l >= 0; l--)
        backward(layers[l]!, l === 0 ? rows : layers[l - 1]!.values, batch, layers[l - 1]?.slopes);
      beta = [0.9 * beta[0], 0.99 * beta[1]];
      corrections[0] = 1 - beta[0];
      corrections[1] = 1 - beta[1];
      for (const layer of layers) {
        // Decoupled weight decay; biases are left alone.
        const shrink = 1 - rate * decay;
        for (let i = 0; i < layer.outputs * layer.inputs; i++) layer.weights[i]! *= shrink;
        if (parameters['optimizer'] === 'adam') stepAdam(layer, rate, corrections);
        else stepSgd(layer, rate, number('momentum'));
      }
    }
    let total = 0;
    for (let start = 0; start < validation.count; start += largestBatch) {
      pass(validation, validation.inputs.subarray(start * dimensions), largestBatch);
      total += crossEntropy(last, validation.labels, start, largestBatch, false);
    }
    curve.push((total * largestBatch) / validation.count);
    if (!Number.isFinite(total)) return [...curve, ...Array<number>(epochs - curve.length).fill(NaN)];
  }
  return curve;
}
