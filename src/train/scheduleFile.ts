import { basisWithVariances, createProcess } from '../schedule/process.js';
import type { DataStatistics } from '../basis/types.js';
import { orderingVariable } from '../schedule/ordering.js';
import { readScheduleParameters } from '../schedule/parameters.js';
import type { Parameters } from '../space/types.js';
import { encodeSafetensors, type TensorData } from '../tensors/safetensors.js';

/** Times of the file's grid, both ends included; γ is exact at them. */
export const scheduleTimes = 129;
/** Largest dimension whose matrix U is in the file. */
const largestMatrix = 1024;

/**
 * A trial's noise schedule as numbers (safetensors), for trainers that do not compute it themselves. Of D components and T
 * times, all float64 but for the labels:
 *
 * - `times` [T] from 0 to 1, `gamma` and `gamma_derivative` [T, D]: γ_i(t) = −log SNR and dγ_i/dt;
 * - `scale` [D]: s_i; `data_variance` [D]: Var(c_i)/s_i²; `mean` [D]: μ in data coordinates;
 * - `basis` [D, D], for D ≤ 1024: U, rows are sites, columns components: c = Uᵀ(φ − μ);
 * - `places` [D]: ℓ_i, the order in which the cutoff reaches components (larger: noised earlier);
 * - labels, [D]: `momentum` |k̂| (float64), `level`, `row`, `column`, `channel`, `shell` (int32).
 *
 * Metadata: `format` 1, `basis`, `shape` ("height,width,channels"), `family`, and `parameters`: the schedule's own as JSON,
 * defaults filled in.
 *
 * @throws RgsweepError('bad-configuration') as `createProcess`
 */
export function encodeSchedule(parameters: Parameters, statistics: DataStatistics): Uint8Array {
  const process = createProcess(parameters, statistics);
  const read = readScheduleParameters(parameters);
  const { basis, dimension, scale, dataVariance, mean, family } = process;
  const { variances } = basisWithVariances(read.basis, statistics);
  const ordered = !process.uniform && read.kernel !== 'dissipation' && read.kernel !== 'blurring';
  const places = ordered ? orderingVariable(basis, variances, read) : new Float64Array(dimension);
  const times = Float64Array.from({ length: scheduleTimes }, (_, j) => j / (scheduleTimes - 1));
  const gamma = new Float64Array(scheduleTimes * dimension);
  const derivative = new Float64Array(scheduleTimes * dimension);
  times.forEach((t, j) => {
    const row = [j * dimension, (j + 1) * dimension] as const;
    process.gamma(t, gamma.subarray(...row));
    process.gammaDerivative(t, derivative.subarray(...row));
  });
  const vector = (data: Float64Array): TensorData => ({ shape: [dimension], data });
  const label = (name: 'level' | 'row' | 'column' | 'channel' | 'shell'): TensorData => ({
    shape: [dimension],
    data: Int32Array.from(basis.components, (component) => component[name]),
  });
  const { height, width, channels } = basis.shape;
  return encodeSafetensors(
    {
      times: { shape: [scheduleTimes], data: times },
      gamma: { shape: [scheduleTimes, dimension], data: gamma },
      gamma_derivative: { shape: [scheduleTimes, dimension], data: derivative },
      scale: vector(scale),
      data_variance: vector(dataVariance),
      mean: vector(mean),
      places: vector(places),
      momentum: vector(Float64Array.from(basis.components, ({ momentum }) => momentum)),
      level: label('level'),
      row: label('row'),
      column: label('column'),
      channel: label('channel'),
      shell: label('shell'),
      ...(dimension <= largestMatrix
        ? { basis: { shape: [dimension, dimension], data: basis.matrix() } }
        : {}),
    },
    {
      format: '1',
      basis: basis.name,
      shape: [height, width, channels].join(),
      family,
      parameters: JSON.stringify(read),
    },
  );
}
