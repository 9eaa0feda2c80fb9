import { metricTable, type MetricKey } from '../../src/metrics/table.js';

/** Matchers that every selector has: what the dashboard's own variables choose. */
const chosen = 'job=~"$job",instance=~"$instance"';

/** A vector selector of any metric, limited to the chosen jobs and instances; `matchers` as PromQL writes them. */
export function selectorOf(name: string, ...matchers: string[]): string {
  return `${name}{${[chosen, ...matchers].join(',')}}`;
}

/** A vector selector of one of our metrics, by its key in the table, so that a renamed metric is renamed here too. */
export function selector(key: MetricKey, ...matchers: string[]): string {
  return selectorOf(metricTable[key].name, ...matchers);
}

/** The buckets of one of our histograms. */
export function buckets(key: MetricKey, ...matchers: string[]): string {
  return selectorOf(`${metricTable[key].name}_bucket`, ...matchers);
}

/** How often one of our histograms has observed something: a counter. */
export function countOf(key: MetricKey, ...matchers: string[]): string {
  return selectorOf(`${metricTable[key].name}_count`, ...matchers);
}

/** Only the chosen sweep. */
export const ofSweep = 'sweep="$sweep"';
/** Only the chosen rung. */
export const atRung = 'rung="$rung"';

/** Increase per second of a counter, at the finest interval that the chosen time range and the scrapes allow. */
export function rate(counter: string): string {
  return `rate(${counter}[$__rate_interval])`;
}

/** Increase of a counter over one step of the graph. */
export function increase(counter: string): string {
  return `increase(${counter}[$__rate_interval])`;
}

/**
 * A quantile of what a histogram of ours observed of late.
 * @param by labels that tell the curves apart
 */
export function quantile(
  q: number,
  key: MetricKey,
  by: readonly string[] = [],
  ...matchers: string[]
): string {
  return quantileOf(q, metricTable[key].name, by, ...matchers);
}

/** The same of any histogram, by its name without `_bucket`. */
export function quantileOf(q: number, name: string, by: readonly string[], ...matchers: string[]): string {
  const buckets = selectorOf(`${name}_bucket`, ...matchers);
  return `histogram_quantile(${q}, sum by (${['le', ...by].join(', ')}) (${rate(buckets)}))`;
}

/**
 * Sweep gauges come from every control worker that reads the same store, and agree: any of them will do.
 * @param by labels to keep
 */
export function anyOf(key: MetricKey, by: readonly string[], ...matchers: string[]): string {
  return `max by (${by.join(', ')}) (${selector(key, ofSweep, ...matchers)})`;
}
