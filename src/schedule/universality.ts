import { componentVariances } from '../basis/statistics.js';
import type { DataStatistics } from '../basis/types.js';
import { componentKurtosis, flowOf, type FlowPoint } from './flow.js';
import type { DiffusionProcess } from './types.js';

/** Data that is followed through a process: its statistics and, for the kurtosis, samples [N, D] of it. */
export interface FollowedData {
  name: string;
  statistics: DataStatistics;
  samples: Float32Array;
}

/** One data set on its way: every component at every time. */
export interface FollowedFlow {
  name: string;
  points: FlowPoint[];
}

/** Spectrum and kurtosis of a data set along t; the process may be another data set's. */
export function followData(
  process: DiffusionProcess,
  { name, statistics, samples }: FollowedData,
  times: readonly number[],
): FollowedFlow {
  const { dimension, basis } = process;
  const count = samples.length / dimension;
  const centred = Float64Array.from(samples, (value, n) => value - statistics.mean[n % dimension]!);
  const kurtoses = componentKurtosis(process, basis.encode(centred, count), count);
  return { name, points: flowOf(process, componentVariances(statistics, basis), times, kurtoses) };
}

/** max_i |log(v_i/v′_i)| of two flows at each time: 0 where the two data sets have become one. */
export function spectraApart(
  a: FollowedFlow,
  b: FollowedFlow,
  times: readonly number[],
): { t: number; logRatio: number }[] {
  return times.map((t) => ({
    t,
    logRatio: a.points.reduce(
      (most, point, n) =>
        point.t === t ? Math.max(most, Math.abs(Math.log(point.variance / b.points[n]!.variance))) : most,
      0,
    ),
  }));
}

/** max_i,t |log(v_i(t)/v_i(0))|: how far a spectrum moves on its way; 0 with matched noise. */
export function spectrumChange({ points }: FollowedFlow): number {
  const start = new Map<number, number>();
  let most = 0;
  for (const { component, variance } of points) {
    const first = start.get(component) ?? variance;
    start.set(component, first);
    most = Math.max(most, Math.abs(Math.log(variance / first)));
  }
  return most;
}
