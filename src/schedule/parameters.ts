import { basisNames } from '../basis/types.js';
import type { BasisName } from '../basis/types.js';
import { RgsweepError } from '../errors.js';
import type { Parameters, ParameterValue } from '../space/types.js';

/** Noise colours that stand for themselves; `interpolated` mixes two of them. */
export const simpleColours = ['white', 'free-field', 'power-law', 'matched'] as const;
export type SimpleColour = (typeof simpleColours)[number];
export const colours = [...simpleColours, 'interpolated'] as const;
export type Colour = (typeof colours)[number];

/** Shapes of the cutoff function K_Λ = α² (src/schedule/cutoff.ts has the formulas). */
export const kernels = ['uniform', 'sigmoid', 'heat', 'erf', 'hard-step', 'dissipation', 'blurring'] as const;
export type Kernel = (typeof kernels)[number];

/** What a component's place ℓ in the order is (src/schedule/ordering.ts). Larger ℓ: noised earlier, generated later. */
export const orderings = [
  'momentum',
  'log-variance',
  'basis-order',
  'level',
  'row',
  'column',
  'raster',
] as const;
export type Ordering = (typeof orderings)[number];

/** p(t) of Λ(t) = Λ₀ + (Λ₁ − Λ₀) p(t) (src/schedule/trajectory.ts). */
export const trajectories = [
  'linear',
  'exponential',
  'cosine',
  'power',
  'spline',
  'vp-linear-beta',
  'vp-cosine',
] as const;
export type Trajectory = (typeof trajectories)[number];

/** Number of increments of the spline trajectory. */
export const splineIncrements = 4;

/** A noise schedule's parameters, defaults filled in. Fields that the chosen kinds do not use are ignored. */
export interface ScheduleParameters {
  /** The coordinates in which noise is diagonal. Default `fourier`. */
  basis: BasisName;
  /** s_i², the variance of the noise by component. Default `white`. */
  colour: Colour;
  /** m² of `free-field`, s² ∝ 1/(k̂² + m²), and of `power-law`. Lattice units, default 1. */
  colourMass2: number;
  /** a of `power-law`, s² ∝ (k̂² + m²)^(−a/2); a = 2 is the free field. Default 2. */
  colourExponent: number;
  /** Ends of `interpolated`, s² = s²_from^(1−r) s²_to^r. Defaults `white`, `matched`. */
  colourFrom: SimpleColour;
  colourTo: SimpleColour;
  /** r of `interpolated`, 0 to 1. Default 0.5. */
  colourRatio: number;
  /** Default `uniform`: one γ(t) for all components, the limit of infinite width. */
  kernel: Kernel;
  /** w in units of ℓ; GUD's softness, 1/a. Default 1. */
  cutoffWidth: number;
  /** m² of the kernels `heat` (default 0.25) and `dissipation` and `blurring` (default 0), in units of k̂². */
  heatMass2: number;
  /** Largest standard deviation of the blur, in lattice units, of `dissipation` and `blurring`. Default 20. */
  blurWidth: number;
  /** Smallest factor d of `blurring`. Default 0.001. */
  blurFloor: number;
  /** Default `momentum`. */
  ordering: Ordering;
  /** ℓ → ℓ_max + ℓ_min − ℓ. Default false. */
  reversed: boolean;
  /** ℓ_i → ℓ_i + w log Var(c_i): GUD's variance-adjusted schedule for noise that is not matched. Default false. */
  varianceAdjusted: boolean;
  /** γ of the most noised component at t = 0, below 0. Default −8. */
  gammaLow: number;
  /** γ of the least noised component at t = 1, above 0. Default 4. */
  gammaHigh: number;
  /** Default `linear`. */
  trajectory: Trajectory;
  /** c of `exponential`, p = (1 − e^(−ct))/(1 − e^(−c)); 0 is linear. Default 2. */
  trajectoryRate: number;
  /** q of `power`, p = t^q. Default 2. */
  trajectoryPower: number;
  /** Logits of the increments of `spline`: p(j/4) is the cumulative softmax. Equal logits are linear. Default 0. */
  trajectoryKnot1: number;
  trajectoryKnot2: number;
  trajectoryKnot3: number;
  trajectoryKnot4: number;
  /** β(0) and β(1) of `vp-linear-beta`. Defaults 0.1 and 20. */
  betaMin: number;
  betaMax: number;
  /** s of `vp-cosine`, α = cos((t + s)/(1 + s) π/2). Default 0.008. */
  cosineOffset: number;
}

