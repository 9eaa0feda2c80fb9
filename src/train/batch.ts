import { conditioningSize, writeConditioning } from '../model/conditioning.js';
import { marginalDeviation } from '../model/noiseLevels.js';
import { CounterRandom } from '../random/philox.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { BatchMaker } from './batchSource.js';
import { createNoising, type Noising } from './noising.js';
import type { TrainingParameters } from './parameters.js';

/** One batch as the backend needs it: B rows of D numbers each, and the conditioning [B, F]. */
export interface TrainingBatch extends Noising {
  /** φ − μ of the configurations, moved by random lattice symmetries. */
  fields: Float32Array;
  /** √v_i where the network sees χ = √v u; absent where it sees u. */
  inputScale?: Float32Array;
  conditioning: Float32Array;
}

/** Makes the batch of any step from (seed, step) alone. */
export function createBatchMaker(
  process: DiffusionProcess,
  training: TrainingParameters,
  configurations: Float32Array,
  seed: number,
): BatchMaker<TrainingBatch> {
  const { dimension, dataVariance } = process;
  const noising = createNoising(process, training, seed);
  const fillFields = createFieldSource(process, training.augmentation, configurations, seed);

  return (step, rows = training.batchSize) => {
    const fields = new Float32Array(rows * dimension);
    const conditioning = new Float32Array(rows * conditioningSize);
    const inputScale = training.gaussianScore ? undefined : new Float32Array(rows * dimension);
    fillFields(step, fields);
    const noised = noising(step, rows, (levels, b) => {
      writeConditioning(levels, conditioning, b * conditioningSize);
      if (inputScale)
        for (let i = 0; i < dimension; i++)
          inputScale[b * dimension + i] = marginalDeviation(
            levels.sine[i]!,
            levels.cosine[i]!,
            dataVariance[i]!,
          );
    });
    return { ...noised, fields, conditioning, ...(inputScale ? { inputScale } : {}) };
  };
}

/** Fills rows with random configurations, minus μ, moved by random symmetries and signs where `augmentation` is set. */
function createFieldSource(
  process: DiffusionProcess,
  augmentation: boolean,
  configurations: Float32Array,
  seed: number,
): (step: number, out: Float32Array) => void {
  const { dimension, mean } = process;
  const available = configurations.length / dimension;
  const { height, width } = process.basis.shape;
  const symmetries = createSymmetries(height, width);
  return (step, out) => {
    const random = new CounterRandom(seed, 'batch', step);
    for (let start = 0; start < out.length; start += dimension) {
      const from = random.integer(available) * dimension;
      const sites = symmetries[augmentation ? random.integer(symmetries.length) : 0]!;
      const sign = augmentation && random.integer(2) === 1 ? -1 : 1;
      for (let x = 0; x < dimension; x++)
        out[start + x] = sign * (configurations[from + sites[x]!]! - mean[x]!);
    }
  };
}

/**
 * The lattice's symmetries as site maps: translations times reflections, and the transposition where the lattice is
 * square. The first is the identity.
 */
export function createSymmetries(height: number, width: number): Int32Array[] {
  const maps: Int32Array[] = [];
  for (const transpose of height === width ? [false, true] : [false])
    for (const flipRow of [1, -1])
      for (const flipColumn of [1, -1])
        for (let rowShift = 0; rowShift < height; rowShift++)
          for (let columnShift = 0; columnShift < width; columnShift++) {
            const map = new Int32Array(height * width);
            for (let row = 0; row < height; row++)
              for (let column = 0; column < width; column++) {
                const r = (flipRow * row + rowShift + height) % height;
                const c = (flipColumn * column + columnShift + width) % width;
                map[row * width + column] = transpose ? c * width + r : r * width + c;
              }
            maps.push(map);
          }
  return maps;
}
