import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { dashboards, dashboardText } from '../../infra/dashboards/index.js';
import { definitionOfSeries } from '../../src/metrics/table.js';
import { boards, panelsOf, queries, type Board, type Panel } from './dashboards.js';
import { interpolate, selectorsOf } from './promql.js';

// The rules of github.com/grafana/dashboard-linter (docs/rules, named in brackets), and those of our own that follow.

const folder = new URL('../../infra/grafana/', import.meta.url);
const all = boards();
const panels = all.flatMap(([file, board]) =>
  panelsOf(board).map((panel): [string, Panel] => [`${file} · ${panel.title}`, panel]),
);
const targets = queries().map(({ name, target }): [string, string] => [name, target.expr]);

/** Values for Grafana's variables, so that an expression is PromQL. */
const values = { job: '.+', instance: '.+', sweep: 'calm', rung: '0', __rate_interval: '1m' };
const parsed = (expr: string) => selectorsOf(interpolate(expr, values));

/**
 * Series of others that dashboards ask for: Prometheus' own, Node's, Temporal's SDK and server, and dcgm-exporter's. That
 * they are there is shown by the test that runs every query.
 */
const foreign = /^(up|process_|nodejs_|temporal_|approximate_backlog_count$|DCGM_FI_)/;

it('the files are what the sources say (else run `node scripts/build-dashboards.mjs`)', () => {
  const built = dashboards();
  for (const [name, dashboard] of Object.entries(built)) {
    const file = new URL(`${name}.json`, folder);
    expect(existsSync(file), `${name}.json`).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(dashboardText(dashboard));
  }
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  expect(files.sort()).toEqual(
    Object.keys(built)
      .map((name) => `${name}.json`)
      .sort(),
  );
});

describe.each(all)('dashboard %s', (_, board: Board) => {
  const variable = (name: string) => board.templating.list.find((one) => one.name === name);

  it('has a data source, jobs and instances to choose [template-datasource, -job, -instance]', () => {
    expect(variable('datasource')).toMatchObject({ type: 'datasource', query: 'prometheus' });
    for (const name of ['job', 'instance'])
      expect(variable(name)).toMatchObject({
        type: 'query',
        datasource: { uid: '${datasource}' },
        multi: true,
        includeAll: true,
        allValue: '.+',
      });
  });

  it('asks for label values with valid selectors [template-label-promql, template-on-time-change-reload]', () => {
    for (const { type, query, refresh } of board.templating.list) {
      if (type !== 'query') continue;
      const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query!) ?? [];
      expect(label, query).toMatch(/^\w+$/);
      const [found] = parsed(selector!);
      if (found!.name !== 'up') expect(definitionOfSeries(found!.name), query).toBeDefined();
      expect(refresh).toBe(2);
    }
  });

  it('cannot be edited in place [template-uneditable], and its panels do not overlap', () => {
    expect(board.editable).toBe(false);
    const cells = new Set<string>();
    for (const { gridPos } of board.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.has(`${x} ${y}`)).toBe(false);
          cells.add(`${x} ${y}`);
        }
    }
    expect(new Set(panelsOf(board).map(({ title }) => title)).size).toBe(panelsOf(board).length);
  });

  it('links to the live page of the sweep, and to its neighbours', () => {
    expect(variable('page')).toMatchObject({ type: 'textbox', query: 'http://127.0.0.1:8244' });
    expect(board.links.map(({ url, tags }) => url ?? tags[0])).toEqual([
      '${page}/sweeps/${sweep:percentencode}',
      'rgsweep',
    ]);
  });
});

