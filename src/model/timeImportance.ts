import { emptyNoiseLevels, type NoiseLevelsAt } from './noiseLevels.js';

/** Maps a uniform number to a time of the importance density and 1/p there. */
export type TimeImportance = (uniform: number) => [time: number, factor: number];

/**
 * The density p(t) = ½ + ½ Θ′(t)/(Θ(1) − Θ(0)): half of the times uniform, half placed where the mean noise angle Θ
 * moves, that is where information is lost. Piecewise constant on 1,024 intervals, so that the factors are exact.
 */
export function createTimeImportance(levelsAt: NoiseLevelsAt, dimension: number): TimeImportance {
  const cells = 1024;
  const levels = emptyNoiseLevels(dimension);
  const angles = Float64Array.from({ length: cells + 1 }, (_, n) => {
    levelsAt(n / cells, levels);
    return levels.meanAngle;
  });
  const range = angles[cells]! - angles[0]!;
  const cumulative = angles.map((angle, n) => (0.5 * n) / cells + (0.5 * (angle - angles[0]!)) / range);
  return (uniform) => {
    let low = 0;
    let high = cells;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! <= uniform) low = middle;
      else high = middle;
    }
    const mass = cumulative[high]! - cumulative[low]!;
    const within = Math.min(1, Math.max(0, (uniform - cumulative[low]!) / mass));
    return [(low + within) / cells, 1 / (mass * cells)];
  };
}
