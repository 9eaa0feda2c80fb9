import { createHash } from 'node:crypto';
import type { DataStatistics } from '../basis/types.js';
import { scheduleKey } from '../schedule/canonical.js';
import { offDiagonalShare } from '../schedule/gaussian.js';
import { scheduleParameterNames } from '../schedule/parameters.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { Parameters } from '../space/types.js';
import { readTrainingParameters } from '../train/parameters.js';

/**
 * The canonical identity of a trial (SCIENCE: redundancy): the noise path N(t) with its end points and time
 * parametrization, **and everything else that trains and evaluates it, the seed included**. Two parameter sets with one
 * key would train the same model twice.
 *
 * The network acts on fields whitened in the process's basis, so two bases with the same N(t) train alike only where the
 * Gaussian score is diagonal in both (Fourier and PCA on a lattice): there the basis is no part of the key, elsewhere it is.
 * @param statistics of the training data
 */
export function trialKey(
  process: DiffusionProcess,
  statistics: DataStatistics,
  parameters: Parameters,
  seed: number,
): string {
  const schedule = new Set(scheduleParameterNames);
  const others = Object.fromEntries(Object.entries(parameters).filter(([name]) => !schedule.has(name)));
  const training = readTrainingParameters(others);
  const basis = offDiagonalShare(process, statistics) === 0 ? 'exact' : process.basis.name;
  return createHash('sha256')
    .update(JSON.stringify([scheduleKey(process), basis, training, seed]))
    .digest('hex')
    .slice(0, 32);
}