interface NumberRule {
  default: number;
  low: number;
  high: number;
}
interface ChoiceRule {
  default: string;
  choices: readonly string[];
}
type Rule = NumberRule | ChoiceRule | { default: boolean };

const knot: NumberRule = { default: 0, low: -20, high: 20 };
/** Default and bounds of every parameter. */
export const scheduleParameterRules: Readonly<Record<keyof ScheduleParameters, Rule>> = {
  basis: { default: 'fourier', choices: basisNames },
  colour: { default: 'white', choices: colours },
  colourMass2: { default: 1, low: 1e-6, high: 1e6 },
  colourExponent: { default: 2, low: -8, high: 8 },
  colourFrom: { default: 'white', choices: simpleColours },
  colourTo: { default: 'matched', choices: simpleColours },
  colourRatio: { default: 0.5, low: 0, high: 1 },
  kernel: { default: 'uniform', choices: kernels },
  cutoffWidth: { default: 1, low: 1e-4, high: 1e6 },
  heatMass2: { default: 0.25, low: 0, high: 1e6 },
  blurWidth: { default: 20, low: 0, high: 1e6 },
  blurFloor: { default: 1e-3, low: 1e-12, high: 1 },
  ordering: { default: 'momentum', choices: orderings },
  reversed: { default: false },
  varianceAdjusted: { default: false },
  gammaLow: { default: -8, low: -30, high: -0.01 },
  gammaHigh: { default: 4, low: 0.01, high: 30 },
  trajectory: { default: 'linear', choices: trajectories },
  trajectoryRate: { default: 2, low: -50, high: 50 },
  trajectoryPower: { default: 2, low: 0.05, high: 20 },
  trajectoryKnot1: knot,
  trajectoryKnot2: knot,
  trajectoryKnot3: knot,
  trajectoryKnot4: knot,
  betaMin: { default: 0.1, low: 1e-6, high: 1e3 },
  betaMax: { default: 20, low: 1e-6, high: 1e3 },
  cosineOffset: { default: 0.008, low: 1e-6, high: 0.5 },
};

const rules = Object.entries(scheduleParameterRules);

/** Names a search space may use for the noise schedule. */
export const scheduleParameterNames: readonly string[] = Object.keys(scheduleParameterRules);

/**
 * The schedule's part of a trial's parameters, with defaults for what is absent; names of other parts are ignored.
 * @throws RgsweepError('bad-configuration') naming the parameter, its value and what is allowed
 */
export function readScheduleParameters(parameters: Parameters): ScheduleParameters {
  // Read for every trial of a sweep at a time, so without a list in between.
  const values: Record<string, ParameterValue> = {};
  for (const [name, rule] of rules) values[name] = readOne(name, rule, parameters[name]);
  const read = values as unknown as ScheduleParameters;
  if (parameters['heatMass2'] === undefined && read.kernel !== 'heat') read.heatMass2 = 0;
  if (read.kernel === 'heat' && read.heatMass2 <= 0)
    throw bad(
      'heatMass2',
      read.heatMass2,
      'above 0: without a mass the heat kernel never noises the zero mode',
    );
  if (read.trajectory.startsWith('vp-') && read.kernel !== 'uniform')
    throw bad(
      'trajectory',
      read.trajectory,
      `linear, exponential, cosine, power or spline with the kernel ${read.kernel}`,
    );
  if (read.betaMax < read.betaMin) throw bad('betaMax', read.betaMax, `at least betaMin (${read.betaMin})`);
  return read;
}

function readOne(name: string, rule: Rule, value: ParameterValue | undefined): ParameterValue {
  if (value === undefined) return rule.default;
  if ('choices' in rule) {
    if (typeof value !== 'string' || !rule.choices.includes(value))
      throw bad(name, value, `one of ${rule.choices.join(', ')}`);
    return value;
  }
  if (!('low' in rule)) {
    if (typeof value !== 'boolean') throw bad(name, value, 'true or false');
    return value;
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value < rule.low || value > rule.high)
    throw bad(name, value, `a number from ${rule.low} to ${rule.high}`);
  return value;
}

function bad(name: string, value: ParameterValue, wanted: string): RgsweepError {
  return new RgsweepError('bad-configuration', `${name} is ${JSON.stringify(value)}; it must be ${wanted}`);
}
