import { splineIncrements } from './parameters.js';
import type { ScheduleParameters } from './parameters.js';

/** p(t), from 0 at t = 0 to 1 at t = 1, never decreasing, and its derivative. Times outside [0, 1] count as the ends. */
export interface UnitTrajectory {
  value(t: number): number;
  derivative(t: number): number;
}

/**
 * p(t) of the cutoff's trajectory Λ(t) = Λ₀ + (Λ₁ − Λ₀) p(t):
 * linear t; exponential (1 − e^(−ct))/(1 − e^(−c)), RG time where ℓ = log k; cosine (1 − cos πt)/2; power t^q; spline:
 * monotone cubic through p(j/4) = cumulative softmax of the knots (Fritsch and Butland's slopes, SIAM J. Sci. Stat.
 * Comput. 5, 1984).
 *
 * A power below 1 has an infinite derivative at t = 0: there it is that of t = 1e-12.
 */
export function createTrajectory(parameters: ScheduleParameters): UnitTrajectory {
  const unit = (t: number): number => Math.min(1, Math.max(0, t));
  switch (parameters.trajectory) {
    case 'exponential': {
      const rate = parameters.trajectoryRate;
      if (Math.abs(rate) < 1e-9) break;
      const norm = -Math.expm1(-rate);
      return {
        value: (t) => -Math.expm1(-rate * unit(t)) / norm,
        derivative: (t) => (rate * Math.exp(-rate * unit(t))) / norm,
      };
    }
    case 'cosine':
      return {
        value: (t) => Math.sin((Math.PI / 2) * unit(t)) ** 2,
        derivative: (t) => (Math.PI / 2) * Math.sin(Math.PI * unit(t)),
      };
    case 'power': {
      const power = parameters.trajectoryPower;
      return {
        value: (t) => Math.pow(unit(t), power),
        derivative: (t) => power * Math.pow(Math.max(1e-12, unit(t)), power - 1),
      };
    }
    case 'spline':
      return createSpline([
        parameters.trajectoryKnot1,
        parameters.trajectoryKnot2,
        parameters.trajectoryKnot3,
        parameters.trajectoryKnot4,
      ]);
    default:
  }
  return { value: unit, derivative: () => 1 };
}

/** Monotone cubic Hermite spline on equal intervals whose increments are the softmax of `logits`. */
function createSpline(logits: readonly number[]): UnitTrajectory {
  const top = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const n = splineIncrements;
  /** Secant slopes, and from them the slope at each knot: the harmonic mean inside, a one-sided parabola at the ends. */
  const secants = weights.map((weight) => (n * weight) / total);
  const end = (near: number, next: number): number =>
    Math.min(3 * near, Math.max(0, 1.5 * near - 0.5 * next));
  const slopes = [
    end(secants[0]!, secants[1]!),
    ...Array.from({ length: n - 1 }, (_, j) => {
      const [left, right] = [secants[j]!, secants[j + 1]!];
      return (2 * left * right) / (left + right);
    }),
    end(secants[n - 1]!, secants[n - 2]!),
  ];
  const heights = [0];
  for (let j = 0; j < n; j++) heights.push(j === n - 1 ? 1 : heights[j]! + weights[j]! / total);
  const at = (t: number): { j: number; u: number } => {
    const x = Math.min(1, Math.max(0, t)) * n;
    const j = Math.min(n - 1, Math.floor(x));
    return { j, u: x - j };
  };
  return {
    value: (t) => {
      const { j, u } = at(t);
      const m0 = slopes[j]! / n;
      const m1 = slopes[j + 1]! / n;
      const rise = heights[j + 1]! - heights[j]!;
      return heights[j]! + u * (m0 + u * (3 * rise - 2 * m0 - m1 + u * (m0 + m1 - 2 * rise)));
    },
    derivative: (t) => {
      const { j, u } = at(t);
      const m0 = slopes[j]! / n;
      const m1 = slopes[j + 1]! / n;
      const rise = heights[j + 1]! - heights[j]!;
      return n * (m0 + u * (2 * (3 * rise - 2 * m0 - m1) + 3 * u * (m0 + m1 - 2 * rise)));
    },
  };
}
