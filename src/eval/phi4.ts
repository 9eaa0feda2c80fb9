import { createLattice, phi4Action } from '../data/phi4/action.js';
import { knownLogZ } from '../data/phi4/logZ.js';
import { phi4Observables, type Estimate } from '../data/phi4/observables.js';
import type { ResidualModel } from '../model/residual.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { Phi4Task } from '../train/protocol.js';
import { variationalBound } from './bound.js';
import { convergedSteps, flowNll, flowSamples } from './likelihood.js';
import { blockedMean, effectiveSampleSize, evenlySpacedRows } from './statistics.js';

export interface Phi4EvaluationInput {
  process: DiffusionProcess;
  model: ResidualModel;
  task: Phi4Task;
  /** Configurations of the split, in Markov order, [N, V]. */
  configurations: Float32Array;
  /** Number of the model's own samples. */
  samples: number;
  level: 'rung' | 'final';
  seed: number;
}

export interface Phi4Evaluation {
  /** Flat, all finite; a figure that did not converge is absent. */
  metrics: Record<string, number>;
  warnings: string[];
  /** The model's own samples, [samples, V]; empty when the flow did not converge. */
  samples: Float32Array;
  /** Observables of the model's samples and of the data. */
  observables: { model: Record<string, Estimate>; data: Record<string, Estimate> };
  /** −log q of each evaluated configuration, the same ones for every model of a level; empty when the flow did not converge. */
  nll: Float64Array;
}

/** How much effort a level pays: fields for likelihoods, draws a field for the bound, most steps of the flow. */
const effort = {
  rung: { fields: 2048, draws: 4, mostSteps: 128 },
  final: { fields: 4096, draws: 16, mostSteps: 512 },
} as const;
/** Fields on which the number of steps is settled. */
const convergenceFields = 256;

/**
 * Measures a φ⁴ model against HMC data. In nats:
 *
 * - `nll` ⟨−log q⟩ of the data by the probability flow, with exact divergence, integrated to convergence.
 * - `kl`, `klError` ⟨−log q − S⟩ − log Z, forward Kullback–Leibler divergence, paired for each configuration; absent where
 *   log Z is not known.
 * - `vlb`, `vlbError` the variational bound; `vlbExcess` ⟨bound − S⟩ − log Z.
 * - `ess` effective sample size of e^{−S}/q on the model's own samples; `reverseKl`, `reverseKlError` ⟨log q + S⟩ + log Z;
 *   `logZEstimate` log⟨e^{−S}/q⟩.
 * - `absM`, `phi2`, `phi4`, `actionPerSite` of the model's samples, `…Z` their distance from the data in standard errors,
 *   `largestZ` the largest |z| of these and of G(k).
 * - `flowSteps`, `flowChange` the steps of the flow and what twice as many change, below 0.002 (at level `final` the twice
 *   as many are what is used); `functionEvaluations` calls of the
 *   network for one likelihood or one sample.
 */
export async function evaluatePhi4(input: Phi4EvaluationInput): Promise<Phi4Evaluation> {
  const { process, model, task, configurations, level, seed } = input;
  const { fields: fieldCount, draws, mostSteps } = effort[level];
  const warnings: string[] = [];
  const metrics: Record<string, number> = {};
  const volume = process.dimension;
  const fields = evenlySpacedRows(configurations, volume, fieldCount);
  const actions = actionsOf(fields, task);
  const logZ = knownLogZ(task)?.value;

  const bound = await variationalBound(process, model, fields, draws, seed);
  const vlb = blockedMean(bound);
  Object.assign(metrics, { vlb: vlb.value, vlbError: vlb.error });
  if (logZ !== undefined)
    metrics.vlbExcess = blockedMean(bound.map((value, n) => value - actions[n]!)).value - logZ;

  const few = evenlySpacedRows(fields, volume, convergenceFields);
  const { steps: enough, change } = await convergedSteps(process, model, few, mostSteps);
  metrics.flowChange = change;
  if (enough === undefined) {
    warnings.push(
      `the probability flow did not converge: ${mostSteps} steps change the likelihood by ${change.toPrecision(3)} nats; no kl, nll or ess`,
    );
    return finish(metrics, warnings, new Float32Array(0), { model: {}, data: {} }, new Float64Array(0));
  }
  const steps = level === 'final' ? 2 * enough : enough;
  metrics.flowSteps = steps;

  const { nll, functionEvaluations } = await flowNll(process, model, fields, steps);
  const excess = blockedMean(nll.map((value, n) => value - actions[n]!));
  Object.assign(metrics, { nll: blockedMean(nll).value, functionEvaluations });
  if (logZ === undefined)
    warnings.push(
      'log Z of this lattice is not known: nll takes the place of kl, and differs from it by a constant',
    );
  else Object.assign(metrics, { kl: excess.value - logZ, klError: excess.error });

  const own = await flowSamples(process, model, input.samples, steps, seed);
  const ownActions = actionsOf(own.fields, task);
  const logWeights = own.logDensity.map((density, n) => -ownActions[n]! - density);
  const { ess, logMeanWeight } = effectiveSampleSize(logWeights);
  Object.assign(metrics, { ess, logZEstimate: logMeanWeight });
  if (logZ !== undefined) {
    const reverse = blockedMean(logWeights.map((weight) => logZ - weight));
    Object.assign(metrics, { reverseKl: reverse.value, reverseKlError: reverse.error });
  }

  const couplings = { mass2: task.mass2, coupling: task.coupling };
  const observables = {
    model: phi4Observables(own.fields, input.samples, task.size, couplings),
    data: phi4Observables(configurations, configurations.length / volume, task.size, couplings),
  };
  Object.assign(metrics, compare(observables));
  return finish(metrics, warnings, Float32Array.from(own.fields), observables, nll);
}

/** S of each row. */
function actionsOf(fields: Float32Array | Float64Array, task: Phi4Task): Float64Array {
  const lattice = createLattice(task.size);
  return Float64Array.from({ length: fields.length / lattice.volume }, (_, n) =>
    phi4Action(fields, n * lattice.volume, lattice, task),
  );
}

/** (model − data)/√(error² + error²) of one observable. */
export function zScore(model: Estimate, data: Estimate): number {
  return (model.value - data.value) / Math.hypot(model.error, data.error);
}

function compare({ model, data }: Phi4Evaluation['observables']): Record<string, number> {
  const out: Record<string, number> = {};
  let largest = 0;
  for (const [name, estimate] of Object.entries(model)) {
    const z = zScore(estimate, data[name]!);
    const shown = ['absM', 'phi2', 'phi4', 'actionPerSite'].includes(name);
    if (shown) Object.assign(out, { [name]: estimate.value, [`${name}Z`]: z });
    if (shown || name.startsWith('G(k)')) largest = Math.max(largest, Math.abs(z));
  }
  return { ...out, largestZ: largest };
}

function finish(
  metrics: Record<string, number>,
  warnings: string[],
  samples: Float32Array,
  observables: Phi4Evaluation['observables'],
  nll: Float64Array,
): Phi4Evaluation {
  const finite = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  const lost = Object.keys(metrics).filter((name) => !Number.isFinite(metrics[name]));
  if (lost.length > 0) warnings.push(`not finite, left out: ${lost.join(', ')}`);
  return { metrics: Object.fromEntries(finite), warnings, samples, observables, nll };
}
