import type { DiffusionProcess } from './types.js';

/** Noise scales that differ by less than this part are the same. */
const relative = 1e-9;

/**
 * What a process comes to, whatever its parameters are called: `standard` when its noise is white and all components have one γ(t), as
 * in the pixels of a homogeneous lattice, where every colour is white and neither |k̂| nor the variance orders anything; `one-gamma` when only the
 * latter holds; undefined when components differ.
 */
export function inEffect({ uniform, scale }: DiffusionProcess): 'standard' | 'one-gamma' | undefined {
  if (!uniform) return undefined;
  const largest = scale.reduce((most, value) => Math.max(most, value), 0);
  const white = scale.every((value) => largest - value <= relative * largest);
  return white ? 'standard' : 'one-gamma';
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
