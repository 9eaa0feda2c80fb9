import { RgsweepError } from '../errors.js';
import { createFourierBasis } from './fourier.js';
import { checkShape } from './linear.js';
import { createPcaBasis } from './pca.js';
import { createPixelBasis } from './pixel.js';
import { basisNames } from './types.js';
import { createWaveletBasis } from './wavelet.js';
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
    case 'haar':
    case 'daubechies4':
    case 'block-spin':
      return createWaveletBasis(name, shape);
    case 'pca':
    case 'whitened-pca': {
      if (!statistics)
        throw new RgsweepError('bad-configuration', `the basis ${name} needs the statistics of the data`);
      const { height, width, channels } = statistics.shape;
      if (height !== shape.height || width !== shape.width || channels !== shape.channels)
        throw new RgsweepError(
          'bad-configuration',
          `the basis ${name} for ${shape.height}×${shape.width}×${shape.channels}: ` +
            `the statistics are of ${height}×${width}×${channels}`,
        );
      return createPcaBasis(name, statistics);
    }
    default:
      throw new RgsweepError(
        'bad-configuration',
        `no basis is called ${JSON.stringify(name)}; it must be one of ${basisNames.join(', ')}`,
      );
  }
}
