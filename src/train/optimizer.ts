import type { ParameterArrays } from '../model/arrays.js';
import { copyParameters } from '../model/arrays.js';
import type { TrainingParameters } from './parameters.js';

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/**
 * Everything that the next step depends on beside data and random numbers. Kept in single precision on the host, as a
 * checkpoint keeps it, so that going on from a checkpoint is going on.
 */
export interface OptimizerState {
  parameters: ParameterArrays;
  ema: ParameterArrays;
  /** Adam's first and second moments. */
  first: ParameterArrays;
  second: ParameterArrays;
}

/** The state at step 0. */
export function createOptimizerState(parameters: ParameterArrays): OptimizerState {
  return {
    parameters,
    ema: copyParameters(parameters),
    first: copyParameters(parameters, { zero: true }),
    second: copyParameters(parameters, { zero: true }),
  };
}

/**
 * The learning rate of step n (counted from 0): a linear rise over `warmupSteps`, then constant, or a half cosine down
 * to 2 % of the peak at `decaySteps` and constant from there.
 */
export function learningRateAt(training: TrainingParameters, step: number): number {
  const { learningRate, learningRateSchedule, warmupSteps, decaySteps } = training;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  if (learningRateSchedule === 'constant') return learningRate;
  const progress = Math.min(1, (step - warmupSteps) / (decaySteps - warmupSteps));
  return learningRate * (0.02 + 0.98 * 0.5 * (1 + Math.cos(Math.PI * progress)));
}

/** Euclidean norm over all gradients. */
export function gradientNorm(gradients: Readonly<Record<string, Float32Array>>): number {
  let sum = 0;
  for (const gradient of Object.values(gradients)) for (const value of gradient) sum += value * value;
  return Math.sqrt(sum);
}

/**
 * One step of Adam (Kingma and Ba 2015, arXiv 1412.6980) on gradients clipped to the norm `gradientClip`, then of the
 * moving average. Changes the state's arrays in place.
 * @param step the number of steps done before this one
 * @param norm that of the gradients, where it is known
 */
export function optimizerStep(
  state: OptimizerState,
  gradients: Readonly<Record<string, Float32Array>>,
  training: TrainingParameters,
  step: number,
  norm = gradientNorm(gradients),
): void {
  const clip = norm > training.gradientClip ? training.gradientClip / norm : 1;
  // Divisions by the moments' corrections 1 − βⁿ, done once.
  const rate = learningRateAt(training, step) / (1 - beta1 ** (step + 1));
  const rootCorrection = 1 / Math.sqrt(1 - beta2 ** (step + 1));
  const decay = Math.min(training.emaDecay, (step + 1) / (step + 10));
  for (const name of Object.keys(state.parameters)) {
    const gradient = gradients[name]!;
    const parameter = state.parameters[name]!.data;
    const average = state.ema[name]!.data;
    const first = state.first[name]!.data;
    const second = state.second[name]!.data;
    for (let i = 0; i < parameter.length; i++) {
      const slope = clip * gradient[i]!;
      first[i] = beta1 * first[i]! + (1 - beta1) * slope;
      second[i] = beta2 * second[i]! + (1 - beta2) * slope * slope;
      parameter[i] = parameter[i]! - (rate * first[i]!) / (rootCorrection * Math.sqrt(second[i]!) + epsilon);
      average[i] = decay * average[i]! + (1 - decay) * parameter[i]!;
    }
  }
}
