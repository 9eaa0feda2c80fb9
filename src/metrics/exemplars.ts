/** The trial that an observation is of. Too many to be a label; an exemplar of a histogram's bucket may name it. */
export interface TrialReference {
  sweep: string;
  trial: number;
}

interface Exemplar {
  of: TrialReference;
  value: number;
  /** Seconds since 1970. */
  at: number;
}

/** The last exemplar of each bucket: as many as there are series, however many trials. */
export interface Exemplars {
  observed(input: {
    metric: string;
    labels: Readonly<Record<string, string>>;
    buckets: readonly number[];
    value: number;
    of: TrialReference;
  }): void;
  /** ` # {…} value time` for a line of the page that is a bucket with an exemplar, else nothing. */
  after(line: string): string;
}

/** Order of labels does not tell series apart. */
function seriesKey(name: string, labels: readonly string[]): string {
  return `${name}{${[...labels].sort().join(',')}}`;
}

/** @param now milliseconds since 1970 */
export function createExemplars(now: () => number): Exemplars {
  const kept = new Map<string, Exemplar>();
  return {
    observed({ metric, labels, buckets, value, of }) {
      const bound = buckets.find((upper) => value <= upper);
      const all = Object.entries({ ...labels, le: bound === undefined ? '+Inf' : String(bound) });
      const key = seriesKey(
        `${metric}_bucket`,
        all.map(([label, text]) => `${label}="${text}"`),
      );
      kept.set(key, { of, value, at: now() / 1000 });
    },
    after(line) {
      // Labels of histograms come from closed sets: no comma, quote or brace in a value.
      const bucket = /^([a-z_]+_bucket)\{([^}]*)\} /.exec(line);
      const found = bucket && kept.get(seriesKey(bucket[1]!, bucket[2]!.split(',')));
      if (!found) return '';
      const { of, value, at } = found;
      return ` # {sweep="${of.sweep}",trial="${of.trial}"} ${value} ${at}`;
    },
  };
}

/**
 * Prometheus' text format (version 0.0.4) as OpenMetrics 1.0: a counter's family loses `_total`, which its samples keep,
 * exemplars follow their buckets, and `# EOF` ends the page.
 */
export function openMetricsPage(page: string, exemplars: Pick<Exemplars, 'after'>): string {
  const lines: string[] = [];
  for (const line of page.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+?)_total (.*)$/.exec(line);
    lines.push(comment ? `# ${comment[1]} ${comment[2]} ${comment[3]}` : line + exemplars.after(line));
  }
  return `${lines.join('\n')}\n# EOF\n`;
}
