import type { ResidualModel } from '../model/residual.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { variationalBound } from './bound.js';
import { finiteOf } from './finite.js';
import { convergedSteps, flowNll, flowSamples } from './likelihood.js';
import { evaluationsNeeded, pathEss } from './pathWeights.js';
import { blockedMean, effectiveSampleSize, evenlySpacedRows } from './statistics.js';

export interface DensityEvaluationInput {
  process: DiffusionProcess;
  model: ResidualModel;
  /** Configurations of the split, in Markov order, [N, V]. */
  configurations: Float32Array;
  /** S of each row of fields [N, V]: the data's density is e^{−S}/Z. */
  actions: (fields: Float32Array | Float64Array) => Float64Array;
  /** log Z, where it is known. */
  logZ?: number;
  /** Number of the model's own samples. */
  samples: number;
  level: 'rung' | 'final';
  seed: number;
}

export interface DensityEvaluation {
  /** Flat, all finite; a figure that did not converge is absent. */
  metrics: Record<string, number>;
  warnings: string[];
  /** The model's own samples, [samples, V]; empty when the flow did not converge. */
  samples: Float32Array;
  /** −log q of each evaluated configuration, the same ones for every model of a level; empty when the flow did not converge. */
  nll: Float64Array;
}

/** How much effort a level pays: fields for likelihoods, draws a field for the bound. */
const effort = {
  rung: { fields: 2048, draws: 4 },
  final: { fields: 4096, draws: 16 },
} as const;
/** Of the flow, at every level: a model that has been trained is not to fail for a steep path that 128 steps measure to 0.0022 nats. */
const mostSteps = 512;
/** Fields on which the number of steps is settled. */
const convergenceFields = 256;
/** Of `evaluationsForEss80`, and how many paths it is measured on at most. */
const enoughEss = 0.8;
const mostPaths = 2048;

/** ESS of whole paths of the ancestral sampler by calls of the network, and the calls that 0.8 takes, where it is reached. */
async function fewEvaluations(input: DensityEvaluationInput): Promise<Record<string, number>> {
  const { process, model, actions, seed } = input;
  const count = Math.min(mostPaths, input.samples);
  const found = await pathEss({ process, model, actions, count, seed }, enoughEss);
  const needed = evaluationsNeeded(found, enoughEss);
  return {
    ...Object.fromEntries(found.map(({ evaluations, ess }) => [`pathEss${evaluations}`, ess])),
    ...(needed === undefined ? {} : { evaluationsForEss80: needed }),
  };
}

/**
 * Measures a model of a density e^{−S}/Z that is known up to Z. In nats:
 *
 * - `nll` ⟨−log q⟩ of the data by the probability flow, with exact divergence, integrated to convergence.
 * - `kl`, `klError` ⟨−log q − S⟩ − log Z, forward Kullback–Leibler divergence, paired for each configuration; absent where
 *   log Z is not known.
 * - `vlb`, `vlbError` the variational bound; `vlbExcess`, `vlbExcessError` ⟨bound − S⟩ − log Z.
 * - `ess` effective sample size of e^{−S}/q on the model's own samples; `reverseKl`, `reverseKlError` ⟨log q + S⟩ + log Z;
 *   `logZEstimate` log⟨e^{−S}/q⟩.
 * - `flowSteps`, `flowChange` the steps of the flow (more where its path has kinks) and what twice as many change, below 0.002 (at
 *   level `final` the twice as many are what is used); `functionEvaluations` calls of the network for one likelihood or one sample.
 * - at level `final` `pathEss8` … `pathEss64` (`pathEss256`), the ESS of whole paths of the ancestral sampler by calls of the network, which
 *   needs no convergence (src/eval/pathWeights.ts), and `evaluationsForEss80`, the calls at which it is 0.8.
 */
export async function evaluateDensity(input: DensityEvaluationInput): Promise<DensityEvaluation> {
  const { process, model, configurations, level, logZ, seed } = input;
  const { fields: fieldCount, draws } = effort[level];
  const warnings: string[] = [];
  const metrics: Record<string, number> = {};
  const volume = process.dimension;
  const fields = evenlySpacedRows(configurations, volume, fieldCount);
  const actions = input.actions(fields);

  const bound = await variationalBound(process, model, fields, draws, seed);
  const vlb = blockedMean(bound);
  Object.assign(metrics, { vlb: vlb.value, vlbError: vlb.error });
  if (logZ !== undefined) {
    const { value, error } = blockedMean(bound.map((own, n) => own - actions[n]!));
    Object.assign(metrics, { vlbExcess: value - logZ, vlbExcessError: error });
  }

  const few = evenlySpacedRows(fields, volume, convergenceFields);
  const { steps: enough, change } = await convergedSteps(process, model, few, mostSteps);
  metrics.flowChange = change;
  if (enough === undefined) {
    warnings.push(
      `the probability flow did not converge: ${mostSteps} steps change the likelihood by ${change.toPrecision(3)} nats; no kl, nll or ess`,
    );
    return { ...finiteOf(metrics, warnings), samples: new Float32Array(0), nll: new Float64Array(0) };
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
  const ownActions = input.actions(own.fields);
  const logWeights = own.logDensity.map((density, n) => -ownActions[n]! - density);
  const { ess, logMeanWeight } = effectiveSampleSize(logWeights);
  Object.assign(metrics, { ess, logZEstimate: logMeanWeight });
  if (logZ !== undefined) {
    const reverse = blockedMean(logWeights.map((weight) => logZ - weight));
    Object.assign(metrics, { reverseKl: reverse.value, reverseKlError: reverse.error });
  }
  if (level === 'final') Object.assign(metrics, await fewEvaluations(input));
  return { ...finiteOf(metrics, warnings), samples: Float32Array.from(own.fields), nll };
}
