import { averageOverShells } from '../basis/labels.js';
import type { Basis } from '../basis/types.js';
import { RgsweepError } from '../errors.js';
import type { Ordering, ScheduleParameters } from './parameters.js';

/**
 * ℓ_i, the place of each component in the order. Larger ℓ is noised earlier and generated later.
 *
 * momentum: |k̂| (effective where the basis has none); log-variance: −log Var(c_i); level: wavelet or block-spin level;
 * row, column, raster (row · width + column): of pixels and wavelets, so that generation goes in reading order;
 * basis-order: the order a basis brings with it (Fourier |k̂|, PCA −log Var, wavelets and block spins level, pixels raster).
 *
 * Components of one shell share ℓ, except where the order is by position. Then variance adjustment (ℓ + w log Var) and
 * reversal (ℓ_max + ℓ_min − ℓ) are applied, in this order.
 *
 * @param variances Var(c_i)
 * @throws RgsweepError('bad-configuration') when the basis has no levels or positions to order by
 */
export function orderingVariable(
  basis: Basis,
  variances: Float64Array,
  parameters: ScheduleParameters,
): Float64Array {
  const ordering = parameters.ordering === 'basis-order' ? ownOrdering(basis) : parameters.ordering;
  const places = Float64Array.from(basis.components, (component, i) => {
    switch (ordering) {
      case 'log-variance':
        return -Math.log(variances[i]!);
      case 'level':
        return component.level;
      case 'row':
        return component.row;
      case 'column':
        return component.column;
      case 'raster':
        return component.row * basis.shape.width + component.column;
      default:
        return component.momentum;
    }
  });
  checkOrdering(ordering, basis, places);
  const byPosition = ordering === 'row' || ordering === 'column' || ordering === 'raster';
  if (!byPosition)
    averageOverShells(
      places,
      basis.components.map((component) => component.shell),
    );
  if (parameters.varianceAdjusted)
    for (let i = 0; i < places.length; i++) places[i]! += parameters.cutoffWidth * Math.log(variances[i]!);
  const { low, high } = range(places);
  // Rounding alone must not make an order: a homogeneous lattice's pixels have one variance.
  if (high - low < 1e-10 * (1 + Math.abs(high))) return places.fill(high);
  if (parameters.reversed) for (let i = 0; i < places.length; i++) places[i] = high + low - places[i]!;
  return places;
}

/** The order a basis brings with it. */
export function ownOrdering(basis: Basis): Exclude<Ordering, 'basis-order'> {
  switch (basis.name) {
    case 'pixel':
      return 'raster';
    case 'fourier':
      return 'momentum';
    case 'pca':
    case 'whitened-pca':
      return 'log-variance';
    default:
      return 'level';
  }
}

function checkOrdering(ordering: Ordering, basis: Basis, places: Float64Array): void {
  const { low, high } = range(places);
  if (ordering === 'momentum' || ordering === 'log-variance' || high > low || places.length === 1) return;
  throw new RgsweepError(
    'bad-configuration',
    `ordering is ${JSON.stringify(ordering)}; all components of the basis ${basis.name} on ` +
      `${basis.shape.height}×${basis.shape.width} have the same one`,
    {
      remedy:
        ordering === 'level'
          ? 'order by momentum or log-variance, or take a basis with levels: haar, daubechies4, block-spin'
          : 'order by momentum or log-variance, or take a basis with positions: pixel, haar, daubechies4',
    },
  );
}

/** Smallest and largest entry. */
export function range(values: Float64Array): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}
