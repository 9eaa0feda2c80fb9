import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { definitionOfSeries as definitionOf } from '../../src/metrics/table.js';

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

const read = (name: string): string =>
  readFileSync(new URL(`../../infra/prometheus/${name}`, import.meta.url), 'utf8');
const rulesOf = (name: string): Rule[] =>
  (parse(read(name)) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);

const recorded = new Set(rulesOf('rules.yml').map(({ record }) => record));
const expressions = [...rulesOf('rules.yml'), ...rulesOf('alerts.yml')].map(({ record, alert, expr }) => ({
  name: record ?? alert ?? '',
  expr,
}));

describe('Prometheus rules', () => {
  it.each(expressions)('$name asks only for metrics that exist, with labels they have', ({ expr }) => {
    const selectors = [...expr.matchAll(/([a-z]+:)?rgsweep_[a-z0-9_]+(:[a-z0-9]+)?(\{[^}]*\})?/g)];
    for (const [selector] of selectors) {
      const [series = '', matchers = ''] = selector.split(/(?=\{)/);
      if (series.includes(':')) {
        expect([...recorded]).toContain(series);
        continue;
      }
      const definition = definitionOf(series);
      expect(definition, series).toBeDefined();
      for (const [, label = '', , text = ''] of matchers.matchAll(/([a-z]+)(=~|!~|!=|=)"([^"]*)"/g)) {
        const values = definition!.labels[label];
        expect(values, `${series} has no label ${label}`).toBeDefined();
        if (values && !('open' in values))
          for (const value of text.split('|')) expect(values).toContain(value);
      }
    }
  });

  it.each(expressions)('$name takes rates of counters, and of nothing else', ({ expr }) => {
    for (const [, series = ''] of expr.matchAll(/(?:rate|increase)\(\s*([a-z0-9_:]+)/g))
      expect(definitionOf(series)?.type, series).toMatch(/counter|histogram/);
  });

  it('have a severity, a summary and a way out for every alert, and a test', () => {
    const tested = read('alerts.test.yml');
    for (const { alert, labels, annotations } of rulesOf('alerts.yml')) {
      expect(alert).toMatch(/^Rgsweep[A-Z]/);
      expect(['info', 'warning', 'critical']).toContain(labels?.severity);
      expect(annotations?.summary?.length).toBeGreaterThan(10);
      expect(annotations?.description?.length).toBeGreaterThan(20);
      expect(tested).toContain(`alertname: ${alert}`);
    }
  });

  it('are tested with series that exist', () => {
    const series = [...read('alerts.test.yml').matchAll(/series: '(rgsweep_[a-z_]+)/g)].map(
      ([, name]) => name!,
    );
    expect(series.length).toBeGreaterThan(10);
    for (const name of series) expect(definitionOf(name), name).toBeDefined();
  });
});
