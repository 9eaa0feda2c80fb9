import { RgsweepError } from '../errors.js';
import { createFourierBasis } from './fourier.js';
import { checkShape } from './linear.js';
import { createPixelBasis } from './pixel.js';
import { basisNames } from './types.js';
import type { Basis, BasisName, DataStatistics, FieldShape } from './types.js';

/**
 * The orthonormal real basis of this name for fields of this shape.
 * @param statistics of the data; only the PCA bases need them
 * @throws RgsweepError('bad-configuration') on an unknown name, a bad shape, or missing statistics
 */
export function createBasis(name: BasisName, shape: FieldShape, statistics?: DataStatistics): Basis {
  checkShape(shape);
  switch (name) {
    case 'pixel':
      return createPixelBasis(shape);
    case 'fourier':
      return createFourierBasis(shape);
    default:
      throw new RgsweepError(
        'bad-configuration',
        `no basis is called ${JSON.stringify(name)}; it must be one of ${basisNames.join(', ')}`,
      );
  }
}
