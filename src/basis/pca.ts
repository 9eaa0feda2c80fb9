import { RgsweepError } from '../errors.js';
import { symmetricEigen, type EigenSystem } from './eigen.js';
import { laplacianExpectation } from './labels.js';
import { checkVectors, dimensionOf, largestMatrixDimension, multiplyByVectors, transpose } from './linear.js';
import type { Basis, DataStatistics, PrincipalComponents } from './types.js';

/**
 * The eigenvectors of the data's covariance, from the statistics when they hold them, else computed (remembered while
 * the statistics are alive). 3,072 dimensions take minutes: store them with `withPrincipalComponents`.
 * @throws RgsweepError('bad-configuration') above 4,096 dimensions
 */
export function principalComponents(statistics: DataStatistics): PrincipalComponents {
  const dimension = dimensionOf(statistics.shape);
  if (dimension > largestMatrixDimension)
    throw new RgsweepError(
      'bad-configuration',
      `principal components of ${dimension} dimensions; at most ${largestMatrixDimension} are computed`,
      { remedy: 'take the basis fourier or haar' },
    );
  const known = statistics.principal ?? remembered.get(statistics);
  if (known) return known;
  const principal = principalOf(symmetricEigen(statistics.covariance, dimension));
  remembered.set(statistics, principal);
  return principal;
}

/** A covariance's eigenvectors as principal components. */
export function principalOf({ values, vectors }: EigenSystem): PrincipalComponents {
  // Rounding leaves eigenvalues of a positive matrix slightly below zero.
  return { variances: values.map((value) => Math.max(0, value)), vectors };
}

const remembered = new WeakMap<DataStatistics, PrincipalComponents>();

/** The statistics with their principal components inside, as a data set keeps them. */
export function withPrincipalComponents(statistics: DataStatistics): DataStatistics {
  return { ...statistics, principal: principalComponents(statistics) };
}

/**
 * The principal components of the data, by descending variance; a sample's covariance is diagonal in them.
 *
 * `whitened-pca` has the same vectors. It differs in what a colour means: white noise of the whitened components
 * c_i/√Var(c_i) is matched noise of the components (src/schedule/colour.ts).
 *
 * Equal eigenvalues (to rounding) are one shell. Momentum is the effective one, √(uᵀ(−Δ)u).
 */
export function createPcaBasis(name: 'pca' | 'whitened-pca', statistics: DataStatistics): Basis {
  const { shape } = statistics;
  const dimension = dimensionOf(shape);
  const { variances, vectors } = principalComponents(statistics);
  let columns: Float64Array | undefined;
  const matrix = (): Float64Array => (columns ??= transpose(vectors, dimension));
  let shell = 0;
  const basis: Basis = {
    name,
    shape,
    dimension,
    components: Array.from({ length: dimension }, (_, index) => {
      const gap = index === 0 ? 0 : variances[index - 1]! - variances[index]!;
      if (gap > 1e-12 * variances[0]! + 1e-9 * variances[index]!) shell++;
      return {
        index,
        momentum: Math.sqrt(laplacianExpectation(vectors, shape, index * dimension)),
        level: 0,
        row: 0,
        column: 0,
        channel: 0,
        shell,
      };
    }),
    matrix: () => Float64Array.from(matrix()),
    encode: (fields, count) => {
      checkVectors(fields, count, dimension, `${name} basis`);
      return multiplyByVectors(fields, count, vectors, dimension, dimension);
    },
    decode: (components, count) => {
      checkVectors(components, count, dimension, `${name} basis`);
      return multiplyByVectors(components, count, matrix(), dimension, dimension);
    },
  };
  sources.set(basis, variances);
  origins.set(basis, statistics.covariance);
  return basis;
}

/** The eigenvalues, when `basis` diagonalizes exactly these statistics: no need to compute UᵀCU. */
export function knownVariances(basis: Basis, statistics: DataStatistics): Float64Array | undefined {
  return origins.get(basis) === statistics.covariance ? sources.get(basis) : undefined;
}

const sources = new WeakMap<Basis, Float64Array>();
const origins = new WeakMap<Basis, Float64Array>();
