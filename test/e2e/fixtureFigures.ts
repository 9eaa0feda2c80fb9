import { createHash } from 'node:crypto';
import type { TrialRecord } from '../../src/sweep/types.js';

/** The figure `kl` that the fixture trainer gives: of its weights after so many uninterrupted steps, by its own rule. */
export function uninterrupted(record: TrialRecord, steps: number): number {
  let weights = 'none';
  for (let step = 1; step <= steps; step++)
    weights = createHash('sha256')
      .update(`${weights}${step}${record.seed}${JSON.stringify(record.parameters)}`)
      .digest('hex');
  return Number.parseInt(weights.slice(0, 12), 16) / 2 ** 48 / Math.sqrt(steps);
}
