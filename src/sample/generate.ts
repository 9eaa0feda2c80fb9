import { RgsweepError } from '../errors.js';
import { componentsToFields } from '../eval/likelihood.js';
import type { ResidualModel } from '../model/residual.js';
import { fillNormals } from '../random/normals.js';
import { endPoints } from '../schedule/gaussian.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { exponentialFlow } from './exponentialFlow.js';
import type { GivenComponents } from './given.js';
import { flowMethods, probabilityFlow } from './probabilityFlow.js';
import { reverseNoise, reverseSde, stochasticMethods } from './reverseSde.js';

/** How samples are drawn: the probability flow by three methods, the reverse SDE by two. */
export const samplingMethods = [...flowMethods, 'exponential', ...stochasticMethods] as const;
export type SamplingMethod = (typeof samplingMethods)[number];

export interface GenerateFieldsInput {
  process: DiffusionProcess;
  model: ResidualModel;
  method: SamplingMethod;
  count: number;
  steps: number;
  seed: number;
  /** Values of the known field's components; method `ancestral` only. */
  given?: Omit<GivenComponents, 'seed'>;
  /** Called at every time with the noisy fields μ + USχ(t), [N, D]. */
  onStep?: (t: number, fields: Float64Array) => void;
}

export interface GeneratedFields {
  /** φ = μ + USχ(0)/α(0), [N, D]. */
  fields: Float64Array;
  /** Calls of the network, each on all fields. */
  functionEvaluations: number;
  /** Of the reverse SDE: src/sample/reverseSde.ts. */
  largestStep?: number;
  smallestEffectiveShare?: number;
}

/**
 * Draws a model's own fields from prior draws χ(1) ~ N(0, 1); a function of its input alone. Given components end at
 * exactly their values.
 * @throws RgsweepError('bad-configuration') when components are given to another method than `ancestral`
 */
export async function generateFields(input: GenerateFieldsInput): Promise<GeneratedFields> {
  const { process, model, method, count, steps, seed, onStep } = input;
  if (input.given && method !== 'ancestral')
    throw new RgsweepError('bad-configuration', `components cannot be given to the method ${method}`, {
      remedy: 'take ancestral',
    });
  const { dimension } = process;
  const prior = new Float32Array(count * dimension);
  fillNormals(prior, seed, 'prior', 0);
  const start = Float64Array.from(prior);
  const given = input.given && { ...input.given, seed };
  const watch =
    onStep && ((t: number, chi: Float64Array) => onStep(t, componentsToFields(process, chi, count)));
  const { chi, ...report } = await integrate();
  const signal = endPoints(process).first.map((gamma) => 1 / Math.sqrt(1 + Math.exp(gamma)));
  const clean = chi.map((value, n) => value / signal[n % dimension]!);
  for (const i of given?.components ?? [])
    for (let row = 0; row < clean.length; row += dimension) clean[row + i] = given!.chi[i]!;
  return { fields: componentsToFields(process, clean, count), ...report };

  async function integrate(): Promise<Omit<GeneratedFields, 'fields'> & { chi: Float64Array }> {
    if (method === 'ancestral' || method === 'euler')
      return reverseSde({
        process,
        model,
        start,
        steps,
        method,
        noise: reverseNoise(seed),
        ...(given ? { given } : {}),
        ...(watch ? { onStep: watch } : {}),
      });
    if (method === 'exponential') return exponentialFlow(process, model, start, steps, watch);
    const flow = await probabilityFlow(process, model, start, steps, 'data', {
      method,
      ...(watch ? { onStep: watch } : {}),
    });
    return { chi: flow.chi, functionEvaluations: flow.functionEvaluations };
  }
}