describe.each(panels)('%s', (_, panel) => {
  it('says what it is [panel-title-description, panel-datasource, panel-units]', () => {
    expect(panel.title!.length).toBeGreaterThan(3);
    expect(panel.description!.length).toBeGreaterThan(20);
    expect(panel.description).toMatch(/\.$/);
    expect(panel.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
    expect(Object.values(units)).toContain(panel.fieldConfig!.defaults.unit);
    expect(panel.links!.map(({ url }) => url)).toEqual(['${page}/sweeps/${sweep:percentencode}']);
    // A limit that the description speaks of as an alert is drawn.
    if (/RgsweepTimeWasted|RgsweepStoreErrors/.test(panel.description!))
      expect(panel.fieldConfig!.defaults.thresholds!.steps.length).toBeGreaterThan(1);
  });

  it('has queries, each with a name and the templated data source', () => {
    expect(panel.targets!.length).toBeGreaterThan(0);
    const references = panel.targets!.map(({ refId }) => refId);
    expect(new Set(references).size).toBe(references.length);
    for (const { legendFormat, datasource } of panel.targets!) {
      expect(legendFormat).toMatch(/./);
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
    }
  });
});

describe.each(targets)('%s', (_, expr) => {
  it('is PromQL that limits every selector to the chosen jobs and instances [target-promql, -job, -instance]', () => {
    const selectors = parsed(expr);
    expect(selectors.length).toBeGreaterThan(0);
    for (const { name, matchers } of selectors)
      for (const label of ['job', 'instance'])
        expect(matchers, name).toContainEqual({ label, operator: '=~', value: '.+' });
    for (const label of ['job', 'instance'])
      expect(expr.split(`${label}=~"$${label}"`)).toHaveLength(selectors.length + 1);
    // Every variable is one that Prometheus gets a value for.
    expect(interpolate(expr, values)).not.toContain('$');
  });

  it('takes rates over $__rate_interval, of counters and of nothing else [target-rate-interval, target-counter-agg]', () => {
    for (const [, range] of expr.matchAll(/\[([^\]]*)\]/g)) expect(range).toBe('$__rate_interval');
    for (const { name, rangeFunction } of parsed(expr)) {
      const type = definitionOfSeries(name)?.type;
      const counts = /_(total|bucket|sum|count)$/.test(name) && name !== 'approximate_backlog_count';
      if (type) expect(counts, name).toBe(type !== 'gauge');
      expect(rangeFunction ?? 'none', name).toMatch(counts ? /^(rate|increase)$/ : /^none$/);
    }
  });

  it('asks for metrics that exist, by labels and values that they have', () => {
    for (const { name, matchers } of parsed(expr)) {
      if (foreign.test(name)) continue;
      const definition = definitionOfSeries(name);
      expect(definition, name).toBeDefined();
      for (const { label, value } of matchers) {
        if (label === 'job' || label === 'instance') continue;
        const known = definition!.labels[label];
        expect(known, `${name} has no label ${label}`).toBeDefined();
        if (!('open' in known!)) expect(known, `${name} ${label}`).toContain(value);
      }
      for (const [, labels = ''] of expr.matchAll(/ by \(([^)]*)\)/g))
        for (const label of labels.split(', '))
          if (label !== 'le') expect(Object.keys(definition!.labels), `${name} by ${label}`).toContain(label);
    }
  });

  it('names only labels in its legend that its result has', () => {
    const { target } = queries().find(({ target: one }) => one.expr === expr)!;
    const kept = [...expr.matchAll(/ by \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(', '));
    const aggregated = /\b(sum|avg|max|min)\b/.test(expr);
    for (const [, label] of target.legendFormat!.matchAll(/\{\{(\w+)\}\}/g))
      if (aggregated) expect(kept, label).toContain(label);
  });
});

it('a renamed metric fails these rules', () => {
  expect(definitionOfSeries('rgsweep_trials_renamed')).toBeUndefined();
  expect(foreign.test('rgsweep_trials_renamed')).toBe(false);
  expect(() => parsed('sum by (x) (rate(rgsweep_trials{job=~"$job"}[5m])')).toThrow('no PromQL');
});

describe('provisioning', () => {
  const read = (name: string) =>
    parse(readFileSync(new URL(`provisioning/${name}`, folder), 'utf8')) as Record<string, unknown>;

  it('has a Prometheus and a folder of dashboards, with addresses from the environment', () => {
    expect(read('datasources/prometheus.yaml')).toMatchObject({
      apiVersion: 1,
      datasources: [{ type: 'prometheus', url: '$RGSWEEP_PROMETHEUS_URL', isDefault: true }],
    });
    expect(read('dashboards/rgsweep.yaml')).toMatchObject({
      apiVersion: 1,
      providers: [{ type: 'file', options: { path: '$RGSWEEP_DASHBOARDS' } }],
    });
  });
});
