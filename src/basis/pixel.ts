import { laplacianExpectation } from './labels.js';
import { checkVectors, dimensionOf, matrixOf } from './linear.js';
import type { Basis, FieldShape } from './types.js';

/**
 * The pixels themselves: U = 1. Every component is a shell of its own; on a homogeneous lattice all have one variance
 * and one effective momentum, so only a raster ordering tells them apart.
 */
export function createPixelBasis(shape: FieldShape): Basis {
  const dimension = dimensionOf(shape);
  const unit = new Float64Array(dimension);
  unit[0] = 1;
  const momentum = Math.sqrt(laplacianExpectation(unit, shape));
  const copy = (values: Float32Array | Float64Array, count: number): Float64Array => {
    checkVectors(values, count, dimension, 'pixel basis');
    return Float64Array.from(values);
  };
  return {
    name: 'pixel',
    shape,
    dimension,
    components: Array.from({ length: dimension }, (_, index) => {
      const site = Math.floor(index / shape.channels);
      return {
        index,
        momentum,
        level: 0,
        row: Math.floor(site / shape.width),
        column: site % shape.width,
        channel: index % shape.channels,
        shell: index,
      };
    }),
    matrix: () => matrixOf(dimension, copy),
    encode: copy,
    decode: copy,
  };
}
