import type { ResidualModel } from '../model/residual.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { marginalsAt, stepTimes } from './marginals.js';

/**
 * The probability flow from χ(1) to χ(0) by exponential steps, component by component: between two times the network's
 * noise prediction is held, and what is left of the flow is solved exactly (DDIM's step, Song et al., 2010.02502, with an
 * α and σ for every component),
 *
 *   χ_s = (α_s/α_t) χ_t + (σ_s − σ_t α_s/α_t) ε̂.
 *
 * Order 1, one call of the network a step, stable at any width of the cutoff.
 * @param start χ(1), [N, D]
 * @returns χ(0)
 */
export async function exponentialFlow(
  process: DiffusionProcess,
  model: ResidualModel,
  start: Float64Array,
  steps: number,
  onStep?: (t: number, chi: Float64Array) => void,
): Promise<{ chi: Float64Array; functionEvaluations: number }> {
  const { dimension } = process;
  const count = start.length / dimension;
  const times = stepTimes(process, steps);
  let chi = start;
  let from = marginalsAt(process, 1);
  onStep?.(1, chi);
  for (let step = 0; step < steps; step++) {
    const to = marginalsAt(process, times[step + 1]!);
    const u = chi.map((value, n) => value / from.deviation[n % dimension]!);
    const residual = await model.residual(u, new Float64Array(count).fill(from.t));
    chi = chi.map((value, n) => {
      const i = n % dimension;
      const ratio = to.alpha[i]! / from.alpha[i]!;
      const noise = residual[n]! + (from.sigma[i]! / from.deviation[i]!) * u[n]!;
      return ratio * value + (to.sigma[i]! - ratio * from.sigma[i]!) * noise;
    });
    onStep?.(to.t, chi);
    from = to;
  }
  return { chi, functionEvaluations: steps };
}
