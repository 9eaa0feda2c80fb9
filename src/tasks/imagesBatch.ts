import type { Images } from '../data/images/pixels.js';
import { unetPlan, type UnetArchitecture } from '../model/unet/architecture.js';
import { emptyLevelRows, writeLevelRow, type LevelRows } from '../model/unet/network.js';
import { CounterRandom } from '../random/philox.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { BatchMaker } from '../train/batchSource.js';
import { createNoising, type Noising } from '../train/noising.js';
import type { TrainingParameters } from '../train/parameters.js';

/** One batch on the host: B rows of D numbers each, and what the network is told. */
export interface ImagesBatch extends Noising {
  /** φ − μ, dequantized and mirrored at random. */
  fields: Float32Array;
  levels: LevelRows;
  /** By block, 1 for what dropout keeps of its hidden values [B, H, W, C] and 0 for the rest; absent without dropout. */
  kept?: Record<string, Uint8Array>;
}

export interface ImagesBatchOptions {
  process: DiffusionProcess;
  training: TrainingParameters;
  architecture: UnetArchitecture;
  images: Images;
  seed: number;
}

/** Makes the batch of any step from (seed, step) alone. */
export function createImagesBatchMaker({
  process,
  training,
  architecture,
  images,
  seed,
}: ImagesBatchOptions): BatchMaker<ImagesBatch> {
  const { dimension } = process;
  const { batchSize, gaussianScore, augmentation, dropout } = training;
  const noising = createNoising(process, training, seed);
  return (step, rows = batchSize) => {
    const fields = new Float32Array(rows * dimension);
    const levels = emptyLevelRows(rows, dimension);
    fillImages(images, process, augmentation, seed, step, fields);
    const noised = noising(step, rows, (at, row) => writeLevelRow(process, gaussianScore, at, levels, row));
    const kept = dropout > 0 ? { kept: keptByDropout(architecture, dropout, seed, step, rows) } : {};
    return { ...noised, fields, levels, ...kept };
  };
}

/** Fills rows with random images minus μ, dequantized, half of them mirrored where `augmentation` is set. */
function fillImages(
  images: Images,
  { basis, dimension, mean }: DiffusionProcess,
  augmentation: boolean,
  seed: number,
  step: number,
  out: Float32Array,
): void {
  const { width, channels } = basis.shape;
  const random = new CounterRandom(seed, 'batch', step);
  for (let start = 0; start < out.length; start += dimension) {
    images.write(random.integer(images.count), out, start, () => random.uniform());
    if (augmentation && random.integer(2) === 1)
      for (let row = start; row < start + dimension; row += width * channels)
        for (let left = 0, right = width - 1; left < right; left++, right--)
          for (let channel = 0; channel < channels; channel++) {
            const a = row + left * channels + channel;
            const b = row + right * channels + channel;
            [out[a], out[b]] = [out[b]!, out[a]!];
          }
    for (let i = 0; i < dimension; i++) out[start + i]! -= mean[i]!;
  }
}

/** What dropout keeps in each block, a function of (seed, step, block). */
function keptByDropout(
  architecture: UnetArchitecture,
  rate: number,
  seed: number,
  step: number,
  rows: number,
): Record<string, Uint8Array> {
  const { shape } = architecture;
  const plan = unetPlan(architecture);
  return Object.fromEntries(
    [...plan.down.flat(), ...plan.middle, ...plan.up.flat()].map(({ name, level, output }) => {
      const random = new CounterRandom(seed, `dropout/${name}`, step);
      const pixels = (shape.height * shape.width) / 4 ** level;
      return [
        name,
        Uint8Array.from({ length: rows * pixels * output }, () => (random.uniform() < rate ? 0 : 1)),
      ];
    }),
  );
}
