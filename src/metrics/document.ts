import type { MetricDefinition } from './labels.js';
import { metricTable } from './table.js';

function labelText(definition: MetricDefinition): string {
  const labels = Object.entries(definition.labels).map(([label, values]) =>
    'open' in values ? `\`${label}\` (${values.open})` : `\`${label}\``,
  );
  return labels.join(', ') || '–';
}

/** docs/metrics.md: every metric with its type, unit, labels and meaning, and the closed sets of label values. */
export function metricsDocument(): string {
  const definitions: MetricDefinition[] = Object.values(metricTable);
  const sets = new Map<string, readonly string[]>();
  for (const { labels } of definitions)
    for (const [label, values] of Object.entries(labels))
      if (!('open' in values)) {
        const name = `\`${label}\``;
        const known = sets.get(name);
        sets.set(name, known ? [...new Set([...known, ...values])] : values);
      }
  return [
    '# Metrics',
    '',
    'Every worker serves these on `/metrics`, on the loopback interface only, beside the process metrics of Node',
    '(`process_…`, `nodejs_…`). Temporal’s own metrics are a second target, whose address the worker prints when it starts.',
    '',
    'Counters and histograms start at zero for every value of a closed label set and count what happened in one process',
    'since it started. Sweep gauges are read from the store, so they are right again after any restart; they stay for a day',
    'after the sweep’s end. No label names a trial: a scraper that asks for OpenMetrics is told the sweep and the trial behind',
    'the last observation of a bucket as an exemplar.',
    '',
    'This page is generated from `src/metrics/table.ts` by `node scripts/document-metrics.mjs`; a test keeps it current.',
    '',
    '| Metric | Type | Unit | Labels | Meaning |',
    '| --- | --- | --- | --- | --- |',
    ...definitions.map(
      (definition) =>
        `| \`${definition.name}\` | ${definition.type} | ${definition.unit} | ${labelText(definition)} | ${definition.help} |`,
    ),
    '',
    '## Label values',
    '',
    '| Label | Values |',
    '| --- | --- |',
    ...[...sets].map(([name, values]) => `| ${name} | ${values.map((value) => `\`${value}\``).join(', ')} |`),
    '',
  ].join('\n');
}
