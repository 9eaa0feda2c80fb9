import type { Arena } from './arena.js';
import type { Columns } from './columns.js';
import { log, logAddExp } from './elementary.js';
import { fitMixture } from './fit.js';
import { logDensity, type Mixture, type Point } from './parzen.js';
import type { Tree } from './tree.js';
import type { Observation } from './types.js';

/** Two mixtures over the trials, where something is held (or good) and where not, and the share of the first. */
export interface Contrast {
  held: Mixture;
  broken: Mixture;
  share: number;
}

/**
 * One contrast for every constraint that some trial broke: the trials that hold it against those that do not. Where none
 * holds it, the least violating one counts as holding, so that there is a direction to go.
 */
export function constraintContrasts(
  tree: Tree,
  columns: Columns,
  observations: readonly Observation[],
  minWidth: number,
  arena: Arena,
): Contrast[] {
  let most = 0;
  for (const { constraints } of observations)
    if (constraints && constraints.length > most) most = constraints.length;
  const contrasts: Contrast[] = [];
  for (let c = 0; c < most; c++) {
    const held: number[] = [];
    const broken: number[] = [];
    observations.forEach(({ constraints }, index) => {
      const value = constraints?.[c];
      if (value === undefined) return;
      if (value <= 0) held.push(index);
      else broken.push(index);
    });
    if (broken.length === 0) continue;
    if (held.length === 0) {
      const value = (index: number): number => observations[index]!.constraints![c]!;
      let least = broken[0]!;
      for (const index of broken) if (value(index) < value(least)) least = index;
      held.push(least);
      broken.splice(broken.indexOf(least), 1);
      if (broken.length === 0) continue;
    }
    const fit = (members: number[]): Mixture =>
      fitMixture(tree, columns, members, arena.take(members.length).fill(1), minWidth, arena);
    contrasts.push({
      held: fit(held),
      broken: fit(broken),
      share: held.length / (held.length + broken.length),
    });
  }
  return contrasts;
}

/**
 * log of the probability ratio that c-TPE maximizes, −log(q + (1 − q) g/l), of one contrast (Watanabe and Hutter, "c-TPE",
 * arXiv 2211.14411, eq. 8); without constraints it orders candidates as l/g does.
 */
export function logAdvantage({ held, broken, share }: Contrast, point: Point, scratch: Float64Array): number {
  const ratio = logDensity(broken, point, scratch) - logDensity(held, point, scratch);
  return -logAddExp(log(share), log(1 - share) + ratio);
}
