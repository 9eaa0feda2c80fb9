import type { Observation } from '../samplers/types.js';

/**
 * What trial n sees in a reproducible search with c workers: the outcomes of the trials 0 … n − c, and the c − 1 after
 * them as running, whether they are or not. That set depends on n and c alone, so whichever worker is faster, the
 * same seed gives the same trials.
 *
 * Undefined while one of the trials 0 … n − c has no outcome yet: the free worker has to wait for it. (With c workers
 * and c − 1 other trials open there is at least one outcome more than are needed unless one trial is slow.)
 */
export function reproducibleView(
  observations: readonly Observation[],
  trial: number,
  concurrency: number,
): Observation[] | undefined {
  const visible = trial - concurrency + 1;
  for (let i = 0; i < visible; i++) if (observations[i]?.state === 'running') return undefined;
  return observations
    .slice(0, trial)
    .map((one, i) =>
      i < visible ? one : { trial: one.trial, parameters: one.parameters, state: 'running', values: [] },
    );
}
