import { averageOverShells } from '../basis/labels.js';
import { createBasis } from '../basis/index.js';
import { transpose } from '../basis/linear.js';
import type { Basis } from '../basis/types.js';
import type { ScheduleParameters, SimpleColour } from './parameters.js';

/**
 * s_i > 0, the standard deviation of the noise in each component: s_i² = (UᵀCU)_ii for a covariance C that is
 *
 * - white: 1 (in whitened PCA: the data's covariance, so white noise of the whitened components is matched noise);
 * - free-field: 1/(k̂² + m²) in Fourier space; power-law: (k̂² + m²)^(−a/2);
 * - matched: the data's own variances;
 * - interpolated: s² = s²_from^(1−r) s²_to^r, component by component.
 *
 * All are scaled to Σ s_i² = Σ Var(c_i). A homogeneous covariance has one variance in every pixel: free-field and
 * power-law colours are white in the pixel basis.
 *
 * @param variances Var(c_i), positive
 */
export function noiseScale(
  basis: Basis,
  variances: Float64Array,
  parameters: ScheduleParameters,
): Float64Array {
  const squares =
    parameters.colour === 'interpolated'
      ? interpolate(
          colourOf(parameters.colourFrom, basis, variances, parameters),
          colourOf(parameters.colourTo, basis, variances, parameters),
          parameters.colourRatio,
        )
      : colourOf(parameters.colour, basis, variances, parameters);
  return squares.map(Math.sqrt);
}

function colourOf(
  colour: SimpleColour,
  basis: Basis,
  variances: Float64Array,
  parameters: ScheduleParameters,
): Float64Array {
  if (colour === 'matched') return Float64Array.from(variances);
  const squares =
    colour === 'white'
      ? new Float64Array(basis.dimension).fill(1)
      : homogeneousVariances(basis, (k2) =>
          Math.pow(
            k2 + parameters.colourMass2,
            colour === 'free-field' ? -1 : -parameters.colourExponent / 2,
          ),
        );
  if (basis.name === 'whitened-pca') for (let i = 0; i < squares.length; i++) squares[i]! *= variances[i]!;
  return rescale(squares, variances);
}

/** (UᵀCU)_ii of a covariance that is diagonal in the Fourier basis, from its spectrum as a function of k̂². */
function homogeneousVariances(basis: Basis, spectrum: (momentumSquared: number) => number): Float64Array {
  const { dimension, components, shape } = basis;
  if (basis.name === 'fourier')
    return Float64Array.from(components, (component) => spectrum(component.momentum ** 2));
  const fourier = createBasis('fourier', shape);
  const weights = Float64Array.from(fourier.components, (component) => spectrum(component.momentum ** 2));
  const amplitudes = fourier.encode(transpose(basis.matrix(), dimension), dimension);
  const out = new Float64Array(dimension);
  for (let i = 0; i < dimension; i++) {
    let sum = 0;
    for (let k = 0; k < dimension; k++) sum += weights[k]! * amplitudes[i * dimension + k]! ** 2;
    out[i] = sum;
  }
  return averageOverShells(
    out,
    components.map((component) => component.shell),
  );
}

function interpolate(from: Float64Array, to: Float64Array, ratio: number): Float64Array {
  const mixed = from.map((value, i) => Math.pow(value, 1 - ratio) * Math.pow(to[i]!, ratio));
  const total = from.reduce((sum, value) => sum + value, 0) / mixed.reduce((sum, value) => sum + value, 0);
  return mixed.map((value) => value * total);
}

/** Scales to the total of `variances`. */
function rescale(squares: Float64Array, variances: Float64Array): Float64Array {
  const factor =
    variances.reduce((sum, value) => sum + value, 0) / squares.reduce((sum, value) => sum + value, 0);
  return squares.map((value) => value * factor);
}
