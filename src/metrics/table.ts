import type { MetricDefinition } from './labels.js';
import { sweepTable } from './sweepTable.js';
import { workerTable } from './workerTable.js';

/**
 * Every metric that rgsweep exposes, in one place: the registry, docs/metrics.md, the dashboards and the alert rules are
 * made or checked from this table.
 */
export const metricTable = { ...sweepTable, ...workerTable } as const;

export type MetricKey = keyof typeof metricTable;
export type SweepMetricKey = keyof typeof sweepTable;
export const sweepMetricKeys = Object.keys(sweepTable) as SweepMetricKey[];
export type LabelName<K extends MetricKey> = keyof (typeof metricTable)[K]['labels'] & string;

/** Every combination of a definition's label values, or undefined when a label's set is open. */
export function closedLabelSets(definition: MetricDefinition): Record<string, string>[] | undefined {
  let sets: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(definition.labels)) {
    if ('open' in values) return undefined;
    sets = sets.flatMap((set) => values.map((value) => ({ ...set, [label]: value })));
  }
  return sets;
}

/** The definition of the metric that a series belongs to; a histogram has no series of its bare name. */
export function definitionOfSeries(series: string): MetricDefinition | undefined {
  const definitions: MetricDefinition[] = Object.values(metricTable);
  return definitions.find(({ name, type }) =>
    type === 'histogram'
      ? [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(series)
      : name === series,
  );
}
