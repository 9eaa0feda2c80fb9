import { createNoiseLevels, emptyNoiseLevels, marginalDeviation } from '../../src/model/noiseLevels.js';
import type { ResidualModel } from '../../src/model/residual.js';
import type { DiffusionProcess } from '../../src/schedule/types.js';

/**
 * The exact score of Gaussian data with component variances `dataVariance` (in units of the noise), as a residual over
 * the Gaussian score of whatever variances `process` assumes: zero where they are the same.
 * With σ = sin θ √v, ε̂_i = σ χ_i/v_true and g_i = σ √v u_i (1/v_true − 1/v).
 */
export function exactGaussianModel(process: DiffusionProcess, dataVariance: Float64Array): ResidualModel {
  const { dimension } = process;
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(dimension);
  let known = { t: NaN, slope: new Float64Array(0) };
  const slopes = (t: number) => {
    if (known.t === t) return known.slope;
    levelsAt(t, levels);
    const slope = levels.sine.map((sine, i) => {
      const deviation = marginalDeviation(sine, levels.cosine[i]!, process.dataVariance[i]!);
      const sigma = sine * deviation;
      const trueVariance = (1 - sigma * sigma) * dataVariance[i]! + sigma * sigma;
      return sigma * deviation * (1 / trueVariance - 1 / deviation ** 2);
    });
    known = { t, slope };
    return slope;
  };
  return {
    dimension,
    residual: async (u, times) => {
      const out = new Float64Array(u.length);
      times.forEach((t, n) => {
        const slope = slopes(t);
        for (let i = 0; i < dimension; i++) out[n * dimension + i] = slope[i]! * u[n * dimension + i]!;
      });
      return out;
    },
    residualAndDivergence: async (u, t, weights) => {
      const slope = slopes(t);
      const divergence = slope.reduce((sum, value, i) => sum + value * weights[i]!, 0);
      return {
        residual: u.map((value, n) => slope[n % dimension]! * value),
        divergence: new Float64Array(u.length / dimension).fill(divergence),
      };
    },
  };
}
