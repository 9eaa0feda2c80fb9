import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ReportInput } from '../../src/report/artifacts.js';
import { renderReport } from '../../src/report/html.js';
import { renderMarkdown } from '../../src/report/markdown.js';
import { bestSearched } from '../../src/report/ranking.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { fixtureArtifacts, fixtureSnapshot, fixtureStatistics } from './fixture.js';
import { all, byId, descendants, parseMarkup, type Element } from './markup.js';

const versions = { rgsweep: '0.1.0', node: '20.19.0' };
const now = new Date('2026-03-01T10:00:00.000Z');

/** What has to hold of every report, whatever is in it. */
function check(html: string): Element {
  const root = parseMarkup(html);
  const elements = [...descendants(root)];
  const ids = elements.flatMap((element) => element.attributes['id'] ?? []);
  expect(new Set(ids).size).toBe(ids.length);

  // Nothing from outside: no address but the name of the SVG format, pictures inline, links within the page.
  const addresses = html
    .replaceAll('http://www.w3.org/2000/svg', '')
    .replaceAll('http://www.w3.org/1999/xlink', '');
  const attributes = elements.flatMap((element) => Object.entries(element.attributes));
  for (const [name, value] of attributes) {
    if (['href', 'src', 'xlink:href', 'action', 'srcset'].includes(name))
      expect(value).toMatch(/^(#[\w-]+|data:image\/png;base64,[\w+/=]+)$/);
    if (name !== 'href') expect(name).not.toMatch(/^on/);
    if (name === 'style') expect(value).not.toMatch(/url\(/);
    for (const [, id] of value.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
    if (name === 'href') expect(ids).toContain(value.slice(1));
  }
  expect(addresses).not.toMatch(/@import|<link|<iframe|<object|<base\b/);

  // The policy lets exactly the one script run that is there.
  const scripts = all(root, 'script');
  expect(scripts).toHaveLength(1);
  const hash = createHash('sha256').update(scripts[0]!.text).digest('base64');
  const policy = all(root, 'meta').find(
    (meta) => meta.attributes['http-equiv'] === 'Content-Security-Policy',
  )!;
  expect(policy.attributes['content']).toContain(`script-src 'sha256-${hash}'`);
  expect(policy.attributes['content']).toContain("default-src 'none'");
  expect(() => new Script(scripts[0]!.text)).not.toThrow();

  // Charts say what they show and show something; no number got lost on the way into a path.
  for (const svg of all(root, 'svg')) {
    expect(svg.attributes['role']).toBe('img');
    expect(svg.attributes['aria-label']!.length).toBeGreaterThan(20);
    const marks = [...descendants(svg)].filter((element) => ['path', 'line', 'text'].includes(element.name));
    expect(marks.length).toBeGreaterThan(5);
    for (const mark of marks)
      for (const name of ['d', 'transform', 'x2', 'y2'])
        expect(mark.attributes[name] ?? '').not.toMatch(/NaN|undefined|Infinity/);
  }
  for (const image of all(root, 'img')) expect(image.attributes['alt']!.length).toBeGreaterThan(10);
  expect(root.text).not.toMatch(/\bNaN\b(?! at step)|undefined|\[object/);
  return root;
}

const section = (root: Element, id: string): Element => {
  const found = byId(root, id);
  if (!found) throw new Error(`no section ${id}`);
  return found;
};

describe('the report of a finished sweep', () => {
  let html: string;
  let root: Element;
  let input: ReportInput;
  beforeAll(async () => {
    const snapshot = fixtureSnapshot();
    input = {
      snapshot,
      statistics: fixtureStatistics(),
      artifacts: fixtureArtifacts(bestSearched(snapshot)!.trial),
      versions,
      now,
    };
    html = await renderReport(input);
    root = check(html);
  });

  test('gives the answer first', () => {
    const answer = [...descendants(root)].find((element) => element.attributes['class'] === 'answer')!;
    expect(answer.text).toMatch(
      /^Trial 11 \(fourier · matched · .*\) beats standard diffusion by 0\.0194 ± 0\.0062 nats/,
    );
    expect(html.indexOf('class="answer"')).toBeLessThan(html.indexOf('<section'));
  });

  test('has every section and chart', () => {
    const charts: Record<string, number> = Object.fromEntries(
      all(root, 'section').map((part) => [part.attributes['id']!, all(part, 'svg').length]),
    );
    expect(charts).toEqual({
      baselines: 1,
      unsettled: 0,
      search: 6,
      parameters: 8,
      importance: 0,
      schedule: 3,
      fields: 1,
      trials: 0,
      failures: 0,
      method: 0,
      reproduce: 0,
    });
    expect(all(section(root, 'fields'), 'img')).toHaveLength(3);
  });

  test('has the charts that the live page has', () => {
    for (const id of ['timeline', 'parallel', 'contour', 'pareto', 'cutoff']) {
      const figure = html.slice(html.indexOf(`<figure id="chart-${id}">`));
      expect(figure, id).toMatch(/^<figure id="[a-z-]+"><h3>[^<]+<\/h3><svg /);
      expect(figure.slice(0, figure.indexOf('</figure>')), id).toMatch(/role-mark/);
    }
  });

  test('shows all trials with their parameters, best first, with numbers to sort by', () => {
    const rows = all(section(root, 'trials'), 'tr');
    expect(rows).toHaveLength(16);
    expect(rows[1]!.attributes['class']).toBe('best');
    const values = rows[1]!.children.map((cell) => cell.attributes['data-value']);
    const best = input.snapshot.trials[11]!;
    expect(Number(values[2])).toBe(best.rungs[1]!.metrics['kl']);
    expect(values.map(Number)).toContain(best.parameters['cutoffWidth']);
    expect(rows[0]!.text).toMatch(/trial.*schedule.*KL in nats.*ESS.*steps paid.*cutoff width/);
    for (const row of rows) expect(row.children).toHaveLength(rows[0]!.children.length);
  });

  test('draws one line for each momentum shell of the best, and a single one for standard', () => {
    const [gamma] = all(section(root, 'schedule'), 'svg');
    const lines = [...descendants(gamma!)].filter(
      (element) => element.name === 'path' && /^var\(--(s\d|ink)\)$/.test(element.attributes['stroke'] ?? ''),
    );
    // The 6 × 6 lattice has ten momentum shells.
    expect(lines.filter((line) => line.attributes['stroke'] !== 'var(--ink)')).toHaveLength(10);
    expect(lines.filter((line) => line.attributes['stroke'] === 'var(--ink)')).toHaveLength(1);
    for (const line of lines) expect(line.attributes['d']!.split('L')).toHaveLength(101);
  });

  test('draws the levels of the baselines and their names', () => {
    const [overSteps] = all(section(root, 'search'), 'svg');
    const dashed = [...descendants(overSteps!)].filter((element) => element.attributes['stroke-dasharray']);
    expect(dashed).toHaveLength(3);
    for (const name of ['standard', 'standard-raw', 'matched-noise']) expect(overSteps!.text).toContain(name);
  });

  test('compares observables with HMC and says how far off they are', () => {
    const table = all(section(root, 'fields'), 'table')[0]!;
    expect(table.text).toMatch(/observable.*HMC.*best \(trial 11\).*z.*standard diffusion.*z/s);
    expect(all(table, 'tr')).toHaveLength(8);
  });

  test('says how it was made and how to make it again', () => {
    expect(section(root, 'method').text).toMatch(
      /φ⁴ theory.*TPE.*seed 7.*ASHA.*1,000, 3,000.*wasm.*rgsweep 0\.1\.0/s,
    );
    expect(section(root, 'reproduce').text).toMatch(/rgsweep launch phi4-quick\.yaml.*reduction: 3/s);
    expect(section(root, 'failures').text).toMatch(/diverged.*412.*the loss is NaN at step 412.*given up/s);
  });

  test('is small', () => expect(html.length).toBeLessThan(600_000));

  test('in Markdown says the same', () => {
    const text = renderMarkdown(input);
    expect(text).toMatch(/^# phi4\\-quick\n/);
    expect(text).toContain('beats standard diffusion by 0.0194 ± 0.0062 nats');
    for (const title of [
      'The best of the search against the baselines',
      'What the search did not settle',
      'All trials',
      'Failures',
      'Method',
      'How to reproduce',
      'Observables against HMC',
    ])
      expect(text).toContain(`\n## ${title}\n`);
    const tables = text.split('\n').filter((line) => line.startsWith('|'));
    const all15 = tables.slice(tables.findIndex((line) => line.startsWith('| trial | schedule')));
    expect(
      all15.slice(0, 17).every((line) => line.split(' | ').length === all15[0]!.split(' | ').length),
    ).toBe(true);
  });
});

describe('a report of whatever there is', () => {
  const statistics = fixtureStatistics();
  const render = (snapshot: SweepSnapshot, more: Partial<ReportInput> = {}) =>
    renderReport({ snapshot, statistics, versions, now, ...more });

  test('of a sweep that has just begun', async () => {
    const { spec } = fixtureSnapshot();
    const root = check(
      await render({ spec, state: 'running', startedAt: now.toISOString(), trials: [], curves: new Map() }),
    );
    expect(root.text).toContain('No trial has reached the first rung');
    expect(all(root, 'svg')).toHaveLength(0);
  });

  test('with trials but no result, no statistics and no artifacts', async () => {
    const snapshot = fixtureSnapshot();
    for (const trial of snapshot.trials)
      Object.assign(trial, { rungs: [], test: undefined, state: 'running' });
    snapshot.state = 'running';
    snapshot.curves.clear();
    const root = check(await renderReport({ snapshot, versions: {} }));
    expect(all(section(root, 'trials'), 'tr')).toHaveLength(16);
    check(await render(snapshot));
    expect(renderMarkdown({ snapshot, versions: {} })).toContain('No trial has reached the first rung');
  });

  test('where only baselines have results, where all failed, and where values are not finite', async () => {
    const only = fixtureSnapshot();
    only.trials = only.trials.filter((trial) => trial.baseline !== undefined);
    check(await render(only));
    const failed = fixtureSnapshot();
    for (const trial of failed.trials) Object.assign(trial, { state: 'failed', rungs: [], test: undefined });
    expect(check(await render(failed)).text).toContain('all 15 trials failed');
    const odd = fixtureSnapshot();
    odd.trials.forEach((trial, i) => {
      for (const { metrics } of trial.rungs) metrics['kl'] = [NaN, Infinity, -0.01, 0, 1e300][i % 5]!;
      delete trial.test;
    });
    for (const points of odd.curves.values()) points[3] = { step: NaN, loss: -Infinity, stepsPerSecond: NaN };
    check(await render(odd));
  });

  test('with a maximized objective', async () => {
    const snapshot = fixtureSnapshot();
    snapshot.spec = { ...snapshot.spec, objective: { metric: 'ess', direction: 'maximize' } };
    const root = check(await render(snapshot));
    expect(root.text).toContain('higher is better');
  });

  test('with a schedule that cannot be drawn says why and goes on', async () => {
    const snapshot = fixtureSnapshot();
    const best = bestSearched(snapshot)!;
    best.parameters = { ...best.parameters, basis: 'no-such-basis' };
    const root = check(await render(snapshot));
    expect(section(root, 'schedule').text).toMatch(/Not drawn: .*no-such-basis/);
  });

  const nasties = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</style></svg></script><b>',
    '\u202e\u0000\u001b[31mred\ud800',
    'x'.repeat(10_000),
    '漢字🙂'.repeat(3000),
    '&lt;&#x27;&amp;',
    '`|]](javascript:alert(1))**',
    '__proto__',
    '${alert(1)} {{x}} %s',
    '); alert(1); //',
  ];

  test('shows hostile names, never as markup', async () => {
    const snapshot = fixtureSnapshot();
    const nasty = (i: number) => nasties[i % nasties.length]!;
    snapshot.spec = {
      ...snapshot.spec,
      name: nasties.join(' '),
      baselines: [nasty(0), 'standard', nasty(1)],
      space: {
        parameters: [
          ...snapshot.spec.space.parameters,
          ...nasties.map((name) => ({
            name: `p${name}`,
            type: 'categorical' as const,
            choices: [name, `${name}2`],
          })),
        ],
      },
    };
    snapshot.trials.forEach((trial, i) => {
      trial.label = nasty(i);
      trial.backend = nasty(i + 1);
      if (trial.baseline !== undefined && trial.baseline !== 'standard') trial.baseline = nasty(i);
      trial.parameters = {
        ...trial.parameters,
        ...Object.fromEntries(nasties.map((name) => [`p${name}`, nasty(i)])),
      };
      trial.failures.push({ kind: 'crashed', message: nasty(i), step: 1, at: nasty(i) });
    });
    const html = await render(snapshot, { versions: { [nasty(0)]: nasty(1) } });
    const root = check(html);
    expect(root.text).toContain('<script>alert(1)</script>');
    expect(html).not.toMatch(/<script>alert|<img src=x|<b>/);
    // Only our own, measured by their absence from the clean report: no attribute came out of a name.
    for (const element of descendants(root))
      for (const name of Object.keys(element.attributes)) expect(name).not.toMatch(/onerror|onmouseover/);
    expect(html.length).toBeLessThan(3_000_000);
    // Inside a fence nothing is read as markup.
    const markdown = renderMarkdown({ snapshot, versions }).replace(/^(`{3,})\w*\n.*?^\1$/gms, '');
    expect(markdown).toContain('## Failures');
    expect(markdown).not.toMatch(/[^\\]?<(script|img|b|\/)/);
  });

  test('of 2,000 trials is of a size that opens at once', async () => {
    const snapshot = fixtureSnapshot();
    const searched = snapshot.trials.filter((trial) => trial.baseline === undefined);
    for (let trial = snapshot.trials.length; trial < 2000; trial++) {
      const model = searched[trial % searched.length]!;
      snapshot.trials.push({
        ...model,
        trial,
        rungs: model.rungs.map((result) => ({
          ...result,
          metrics: { ...result.metrics, kl: result.metrics['kl']! * (1 + (trial % 97) / 40) },
        })),
      });
      snapshot.curves.set(trial, snapshot.curves.get(model.trial) ?? []);
    }
    const html = await render(snapshot);
    const root = check(html);
    expect(all(section(root, 'trials'), 'tr')).toHaveLength(2001);
    expect(html.length).toBeLessThan(4_000_000);
    expect(section(root, 'search').text).toMatch(/60 of [\d,]+ trials are drawn/);
  });
});
