import type { Parameters } from '../space/types.js';
import { readScheduleParameters } from './parameters.js';
import type { ScheduleParameters } from './parameters.js';
import type { ScheduleFamily } from './types.js';

/**
 * A short human name of a schedule: basis · colour · cutoff · order · trajectory, leaving out what plays no part, e.g.
 * `fourier · matched · sigmoid 0.8 by −log Var · exponential 2`.
 * @throws RgsweepError('bad-configuration') on a bad parameter
 */
export function scheduleLabel(parameters: Parameters): string {
  const read = readScheduleParameters(parameters);
  return [read.basis, colourLabel(read), ...cutoffLabel(read)].join(' · ');
}

/**
 * The family of a parameter set, a closed set for metrics and tables: by what was asked for, not by what it comes to
 * (inEffect.ts) nor by the canonical form (matched noise with ℓ = −log Var and width 1 is `component-wise` though it walks the standard path).
 */
export function familyOf(read: ScheduleParameters): ScheduleFamily {
  switch (read.kernel) {
    case 'uniform': {
      const matched = read.basis === 'whitened-pca' ? ['matched', 'white'] : ['matched'];
      if (matched.includes(read.colour)) return 'matched-noise';
      return read.colour === 'white' ? 'standard' : 'coloured';
    }
    case 'hard-step':
      return 'autoregressive';
    case 'heat':
    case 'dissipation':
    case 'blurring':
      return 'heat';
    default:
      return 'component-wise';
  }
}

function colourLabel(read: ScheduleParameters): string {
  switch (read.colour) {
    case 'free-field':
      return `free field m²=${short(read.colourMass2)}`;
    case 'power-law':
      return `power law ${short(read.colourExponent)} m²=${short(read.colourMass2)}`;
    case 'interpolated':
      return `${read.colourFrom}→${read.colourTo} ${short(read.colourRatio)}`;
    default:
      return read.colour;
  }
}

function cutoffLabel(read: ScheduleParameters): string[] {
  const trajectory = trajectoryLabel(read);
  if (read.kernel === 'uniform') return trajectory === 'linear' ? ['uniform'] : ['uniform', trajectory];
  if (read.kernel === 'dissipation' || read.kernel === 'blurring')
    return [`${read.kernel} ${short(read.blurWidth)}`, trajectory];
  const order = `${read.reversed ? 'reversed ' : ''}${read.ordering === 'log-variance' ? '−log Var' : read.ordering}`;
  const kernel = read.kernel === 'heat' ? 'heat' : `${read.kernel} ${short(read.cutoffWidth)}`;
  return [`${kernel} by ${order}${read.varianceAdjusted ? ' (variance-adjusted)' : ''}`, trajectory];
}

function trajectoryLabel(read: ScheduleParameters): string {
  switch (read.trajectory) {
    case 'exponential':
      return `exponential ${short(read.trajectoryRate)}`;
    case 'power':
      return `power ${short(read.trajectoryPower)}`;
    case 'spline':
      return `spline ${[read.trajectoryKnot1, read.trajectoryKnot2, read.trajectoryKnot3, read.trajectoryKnot4].map(short).join(' ')}`;
    case 'vp-linear-beta':
      return `linear β ${short(read.betaMin)}–${short(read.betaMax)}`;
    default:
      return read.trajectory;
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
