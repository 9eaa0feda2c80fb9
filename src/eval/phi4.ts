import { createLattice, phi4Action } from '../data/phi4/action.js';
import { knownLogZ } from '../data/phi4/logZ.js';
import { phi4Observables, type Estimate } from '../data/phi4/observables.js';
import type { Phi4Task } from '../train/protocol.js';
import { evaluateDensity, type DensityEvaluation, type DensityEvaluationInput } from './density.js';
import { finiteOf } from './finite.js';

export interface Phi4EvaluationInput extends Omit<DensityEvaluationInput, 'actions' | 'logZ'> {
  task: Phi4Task;
}

export interface Phi4Evaluation extends DensityEvaluation {
  /** Observables of the model's samples and of the data. */
  observables: { model: Record<string, Estimate>; data: Record<string, Estimate> };
}

/**
 * Measures a φ⁴ model against HMC data: the figures of `evaluateDensity`, log Z taken from src/data/phi4/logZ.ts, and
 * `absM`, `phi2`, `phi4`, `actionPerSite` of the model's samples, `…Z` their distance from the data in standard errors,
 * `largestZ` the largest |z| of these and of G(k).
 */
export async function evaluatePhi4({ task, ...input }: Phi4EvaluationInput): Promise<Phi4Evaluation> {
  const logZ = knownLogZ(task)?.value;
  const lattice = createLattice(task.size);
  const { volume } = lattice;
  const result = await evaluateDensity({
    ...input,
    actions: (fields) =>
      Float64Array.from({ length: fields.length / volume }, (_, n) =>
        phi4Action(fields, n * volume, lattice, task),
      ),
    ...(logZ === undefined ? {} : { logZ }),
  });
  if (result.samples.length === 0) return { ...result, observables: { model: {}, data: {} } };
  const { configurations } = input;
  const couplings = { mass2: task.mass2, coupling: task.coupling };
  const observables = {
    model: phi4Observables(result.samples, result.samples.length / volume, task.size, couplings),
    data: phi4Observables(configurations, configurations.length / volume, task.size, couplings),
  };
  const metrics = { ...result.metrics, ...compare(observables) };
  return { ...result, ...finiteOf(metrics, result.warnings), observables };
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
