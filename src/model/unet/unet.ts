import * as tf from '@tensorflow/tfjs';
import { CounterRandom } from '../../random/philox.js';
import type { ParameterArray, ParameterArrays, ParameterTensors } from '../arrays.js';
import { matMul } from '../matMul.js';
import { groupsOf, unetPlan, type BlockPlan, type UnetArchitecture } from './architecture.js';
import { unetConditioningSize } from './conditioning.js';
import { batchMatMul, convolve, double, everywhere, groupNorm, halve, silu } from './layers.js';

/**
 * A U-Net (Ronneberger et al. 2015; Ho et al. 2020): residual blocks of group norm, SiLU and 3 × 3 convolutions at several
 * resolutions, self-attention at the lowest, the noise levels embedded and added to each block. Its input has
 * `inputChannels(shape)` channels, its output the image's. What goes past the network (`skip`) is the field's own two channels,
 * weighted by noise level. It and the last convolution begin at zero, so that training begins at the Gaussian score.
 */

/** The field whitened and as it is, two contrasts, the noise level and the place: see src/model/unet/network.ts. */
export function inputChannels(channels: number): number {
  return 5 * channels + 2;
}

/** Initial parameters, a function of the arguments alone. */
export function initializeUnet(architecture: UnetArchitecture, seed: number): ParameterArrays {
  const plan = unetPlan(architecture);
  const { widths, shape } = architecture;
  const random = new CounterRandom(seed, 'initialization');
  const out: Record<string, ParameterArray> = {};
  const add = (name: string, dimensions: number[], deviation: number, constant = 0): void => {
    const data = new Float32Array(dimensions.reduce((product, size) => product * size, 1)).fill(constant);
    if (deviation > 0) for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal();
    out[name] = { shape: dimensions, data };
  };
  const dense = (name: string, input: number, output: number, gain = 1) => {
    add(`${name}.weight`, [input, output], gain / Math.sqrt(input));
    add(`${name}.bias`, [output], 0);
  };
  const convolution = (name: string, input: number, output: number, gain = 1) => {
    add(`${name}.filter`, [3, 3, input, output], gain / Math.sqrt(9 * input));
    add(`${name}.bias`, [output], 0);
  };
  const norm = (name: string, channels: number) => {
    add(`${name}.gain`, [channels], 0, 1);
    add(`${name}.bias`, [channels], 0);
  };
  dense('embedding.0', unetConditioningSize, plan.embedding);
  dense('embedding.1', plan.embedding, plan.embedding);
  convolution('first', inputChannels(shape.channels), widths[0]!);
  for (const block of [...plan.down.flat(), ...plan.middle, ...plan.up.flat()]) {
    const { name, input, output } = block;
    norm(`${name}.norm0`, input);
    convolution(`${name}.conv0`, input, output);
    dense(`${name}.embedding`, plan.embedding, output);
    norm(`${name}.norm1`, output);
    // A block begins as its shortcut.
    convolution(`${name}.conv1`, output, output, 0);
    if (input !== output) dense(`${name}.shortcut`, input, output);
    if (block.attention) {
      norm(`${name}.attention.norm`, output);
      for (const part of ['query', 'key', 'value']) dense(`${name}.attention.${part}`, output, output);
      dense(`${name}.attention.output`, output, output, 0);
    }
  }
  norm('last.norm', widths[0]!);
  convolution('last', widths[0]!, shape.channels, 0);
  dense('skip', plan.embedding, 2 * shape.channels, 0);
  return out;
}

/** Multipliers for dropout: a mask of this shape with mean 1, or undefined for none. */
export type DropoutMask = (name: string, shape: number[]) => tf.Tensor | undefined;

