import type { DiffusionProcess, ScheduleFamily } from './types.js';

/** Noise scales and variances that differ by less than this part are the same. */
const relative = 1e-9;

/**
 * What a process comes to, whatever its parameters are called: `standard` when its noise is white and all components have one γ(t), as
 * in the pixels of a homogeneous lattice, where every colour is white and neither |k̂| nor the variance orders anything; `one-gamma` when only the
 * latter holds; undefined when components differ.
 */
export function inEffect({ uniform, scale }: DiffusionProcess): 'standard' | 'one-gamma' | undefined {
  if (!uniform) return undefined;
  return allEqual(scale) ? 'standard' : 'one-gamma';
}

/**
 * The family a trial counts to in gauges, search attributes and tables: what its process comes to where all components have one γ(t),
 * else what its parameters ask for. So a cutoff that orders nothing does not win as `component-wise`.
 */
export function familyInEffect(process: DiffusionProcess): ScheduleFamily {
  switch (inEffect(process)) {
    case 'standard':
      return 'standard';
    case 'one-gamma':
      return allEqual(process.dataVariance) ? 'matched-noise' : 'coloured';
    default:
      return process.family;
  }
}

function allEqual(values: Float64Array): boolean {
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  return values.every((value) => largest - value <= relative * largest);
}

/** The same in words, where the family does not say so already; undefined where there is nothing to add. */
export function inEffectWords(process: DiffusionProcess): string | undefined {
  const { family } = process;
  switch (inEffect(process)) {
    case 'standard':
      return family === 'standard'
        ? undefined
        : 'in effect standard diffusion: white noise, one γ(t) for all components';
    case 'one-gamma':
      return ['matched-noise', 'coloured'].includes(family)
        ? undefined
        : 'in effect one γ(t) for all components: the cutoff orders nothing in this basis';
    default:
      return undefined;
  }
}
