/**
 * What sampling and likelihoods need of a model: the part of its noise prediction beyond the Gaussian score,
 *
 *   g_i(u, t) = ε̂_i − sin θ_i u_i,  u = χ/√v,  sin θ_i = σ_i/√v_i  (src/model/noiseLevels.ts),
 *
 * zero for a model that is the exact score of Gaussian data with the process's component variances. In u the probability
 * flow is u̇_i = ½ γ_i′ sin θ_i g_i: the Gaussian part, which is all of the stiffness, is solved exactly.
 */
export interface ResidualModel {
  readonly dimension: number;
  /** g for rows u [N, D], each at its own time. */
  residual(u: Float64Array, times: Float64Array): Promise<Float64Array>;
  /** g for N rows at one time, and Σ_i weights_i ∂g_i/∂u_i for each row, exactly. */
  residualAndDivergence(
    u: Float64Array,
    t: number,
    weights: Float64Array,
  ): Promise<{ residual: Float64Array; divergence: Float64Array }>;
}

/** A model that keeps something on the backend. */
export type DisposableModel = ResidualModel & { dispose(): void };

/** The model with `breathe` before every evaluation of the network. */
export function interruptible(model: ResidualModel, breathe: () => Promise<void>): ResidualModel {
  return {
    dimension: model.dimension,
    residual: (...input) => breathe().then(() => model.residual(...input)),
    residualAndDivergence: (...input) => breathe().then(() => model.residualAndDivergence(...input)),
  };
}