/** The network's output [B, H, W, C] for inputs [B, H, W, 5C + 2] and conditioning [B, F]; differentiable in all. */
export function applyUnet(
  architecture: UnetArchitecture,
  parameters: ParameterTensors,
  input: tf.Tensor4D,
  conditioning: tf.Tensor2D,
  dropout: DropoutMask = () => undefined,
): tf.Tensor4D {
  const plan = unetPlan(architecture);
  const of = (name: string) => {
    const found = parameters[name];
    if (!found) throw new Error(`the network has no parameter ${name}`);
    return found;
  };
  const dense = (name: string, x: tf.Tensor2D): tf.Tensor2D =>
    matMul(x, of(`${name}.weight`) as tf.Tensor2D).add(of(`${name}.bias`));
  const convolution = (name: string, x: tf.Tensor4D): tf.Tensor4D =>
    convolve(x, of(`${name}.filter`) as tf.Tensor4D).add(of(`${name}.bias`));
  const norm = (name: string, x: tf.Tensor4D): tf.Tensor4D =>
    groupNorm(x, groupsOf(x.shape[3]), of(`${name}.gain`), of(`${name}.bias`));
  const place = (name: string, x: tf.Tensor4D): tf.Tensor4D =>
    everywhere(x, of(`${name}.weight`) as tf.Tensor2D).add(of(`${name}.bias`));

  const embedding = silu(dense('embedding.1', silu(dense('embedding.0', conditioning))));

  const attention = (name: string, x: tf.Tensor4D): tf.Tensor4D => {
    const [count, height, width, channels] = x.shape;
    const normalized = norm(`${name}.norm`, x);
    const rows = (part: string) =>
      place(`${name}.${part}`, normalized).reshape<tf.Tensor3D>([count, height * width, channels]);
    const scores = batchMatMul(rows('query'), tf.transpose(rows('key'), [0, 2, 1])).mul(
      1 / Math.sqrt(channels),
    );
    const mixed = batchMatMul(tf.softmax(scores) as tf.Tensor3D, rows('value'));
    return x.add(place(`${name}.output`, mixed.reshape([count, height, width, channels])));
  };
  const block = (
    { name, input: from, output, attention: attends }: BlockPlan,
    x: tf.Tensor4D,
  ): tf.Tensor4D => {
    // With the convolution's bias, so that the image is passed over once.
    const shift = dense(`${name}.embedding`, embedding).add(of(`${name}.conv0.bias`));
    let hidden = convolve(
      silu(norm(`${name}.norm0`, x)),
      of(`${name}.conv0.filter`) as tf.Tensor4D,
    ).add<tf.Tensor4D>(shift.reshape<tf.Tensor4D>([x.shape[0], 1, 1, output]));
    hidden = silu(norm(`${name}.norm1`, hidden));
    const mask = dropout(name, hidden.shape);
    if (mask) hidden = hidden.mul(mask);
    const out = convolution(`${name}.conv1`, hidden).add<tf.Tensor4D>(
      from === output ? x : place(`${name}.shortcut`, x),
    );
    return attends ? attention(`${name}.attention`, out) : out;
  };

  let x = convolution('first', input);
  const kept = [x];
  plan.down.forEach((blocks, level) => {
    if (level > 0) kept.push((x = halve(x)));
    for (const one of blocks) kept.push((x = block(one, x)));
  });
  for (const one of plan.middle) x = block(one, x);
  plan.up.forEach((blocks, n) => {
    if (n > 0) x = double(x);
    for (const one of blocks) x = block(one, tf.concat([x, kept.pop()!], 3));
  });
  // Group norm takes each image's own size away, and a score needs it: what is linear in the field goes past it.
  const [count, height, width] = input.shape;
  const outputs = architecture.shape.channels;
  const field = tf.slice(input, [0, 0, 0, 0], [count, height, width, 2 * outputs]);
  const linear = field
    .mul(dense('skip', embedding).reshape([count, 1, 1, 2 * outputs]))
    .reshape([count, height, width, 2, outputs])
    .sum<tf.Tensor4D>(3);
  return convolution('last', silu(norm('last.norm', x))).add<tf.Tensor4D>(linear);
}
