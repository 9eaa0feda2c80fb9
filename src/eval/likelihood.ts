import type { ResidualModel } from '../model/residual.js';
import { fillNormals } from '../random/normals.js';
import { probabilityFlow } from '../sample/probabilityFlow.js';
import { endPoints } from '../schedule/gaussian.js';
import type { DiffusionProcess } from '../schedule/types.js';

/** χ = S⁻¹Uᵀ(φ − μ) of `count` fields. */
export function fieldsToComponents(
  process: DiffusionProcess,
  fields: Float32Array | Float64Array,
  count: number,
): Float64Array {
  const { dimension, mean, scale } = process;
  const centred = Float64Array.from(fields, (value, n) => value - mean[n % dimension]!);
  const chi = process.basis.encode(centred, count);
  for (let n = 0; n < chi.length; n++) chi[n]! /= scale[n % dimension]!;
  return chi;
}

/** φ = μ + USχ. */
export function componentsToFields(
  process: DiffusionProcess,
  chi: Float64Array,
  count: number,
): Float64Array {
  const { dimension, mean, scale } = process;
  const fields = process.basis.decode(
    chi.map((value, n) => value * scale[n % dimension]!),
    count,
  );
  for (let n = 0; n < fields.length; n++) fields[n]! += mean[n % dimension]!;
  return fields;
}

/** α_i(0), by which the flow's end at t = 0 is a rescaled field, and Σ log α_i(0) − Σ log s_i. */
function dataEnd(process: DiffusionProcess): { signal: Float64Array; logVolume: number } {
  const signal = endPoints(process).first.map((gamma) => 1 / Math.sqrt(1 + Math.exp(gamma)));
  let logVolume = 0;
  for (let i = 0; i < process.dimension; i++) logVolume += Math.log(signal[i]! / process.scale[i]!);
  return { signal, logVolume };
}

/**
 * −log q(φ) in nats of each field, by the probability flow from α(0)χ:
 * log q(φ) = log N(χ(1)) + ∫₀¹ div dt − Σ log s_i + Σ log α_i(0).
 */
export async function flowNll(
  process: DiffusionProcess,
  model: ResidualModel,
  fields: Float32Array | Float64Array,
  steps: number,
): Promise<{ nll: Float64Array; functionEvaluations: number }> {
  const count = fields.length / process.dimension;
  const { signal, logVolume } = dataEnd(process);
  const start = fieldsToComponents(process, fields, count).map(
    (chi, n) => chi * signal[n % process.dimension]!,
  );
  const { logDensity, functionEvaluations } = await probabilityFlow(process, model, start, steps, 'noise', {
    alignToKinks: true,
  });
  return { nll: logDensity.map((density) => -density - logVolume), functionEvaluations };
}

/** The model's own samples by the probability flow from prior draws, each with its log q(φ). */
export async function flowSamples(
  process: DiffusionProcess,
  model: ResidualModel,
  count: number,
  steps: number,
  seed: number,
): Promise<{ fields: Float64Array; logDensity: Float64Array; functionEvaluations: number }> {
  const prior = new Float32Array(count * process.dimension);
  fillNormals(prior, seed, 'prior', 0);
  const { signal, logVolume } = dataEnd(process);
  const flow = await probabilityFlow(process, model, Float64Array.from(prior), steps, 'data', {
    alignToKinks: true,
  });
  const chi = flow.chi.map((value, n) => value / signal[n % process.dimension]!);
  return {
    fields: componentsToFields(process, chi, count),
    logDensity: flow.logDensity.map((density) => density + logVolume),
    functionEvaluations: flow.functionEvaluations,
  };
}

/** The largest change of the mean NLL, in nats, that counts as converged when the number of steps doubles. */
export const convergenceBound = 0.002;

/**
 * The smallest power of two n ≥ 8 for which doubling the steps changes the mean NLL on `fields` by less than `bound` nats,
 * and that change (a path with kinks takes more, `alignToKinks`); `steps` is undefined when `most` steps are not enough. Coarse
 * integration can make a likelihood look better than it is, so a figure without convergence is no figure.
 */
export async function convergedSteps(
  process: DiffusionProcess,
  model: ResidualModel,
  fields: Float32Array | Float64Array,
  most: number,
  bound = convergenceBound,
): Promise<{ steps: number | undefined; change: number }> {
  const meanNll = async (steps: number) => {
    const { nll } = await flowNll(process, model, fields, steps);
    return nll.reduce((sum, value) => sum + value, 0) / nll.length;
  };
  let now = await meanNll(8);
  let change = NaN;
  for (let steps = 8; steps <= most; steps *= 2) {
    const finer = await meanNll(2 * steps);
    change = Math.abs(finer - now);
    if (change < bound) return { steps, change };
    now = finer;
  }
  return { steps: undefined, change };
}
