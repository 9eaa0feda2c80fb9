import { RgsweepError } from '../errors.js';
import { extremesOf } from '../space/validate.js';
import type { ParameterValue, SearchSpace } from '../space/types.js';
import { stepOf } from '../space/values.js';

/** Sites that the built-in network takes at most: it has kernels on the whole lattice, too large to train beyond. */
export const largestLattice = 256;

/** Sides of a lattice whose data can be made, and of one that the built-in network is trained on. */
export const phi4SideBounds = { low: 2, high: 64, trained: Math.sqrt(largestLattice) } as const;

/** What is not said of a φ⁴ task. */
export const phi4Defaults = { size: 6, mass2: -4, coupling: 6.975 } as const;

/**
 * Checks one value of `translationPeriod` for φ⁴'s network on size × size sites; other values are of other checks.
 * @throws RgsweepError('bad-configuration') naming place, value and size
 */
export function checkTranslationPeriod(value: ParameterValue | undefined, size: number, where: string): void {
  if (typeof value !== 'number' || size % value === 0) return;
  const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((side) => size % side === 0);
  throw new RgsweepError(
    'bad-configuration',
    `${where}: translationPeriod is ${value}; it must divide the lattice's side, ${size}`,
    { remedy: `one of ${divisors.join(', ')}; a search over some of them is a categorical parameter` },
  );
}

/**
 * The same of every value that a space may choose, not of its ends alone.
 * @throws RgsweepError('bad-configuration') naming place, value and size
 */
export function checkTranslationPeriods({ parameters }: SearchSpace, size: number, where: string): void {
  for (const parameter of parameters) {
    if (parameter.name !== 'translationPeriod') continue;
    if (parameter.type === 'int')
      for (let value = parameter.low; value <= parameter.high; value += stepOf(parameter))
        checkTranslationPeriod(value, size, where);
    else for (const value of extremesOf(parameter)) checkTranslationPeriod(value, size, where);
  }
}
