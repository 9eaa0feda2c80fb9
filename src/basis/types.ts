/** Shape of one field; a lattice has `channels` 1. Values are laid out row, column, channel (channel fastest). */
export interface FieldShape {
  height: number;
  width: number;
  channels: number;
}

/** What is known of one component: a coordinate of the basis. */
export interface ComponentLabel {
  index: number;
  /** |k̂| with k̂² = Σ_μ (2 − 2cos k_μ); for bases without momenta the effective one, from the mean Laplacian. */
  momentum: number;
  /** Wavelet or block-spin level, 0 = coarsest; 0 where a basis has none. */
  level: number;
  /** Row and column of a pixel, or of the wavelet's position. */
  row: number;
  column: number;
  channel: number;
  /** Components of one shell are degenerate: they share a schedule and their variances are averaged. */
  shell: number;
}

/**
 * An orthonormal real map between fields φ (minus their mean) and components c = Uᵀ(φ − μ); log|det U| = 0.
 * U's columns are the components.
 */
export interface Basis {
  readonly name: BasisName;
  readonly shape: FieldShape;
  readonly dimension: number;
  readonly components: readonly ComponentLabel[];
  /** The D × D matrix U in row-major order: U[site × D + component]. Only where D ≤ 4096. */
  matrix(): Float64Array;
  /** c = Uᵀφ for `count` fields, rows of `fields`; the mean is the caller's. May not alias. */
  encode(fields: Float32Array | Float64Array, count: number): Float64Array;
  /** φ = Uc for `count` component vectors. */
  decode(components: Float32Array | Float64Array, count: number): Float64Array;
}

export const basisNames = [
  'pixel',
  'fourier',
  'pca',
  'whitened-pca',
  'haar',
  'daubechies4',
  'block-spin',
] as const;
export type BasisName = (typeof basisNames)[number];

/**
 * Second-order statistics of a data set, computed once and kept with it. Everything a schedule needs of the data
 * follows: component variances in any basis, PCA, spectra.
 */
export interface DataStatistics {
  shape: FieldShape;
  count: number;
  /** μ, length D. */
  mean: Float64Array;
  /** C = E(φ − μ)(φ − μ)ᵀ, D × D row-major, symmetric. */
  covariance: Float64Array;
  /** C's eigenvectors, where they have been computed (src/basis/pca.ts): kept with the data set because 3,072 take minutes. */
  principal?: PrincipalComponents;
}

/** The eigen-decomposition of a covariance, variances in descending order. */
export interface PrincipalComponents {
  variances: Float64Array;
  /** Row i is the i-th eigenvector, length D: `vectors[component × D + site]`. */
  vectors: Float64Array;
}
