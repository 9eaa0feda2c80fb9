import type { SweepSpec } from '../sweep/types.js';
import type { ReportInput } from './artifacts.js';
import type { PerConfiguration } from './ranking.js';

/**
 * Whether differences are measured pair by pair on test data: of `nll`, and of `kl`, which differs from it by what all models have in
 * common; of images, of `vlb`.
 */
export function isMeasuredInPairs({ task, objective }: SweepSpec): boolean {
  const metrics = task.name === 'phi4' || task.name === 'module' ? ['kl', 'nll'] : ['vlb'];
  return metrics.includes(objective.metric);
}

/** Per-configuration test likelihoods out of the artifacts, for paired differences. */
export function perConfigurationOf({ snapshot, artifacts }: ReportInput): PerConfiguration {
  if (!isMeasuredInPairs(snapshot.spec)) return new Map();
  return new Map(
    [...(artifacts?.trials ?? [])].flatMap(([trial, { testNll }]) => (testNll ? [[trial, testNll]] : [])),
  );
}
