import { latticeMomentumSquared } from '../../src/basis/labels.js';
import { statisticsOfSpectrum } from '../../src/basis/statistics.js';
import type { DataStatistics, FieldShape } from '../../src/basis/types.js';

/** Gaussian data with ⟨|c_k|²⟩ = 1/(2(k̂² + m²)). */
export function freeField(
  mass2 = 0.25,
  shape: FieldShape = { height: 6, width: 6, channels: 1 },
): DataStatistics {
  return statisticsOfSpectrum(
    shape,
    (row, column) => 0.5 / (latticeMomentumSquared(row, column, shape) + mass2),
  );
}
