import { RgsweepError } from '../errors.js';
import type { ParameterValue, Parameters } from '../space/types.js';

/** The weight w_i(t) of the loss E_t Σ_i w_i(t)(ε_i − ε̂_i)² (src/train/weighting.ts has the formulas). */
export const weightings = ['elbo', 'uniform', 'min-snr', 'sigmoid', 'truncated'] as const;
export type Weighting = (typeof weightings)[number];

/** How the times of one batch are drawn (src/train/weighting.ts). */
export const timeSamplings = ['stratified', 'uniform', 'importance'] as const;
export type TimeSampling = (typeof timeSamplings)[number];

/** Sizes of the images' network (src/model/unet/architecture.ts), smallest first. */
export const unetSizes = ['smoke', 'small', 'medium', 'ddpm', 'ddpmpp'] as const;
export type UnetSize = (typeof unetSizes)[number];

export const learningRateSchedules = ['constant', 'cosine'] as const;
export type LearningRateSchedule = (typeof learningRateSchedules)[number];

/** Everything of a trial beside its noise schedule that decides what is learned. */
export interface TrainingParameters {
  /** The network adds to the exact score of Gaussian data of the same component variances; false: it learns everything. */
  gaussianScore: boolean;
  weighting: Weighting;
  timeSampling: TimeSampling;
  learningRate: number;
  learningRateSchedule: LearningRateSchedule;
  /** Steps over which the learning rate rises linearly from 0. */
  warmupSteps: number;
  /** Of `cosine`: the step at which the rate has fallen to 2 % of its peak; it stays there. */
  decaySteps: number;
  batchSize: number;
  /** Upper bound of the gradient's Euclidean norm over all parameters. */
  gradientClip: number;
  /** Exponential moving average of the parameters: decay min(emaDecay, (n + 1)/(n + 10)) at step n. */
  emaDecay: number;
  /** Hidden channels of the φ⁴ network. */
  channels: number;
  /**
   * Side of the cells by whose translations the network commutes; it grows by itself where the noise tells sites apart
   * (src/model/translations.ts). 1: all translations. A comparison of bases that shall not also compare symmetries gives
   * all trials the largest.
   */
  translationPeriod: number;
  /** Of images: size of the U-Net. */
  unetSize: UnetSize;
  /** Of images: part of the U-Net's hidden values that is dropped in training. */
  dropout: number;
  /** Random symmetries of every training configuration: of a lattice its own and the sign, of images left and right exchanged. */
  augmentation: boolean;
}

interface NumberRule {
  default: number;
  low: number;
  high: number;
  integer?: boolean;
  /** The lower bound itself is not allowed. */
  above?: boolean;
}
interface ChoiceRule {
  default: string;
  choices: readonly string[];
}
type Rule = NumberRule | ChoiceRule | { default: boolean };

/** Default and bounds of every parameter. */
export const trainingParameterRules: Readonly<Record<keyof TrainingParameters, Rule>> = {
  gaussianScore: { default: true },
  weighting: { default: 'elbo', choices: weightings },
  timeSampling: { default: 'stratified', choices: timeSamplings },
  learningRate: { default: 2e-3, low: 0, high: 1, above: true },
  learningRateSchedule: { default: 'constant', choices: learningRateSchedules },
  warmupSteps: { default: 0, low: 0, high: 1e9, integer: true },
  decaySteps: { default: 3000, low: 1, high: 1e9, integer: true },
  batchSize: { default: 512, low: 1, high: 65536, integer: true },
  gradientClip: { default: 20, low: 0, high: 1e9, above: true },
  emaDecay: { default: 0.999, low: 0, high: 0.999999 },
  channels: { default: 32, low: 1, high: 1024, integer: true },
  translationPeriod: { default: 1, low: 1, high: 64, integer: true },
  unetSize: { default: 'smoke', choices: unetSizes },
  dropout: { default: 0, low: 0, high: 0.9 },
  augmentation: { default: true },
};

/** Names a search space may use for training. */
export const trainingParameterNames: readonly string[] = Object.keys(trainingParameterRules);

/**
 * The training part of a trial's parameters, with defaults for what is absent; names of other parts are ignored.
 * `decaySteps` is 0 where the schedule is `constant`, so that equal trainings compare equal.
 * @throws RgsweepError('bad-configuration') naming the parameter, its value and what is allowed
 */
export function readTrainingParameters(parameters: Parameters): TrainingParameters {
  const read = Object.fromEntries(
    Object.entries(trainingParameterRules).map(([name, rule]) => [
      name,
      readOne(name, rule, parameters[name]),
    ]),
  ) as unknown as TrainingParameters;
  if (read.learningRateSchedule === 'constant') read.decaySteps = 0;
  else if (read.warmupSteps >= read.decaySteps)
    throw new RgsweepError(
      'bad-configuration',
      `warmupSteps is ${read.warmupSteps}; with the cosine schedule it must be below decaySteps (${read.decaySteps})`,
    );
  return read;
}

function readOne(name: string, rule: Rule, value: ParameterValue | undefined): ParameterValue {
  if (value === undefined) return rule.default;
  const reject = (wanted: string) =>
    new RgsweepError('bad-configuration', `${name} is ${JSON.stringify(value)}; it must be ${wanted}`);
  if ('choices' in rule) {
    if (typeof value !== 'string' || !rule.choices.includes(value))
      throw reject(`one of ${rule.choices.join(', ')}`);
    return value;
  }
  if (!('low' in rule)) {
    if (typeof value !== 'boolean') throw reject('true or false');
    return value;
  }
  const wanted = `${rule.integer ? 'an integer' : 'a number'} ${rule.above ? 'above' : 'from'} ${rule.low} ${rule.above ? 'and at most' : 'to'} ${rule.high}`;
  if (typeof value !== 'number' || !Number.isFinite(value) || (rule.integer && !Number.isInteger(value)))
    throw reject(wanted);
  if (value < rule.low || value > rule.high || (rule.above && value === rule.low)) throw reject(wanted);
  return value;
}
