import * as tf from '@tensorflow/tfjs';
import type { ParameterArrays, ParameterTensors } from '../../src/model/arrays.js';
import { applyPhi4, disposePhi4Constants, initializePhi4, phi4Constants } from '../../src/model/phi4.js';
import { conditioningSize } from '../../src/model/conditioning.js';
import { unetArchitecture } from '../../src/model/unet/architecture.js';
import { unetConditioningSize } from '../../src/model/unet/conditioning.js';
import { convolve, silu } from '../../src/model/unet/layers.js';
import { applyUnet, initializeUnet, inputChannels } from '../../src/model/unet/unet.js';
import { fillNormals } from '../../src/random/normals.js';
import type { TensorData } from '../../src/tensors/safetensors.js';
import type { TrainingObjective } from '../../src/train/loop.js';

/** Batches that are made; training goes round them. */
export const batches = 5;

/** A network, its initial parameters and its batches, as this project and as PyTorch are given them. */
export interface Workload {
  title: string;
  initial: ParameterArrays;
  /** `input`, `target` and, where the network has it, `conditioning` of each batch. */
  batch: (step: number) => Record<string, TensorData>;
  /** Mean over batch and outputs of (network − target)². */
  objective: () => TrainingObjective<Record<string, TensorData>>;
}

export const workloadNames = ['phi4', 'circular', 'unet'] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** The networks that are compared; the sizes are those of bench/training/pytorch.py. */
export const workloads: Record<WorkloadName, () => Workload> = { phi4, circular, unet };

function phi4(): Workload {
  const constants = () => phi4Constants({ height: 6, width: 6, channels: 32, cell: { height: 1, width: 1 } });
  const initial = initializePhi4(
    { height: 6, width: 6, channels: 32, cell: { height: 1, width: 1 } },
    1,
    Float64Array.from({ length: 36 }, (_, n) => (n === 0 ? 1 : 0.1)),
  );
  const shape = [512, 36];
  return workload(
    'φ⁴ network, 6 × 6, 32 channels, batch 512',
    initial,
    { input: shape, target: shape, conditioning: [512, conditioningSize] },
    () => {
      const made = constants();
      return {
        apply: (parameters, { input, conditioning }) =>
          applyPhi4(made, parameters, input as tf.Tensor2D, conditioning as tf.Tensor2D),
        dispose: () => disposePhi4Constants(made),
      };
    },
  );
}

/** Channels of the circular network's hidden layers. */
const circularWidths = [1, 64, 64, 64, 1];

function circular(): Workload {
  const initial = Object.fromEntries(
    circularWidths.slice(1).flatMap((output, layer): [string, ParameterArrays[string]][] => {
      const input = circularWidths[layer]!;
      const filter = normals([3, 3, input, output], `filter-${layer}`, 1 / Math.sqrt(9 * input));
      return [
        [`${layer}.filter`, filter],
        [`${layer}.bias`, normals([output], `bias-${layer}`, 0)],
      ];
    }),
  );
  const shape = [128, 8, 8, 1];
  return workload(
    'circular convolutions 3 × 3, 8 × 8, 1-64-64-64-1, batch 128',
    initial,
    { input: shape, target: shape },
    () => ({
      apply: (parameters, { input }) => {
        let x = input as tf.Tensor4D;
        for (let layer = 0; layer < circularWidths.length - 1; layer++) {
          x = convolve(x, parameters[`${layer}.filter`] as tf.Tensor4D, 'periodic');
          x = x.add(parameters[`${layer}.bias`]!);
          if (layer < circularWidths.length - 2) x = silu(x);
        }
        return x;
      },
      dispose: () => undefined,
    }),
  );
}

function unet(): Workload {
  const size = { height: 32, width: 32, channels: 3 };
  const architecture = unetArchitecture('small', size);
  return workload(
    'U-Net `small`, 32 × 32 × 3, batch 16',
    initializeUnet(architecture, 1),
    {
      input: [16, 32, 32, inputChannels(3)],
      target: [16, 32, 32, 3],
      conditioning: [16, unetConditioningSize],
    },
    () => ({
      apply: (parameters, { input, conditioning }) =>
        applyUnet(architecture, parameters, input as tf.Tensor4D, conditioning as tf.Tensor2D),
      dispose: () => undefined,
    }),
  );
}

interface Network {
  apply(parameters: ParameterTensors, batch: Record<string, tf.Tensor>): tf.Tensor;
  dispose(): void;
}

function workload(
  title: string,
  initial: ParameterArrays,
  shapes: Record<string, number[]>,
  create: () => Network,
): Workload {
  const all = Array.from({ length: batches }, (_, step) =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, normals(shape, `${name}-${step}`, 1)]),
    ),
  );
  const batch = (step: number) => all[step % batches]!;
  return {
    title,
    // Nothing begins at zero here, so that every gradient counts from the first step.
    initial: Object.fromEntries(
      Object.entries(initial).map(([name, { shape, data }]) => {
        const noise = normals(shape, name, 0.05).data;
        return [name, { shape, data: data.map((value, n) => value + noise[n]!) }];
      }),
    ),
    batch,
    objective() {
      const network = create();
      return {
        loss: (parameters, made) => {
          const tensors = Object.fromEntries(
            Object.entries(made).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]),
          );
          return network.apply(parameters, tensors).sub(tensors.target!).square().mean();
        },
        dispose: () => network.dispose(),
      };
    },
  };
}

function normals(
  shape: readonly number[],
  stream: string,
  deviation: number,
): { shape: number[]; data: Float32Array } {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  fillNormals(data, 1, stream, 0);
  return { shape: [...shape], data: data.map((value) => value * deviation) };
}
