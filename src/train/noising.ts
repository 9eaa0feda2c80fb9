import { createNoiseLevels, emptyNoiseLevels, type NoiseLevels } from '../model/noiseLevels.js';
import { createTimeImportance } from '../model/timeImportance.js';
import { fillNormals } from '../random/normals.js';
import { CounterRandom } from '../random/philox.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { TrainingParameters } from './parameters.js';
import { drawTimes, lossWeight } from './weighting.js';

/** What a batch has of every task: B rows of D numbers each. */
export interface Noising {
  count: number;
  noise: Float32Array;
  sine: Float32Array;
  cosine: Float32Array;
  /** √(w_i(t)/p(t)), p the density of the times. */
  rootWeight: Float32Array;
}

/**
 * Draws times and noise of the batch of any step from (seed, step) alone.
 * @param visit called for each row with the noise levels of its time, which hold until it returns
 */
export function createNoising(
  process: DiffusionProcess,
  training: TrainingParameters,
  seed: number,
): (step: number, rows: number, visit: (levels: NoiseLevels, row: number) => void) => Noising {
  const { dimension } = process;
  const { timeSampling, weighting } = training;
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(dimension);
  const importance = timeSampling === 'importance' ? createTimeImportance(levelsAt, dimension) : undefined;
  return (step, rows, visit) => {
    const matrix = () => new Float32Array(rows * dimension);
    const random = new CounterRandom(seed, 'time', step);
    const { time, factor } = drawTimes(timeSampling, rows, random, importance);
    const [noise, sine, cosine, rootWeight] = [matrix(), matrix(), matrix(), matrix()];
    fillNormals(noise, seed, 'noise', step);
    for (let b = 0; b < rows; b++) {
      levelsAt(time[b]!, levels);
      sine.set(levels.sine, b * dimension);
      cosine.set(levels.cosine, b * dimension);
      for (let i = 0; i < dimension; i++) {
        const inverseSnr = (levels.sine[i]! / levels.cosine[i]!) ** 2;
        const weight = lossWeight(weighting, inverseSnr, levels.gammaDerivative[i]!);
        rootWeight[b * dimension + i] = Math.sqrt(factor[b]! * weight);
      }
      visit(levels, b);
    }
    return { count: rows, noise, sine, cosine, rootWeight };
  };
}
