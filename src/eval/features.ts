import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { FieldShape } from '../basis/types.js';
import { messageOf, RgsweepError } from '../errors.js';
import { CounterRandom } from '../random/philox.js';

/** Turns images, rows of D numbers, into feature vectors of `length` numbers each. */
export interface FeatureNetwork {
  /** @param images rows; row, column, channel */
  features(images: Float32Array, shape: FieldShape): Promise<{ rows: Float32Array; length: number }>;
  dispose(): void;
}

/** Images that go through a feature network at once. */
const rowsAtOnce = 32;
/** Filters of the random network's two layers. */
const widths = [32, 64] as const;

/**
 * Two convolutions 3 × 3 with fixed random filters, each followed by max(0, x), the second with stride 2, then mean and standard
 * deviation of each channel over the pixels: 128 numbers, a function of the images alone. An untrained network knows textures and
 * edges and nothing of objects: distances on its features order models of one data set, and are no FID.
 */
export function createRandomFeatures(channels: number): FeatureNetwork {
  const random = new CounterRandom(1, 'features');
  const filter = (input: number, output: number) =>
    tf.tensor4d(
      Float32Array.from({ length: 9 * input * output }, () => random.normal() * Math.sqrt(2 / (9 * input))),
      [3, 3, input, output],
    );
  const filters = [filter(channels, widths[0]), filter(widths[0], widths[1])] as const;
  return {
    features: (images, shape) =>
      inParts(images, shape, (batch) => {
        const hidden = tf.relu(tf.conv2d(batch, filters[0], 1, 'same'));
        const last = tf.relu(tf.conv2d(hidden, filters[1], 2, 'same'));
        const mean = last.mean([1, 2], true);
        const deviation = last.sub(mean).square().mean([1, 2]).sqrt();
        return tf.concat([mean.reshape(deviation.shape), deviation], 1);
      }),
    dispose: () => tf.dispose([...filters]),
  };
}

interface LoadedModel {
  inputs: { shape?: readonly (number | null)[] | undefined }[];
  predict(x: tf.Tensor): tf.Tensor | tf.Tensor[] | tf.NamedTensorMap;
  dispose(): void;
}

/**
 * A feature network of the user's own in TensorFlow.js's format: a model.json (graph or layers model, as
 * `tensorflowjs_converter` writes them) with its weight files beside it. It is given images [N, H, W, 3] of its input's size (bilinear) on
 * [−1, 1], grey ones three times; of an output with places the mean over them is taken.
 * @param file path of model.json
 * @throws RgsweepError('data-missing') when it cannot be read, ('bad-configuration') when it is no network from colour images to vectors
 */
export async function loadFeatureNetwork(file: string): Promise<FeatureNetwork> {
  const model = await loadModel(file);
  const [, height, width, channels] = model.inputs[0]?.shape ?? [];
  if (model.inputs.length !== 1 || !((height ?? 0) > 0 && (width ?? 0) > 0) || channels !== 3) {
    model.dispose();
    throw new RgsweepError(
      'bad-configuration',
      `${file}: the feature network's input is [${(model.inputs[0]?.shape ?? []).join(', ')}]; it must be one of [N, height, width, 3] with a fixed size`,
    );
  }
  return {
    features: (images, shape) =>
      inParts(images, shape, (batch) => {
        const colour = shape.channels === 3 ? batch : tf.concat([batch, batch, batch], 3);
        const output = model.predict(
          tf.image.resizeBilinear(colour.clipByValue(-1, 1) as tf.Tensor4D, [height!, width!], false, true),
        );
        const first = output instanceof tf.Tensor ? output : Object.values(output)[0]!;
        return first.rank === 4 ? first.mean([1, 2]) : first.reshape([batch.shape[0], -1]);
      }),
    dispose: () => model.dispose(),
  };
}

async function loadModel(file: string): Promise<LoadedModel> {
  const handler: tf.io.IOHandler = {
    load: () => {
      const content = JSON.parse(readFileSync(file, 'utf8')) as tf.io.ModelJSON;
      const { modelTopology, format, weightsManifest } = content;
      const weights = weightsManifest.flatMap(({ paths }) =>
        paths.map((name) => readFileSync(path.join(path.dirname(file), name))),
      );
      return Promise.resolve({
        modelTopology,
        ...(format === undefined ? {} : { format }),
        weightSpecs: weightsManifest.flatMap((group) => group.weights),
        weightData: Uint8Array.from(Buffer.concat(weights)).buffer,
      });
    },
  };
  try {
    const isGraph = (JSON.parse(readFileSync(file, 'utf8')) as { format?: string }).format === 'graph-model';
    return await (isGraph ? tf.loadGraphModel(handler) : tf.loadLayersModel(handler));
  } catch (error) {
    throw new RgsweepError('data-missing', `${file}: ${messageOf(error)}`, {
      remedy:
        'RGSWEEP_INCEPTION is the path of a model.json as tensorflowjs_converter writes it, its weight files beside it',
      cause: error,
    });
  }
}

async function inParts(
  images: Float32Array,
  { height, width, channels }: FieldShape,
  apply: (batch: tf.Tensor4D) => tf.Tensor,
): Promise<{ rows: Float32Array; length: number }> {
  const dimension = height * width * channels;
  const count = images.length / dimension;
  const parts: Float32Array[] = [];
  for (let start = 0; start < count; start += rowsAtOnce) {
    const end = Math.min(count, start + rowsAtOnce);
    const made = tf.tidy(() =>
      apply(
        tf.tensor4d(images.subarray(start * dimension, end * dimension), [
          end - start,
          height,
          width,
          channels,
        ]),
      ),
    );
    parts.push(await made.data<'float32'>());
    made.dispose();
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0) / count;
  const rows = new Float32Array(count * length);
  let at = 0;
  for (const part of parts) {
    rows.set(part, at);
    at += part.length;
  }
  return { rows, length };
}
