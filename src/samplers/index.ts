import { RgsweepError } from '../errors.js';
import { sampleGrid } from './grid.js';
import { sampleQmc } from './qmc.js';
import { sampleRandom } from './random.js';
import { createTpe } from './tpe.js';
import { type Sampler, type SamplerName, samplerNames } from './types.js';

/**
 * The sampler of a name.
 * @throws RgsweepError `bad-configuration` for a name that is none of `samplerNames`
 */
export function createSampler(name: SamplerName): Sampler {
  switch (name) {
    case 'random':
      return sampleRandom;
    case 'qmc':
      return sampleQmc;
    case 'grid':
      return sampleGrid;
    case 'tpe':
      return createTpe();
    default:
      throw new RgsweepError('bad-configuration', `sampler ${JSON.stringify(name)} is unknown`, {
        remedy: `Known samplers: ${samplerNames.join(', ')}.`,
      });
  }
}
