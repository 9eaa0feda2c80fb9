import type { Parameters, SearchSpace } from '../space/types.js';

/** One trial as a sampler sees it. Values are minimized; a maximized metric is negated before it comes here. */
export interface Observation {
  /** Trial number; observations come in this order. */
  trial: number;
  parameters: Parameters;
  /** `running`: no result yet (constant liar). `failed`: tried, no value. */
  state: 'running' | 'complete' | 'pruned' | 'failed';
  /**
   * Objective values by rung (training steps), ascending; one number per objective.
   * A single-fidelity observation has one entry.
   */
  values: readonly { step: number; objectives: readonly number[] }[];
  /** Constraint values, each satisfied when at most 0. */
  constraints?: readonly number[];
  /**
   * A trial of an earlier search, by that search's name: it says where to look and is none of this search's trials. Its
   * values are compared with those of the same name only; parameters that it does not have are unknown.
   */
  prior?: string;
}

export interface SuggestInput {
  space: SearchSpace;
  observations: readonly Observation[];
  /** The number of the trial to suggest for; with the seed it addresses the random numbers. */
  trial: number;
  seed: number;
}

/** A pure function: the same input gives the same parameters on any machine and Node version. */
export type Sampler = (input: SuggestInput) => Parameters;

export const samplerNames = ['random', 'qmc', 'grid', 'tpe'] as const;
export type SamplerName = (typeof samplerNames)[number];
