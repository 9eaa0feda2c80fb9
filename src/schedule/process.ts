import { createBasis } from '../basis/index.js';
import { componentVariances } from '../basis/statistics.js';
import type { Basis, BasisName, DataStatistics } from '../basis/types.js';
import { RgsweepError } from '../errors.js';
import type { Parameters } from '../space/types.js';
import { noiseScale } from './colour.js';
import { createCutoff } from './cutoff.js';
import { familyOf } from './label.js';
import { orderingVariable, range } from './ordering.js';
import { readScheduleParameters } from './parameters.js';
import { createBlurPath, createScalarPath } from './special.js';
import { createTrajectory } from './trajectory.js';
import type { DiffusionProcess } from './types.js';

/** A variance below this part of the mean variance counts as this much: data in fewer dimensions has directions with none. */
export const smallestRelativeVariance = 1e-10;

/**
 * The forward process of a trial: basis, noise colour s_i, and γ_i(t) from cutoff and trajectory.
 * A pure function of its arguments; the basis and its variances are remembered while `statistics` is alive.
 *
 * @param parameters a trial's parameters; only the schedule's are read (src/schedule/parameters.ts), defaults filled in
 * @param statistics of the training data
 * @throws RgsweepError('bad-configuration') on a bad parameter, or an ordering that the basis does not have
 */
export function createProcess(parameters: Parameters, statistics: DataStatistics): DiffusionProcess {
  const read = readScheduleParameters(parameters);
  const { basis, variances } = basisWithVariances(read.basis, statistics);
  const scale = noiseScale(basis, variances, read);
  const dataVariance = variances.map((variance, i) => variance / scale[i]! ** 2);
  const trajectory = createTrajectory(read);
  const common = {
    basis,
    dimension: basis.dimension,
    mean: statistics.mean,
    scale,
    dataVariance,
    family: familyOf(read),
  };
  if (read.kernel === 'dissipation' || read.kernel === 'blurring')
    return { ...common, ...createBlurPath(basis, read, trajectory), uniform: false };
  if (read.trajectory === 'vp-linear-beta' || read.trajectory === 'vp-cosine')
    return { ...common, ...createScalarPath(read), uniform: true };
  if (read.kernel === 'uniform')
    return { ...common, ...createCutoff(scale, read, trajectory), uniform: true };
  const places = orderingVariable(basis, variances, read);
  const { low, high } = range(places);
  return { ...common, ...createCutoff(places, read, trajectory), uniform: low === high };
}

/** The basis of this name and Var(c_i) of the data in it, with the floor above. */
export function basisWithVariances(
  name: BasisName,
  statistics: DataStatistics,
): { basis: Basis; variances: Float64Array } {
  const known = remembered.get(statistics) ?? new Map<BasisName, { basis: Basis; variances: Float64Array }>();
  remembered.set(statistics, known);
  const found = known.get(name);
  if (found) return found;
  const basis = createBasis(name, statistics.shape, statistics);
  const variances = componentVariances(statistics, basis);
  const mean = variances.reduce((sum, value) => sum + value, 0) / variances.length;
  if (!(mean > 0) || !Number.isFinite(mean))
    throw new RgsweepError('bad-configuration', `the data's mean variance is ${mean}; it must be above 0`);
  const made = {
    basis,
    variances: variances.map((value) => Math.max(value, smallestRelativeVariance * mean)),
  };
  known.set(name, made);
  return made;
}

const remembered = new WeakMap<DataStatistics, Map<BasisName, { basis: Basis; variances: Float64Array }>>();
