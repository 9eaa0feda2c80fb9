import { createNoiseLevels, emptyNoiseLevels, marginalDeviation, timeAtAngle } from '../model/noiseLevels.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { ResidualModel } from '../model/residual.js';

/** Where a probability flow begins and ends, and what it gathers. */
export interface FlowResult {
  /** χ at the end, [N, D]. */
  chi: Float64Array;
  /** log q(χ(0)) of every row in components: log N(χ(1); 0, 1) + ∫₀¹ div dt. */
  logDensity: Float64Array;
  /** Calls of the network, each on all rows. */
  functionEvaluations: number;
}

/**
 * Integrates the probability flow χ̇_i = −½ γ_i′ σ_i (σ_i χ_i − ε̂_i) by the classical Runge–Kutta method of fourth order with
 * `steps` equal steps of the mean noise angle Θ, whatever the schedule's own time: one rule for all schedules.
 *
 * It runs in u = χ/√v, where the flow of the Gaussian score stands still, so that only the residual is integrated:
 * du_i/dΘ = ½ γ_i′ sin θ_i g_i / Θ̇, and log q_χ(χ) = log q_u(u) − ½ Σ_i log v_i.
 * @param direction `noise`: from data χ(0) to χ(1), a likelihood; `data`: from prior draws χ(1) to samples χ(0)
 */
export async function probabilityFlow(
  process: DiffusionProcess,
  model: ResidualModel,
  start: Float64Array,
  steps: number,
  direction: 'noise' | 'data',
): Promise<FlowResult> {
  const { dimension } = process;
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(dimension);
  const count = start.length / dimension;
  const deviations = (t: number) => {
    levelsAt(t, levels);
    return levels.sine.map((sine, i) => marginalDeviation(sine, levels.cosine[i]!, process.dataVariance[i]!));
  };
  const [begin, end] = direction === 'noise' ? [0, 1] : [1, 0];
  const beginDeviation = deviations(begin);
  const beginAngle = levels.meanAngle;
  const endDeviation = deviations(end);
  const step = (levels.meanAngle - beginAngle) / steps;

  const velocity = async (u: Float64Array, t: number) => {
    levelsAt(t, levels);
    let rate = 0;
    for (let i = 0; i < dimension; i++)
      rate += (0.5 * levels.gammaDerivative[i]! * levels.sine[i]! * levels.cosine[i]!) / dimension;
    const weights = levels.sine.map((sine, i) => (0.5 * levels.gammaDerivative[i]! * sine) / rate);
    const { residual, divergence } = await model.residualAndDivergence(u, t, weights);
    for (let n = 0; n < residual.length; n++) residual[n]! *= weights[n % dimension]!;
    return { slope: residual, divergence };
  };

  let u: Float64Array = start.map((chi, n) => chi / beginDeviation[n % dimension]!);
  const divergenceIntegral = new Float64Array(count);
  let time = begin;
  for (let n = 0; n < steps; n++) {
    const middle = timeAtAngle(levelsAt, beginAngle + (n + 0.5) * step, levels);
    const next = n + 1 === steps ? end : timeAtAngle(levelsAt, beginAngle + (n + 1) * step, levels);
    const first = await velocity(u, time);
    const second = await velocity(shifted(u, first.slope, step / 2), middle);
    const third = await velocity(shifted(u, second.slope, step / 2), middle);
    const fourth = await velocity(shifted(u, third.slope, step), next);
    const combine = (a: number, b: number, c: number, d: number) => (step / 6) * (a + 2 * b + 2 * c + d);
    u = u.map(
      (value, m) => value + combine(first.slope[m]!, second.slope[m]!, third.slope[m]!, fourth.slope[m]!),
    );
    for (let b = 0; b < count; b++)
      divergenceIntegral[b]! += combine(
        first.divergence[b]!,
        second.divergence[b]!,
        third.divergence[b]!,
        fourth.divergence[b]!,
      );
    time = next;
  }

  const chi = u.map((value, n) => value * endDeviation[n % dimension]!);
  const noisy = direction === 'noise' ? chi : start;
  const [dataDeviation, noiseDeviation] =
    direction === 'noise' ? [beginDeviation, endDeviation] : [endDeviation, beginDeviation];
  let logVolume = 0;
  for (let i = 0; i < dimension; i++) logVolume += Math.log(noiseDeviation[i]! / dataDeviation[i]!);
  const sign = direction === 'noise' ? 1 : -1;
  const logDensity = new Float64Array(count);
  for (let b = 0; b < count; b++) {
    let square = 0;
    for (let i = 0; i < dimension; i++) square += noisy[b * dimension + i]! ** 2;
    logDensity[b] =
      -0.5 * (square + dimension * Math.log(2 * Math.PI)) + logVolume + sign * divergenceIntegral[b]!;
  }
  return { chi, logDensity, functionEvaluations: 4 * steps };
}

function shifted(u: Float64Array, slope: Float64Array, step: number): Float64Array {
  return u.map((value, n) => value + step * slope[n]!);
}
