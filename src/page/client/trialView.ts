import type { TrialAnswer } from '../api.js';
import { ChartView } from './charts.js';
import { badge, createPart, el, type Child } from './dom.js';
import { getJson } from './net.js';
import { bar, factList, scrollTable } from './pieces.js';
import type { View } from './view.js';

const section = (title: string, ...children: Child[]): Child[] => [el('h2', {}, title), ...children];

function table(
  label: string,
  heads: readonly string[],
  rows: readonly (readonly Child[])[],
  text: readonly number[] = [],
): HTMLElement {
  const cell = (content: Child, i: number) => el('td', { class: text.includes(i) ? '' : 'number' }, content);
  return scrollTable(
    heads,
    text,
    rows.map((row) => el('tr', {}, ...row.map(cell))),
    label,
  );
}

/** One trial: parameters, results, curve, schedule, samples, failures, log. */
export function createTrialView(sweep: string, trial: number): View {
  const base = `sweeps/${encodeURIComponent(sweep)}`;
  const link = (number: number | null, words: string): Child =>
    number !== null && el('a', { href: `/${base}/trials/${number}` }, `${words} (trial ${number})`);
  const places: HTMLElement[] = [];
  const parts: ((answer: TrialAnswer) => void)[] = [];
  const add = <T>(
    tag: 'p' | 'section' | 'div' | 'nav' | 'h1',
    read: (answer: TrialAnswer) => T,
    render: (value: T) => Child[],
    attributes: Record<string, string> = {},
  ): void => {
    const element = el(tag, attributes);
    const set = createPart<T>(element, render);
    places.push(element);
    parts.push((answer) => set(read(answer)));
  };

  add(
    'p',
    (answer) => answer.kicker,
    (text) => [text],
    { class: 'kicker' },
  );
  add(
    'h1',
    (answer) => [answer.title, answer.state] as const,
    ([title, state]) => [title, ' ', badge(state)],
    { tabindex: '-1' },
  );
  add(
    'nav',
    ({ better, worse, best }) => ({ better, worse, best }),
    ({ better, worse, best }) => [
      el('a', { href: `/${base}` }, `all of ${sweep}`),
      best && el('span', {}, 'the best of the search'),
      link(better, '← next better'),
      link(worse, 'next worse →'),
    ],
    { 'aria-label': 'Neighbours' },
  );
  add(
    'p',
    (answer) => answer.notice ?? '',
    (text) => (text ? [text] : []),
    { class: 'notice' },
  );
  add(
    'div',
    (answer) => answer.running ?? null,
    (line) => (line ? [bar(line.fraction, `${line.doing}: ${line.text}`, 'Progress of the trial')] : []),
  );
  add(
    'div',
    (answer) => answer.facts,
    (facts) => [factList('pairs', facts)],
  );
  add(
    'section',
    (answer) => answer.rungs,
    ({ heads, rows }) =>
      section(
        'Results by rung',
        rows.length > 0
          ? table('Table of results', heads, rows, [heads.length - 1])
          : el('p', { class: 'empty' }, 'It has not reached its first rung.'),
      ),
    { id: 'rungs' },
  );
  add(
    'section',
    (answer) => answer.test,
    (facts) => (facts.length > 0 ? section('On test data', factList('pairs', facts)) : []),
    { id: 'test' },
  );
  add(
    'section',
    (answer) => answer.parameters,
    (facts) =>
      section(
        'Parameters',
        facts.length > 0 ? factList('facts', facts) : el('p', { class: 'empty' }, 'All have their defaults.'),
      ),
    { id: 'parameters' },
  );
  add(
    'section',
    (answer) => answer.failures,
    (failures) =>
      failures.length > 0
        ? section(
            'Failures',
            table(
              'Table of failures',
              ['kind', 'step', 'message', 'when', 'then'],
              failures.map(({ kind, step, message, at, then }) => [kind, step, message, at, then]),
              [0, 2, 3, 4],
            ),
          )
        : [],
    { id: 'failures' },
  );
  const drawn = el('section', { id: 'pictures', 'aria-label': 'Charts' });
  let charts: ChartView[] = [];
  places.push(drawn);
  add(
    'section',
    (answer) => answer.samples,
    (samples) =>
      samples.length > 0
        ? section(
            'Samples',
            el(
              'div',
              { class: 'grids' },
              ...samples.map(({ name, source, width, height }) =>
                el(
                  'figure',
                  {},
                  el('img', { src: source, width, height, alt: `${name}, as small maps of φ` }),
                  el('figcaption', {}, name),
                ),
              ),
            ),
          )
        : [],
    { id: 'samples' },
  );
  add(
    'section',
    (answer) => answer.log,
    (log) =>
      log
        ? section(
            'Log',
            el('p', { class: 'lead' }, log.from),
            el('pre', { tabindex: '0', class: 'log' }, log.lines.join('\n')),
          )
        : [],
    { id: 'log' },
  );
  add(
    'section',
    (answer) => answer.commands,
    (commands) => section('On the command line', el('pre', { tabindex: '0' }, commands.join('\n'))),
  );

  return {
    title: `trial ${trial} of ${sweep}`,
    element: el('main', { id: 'content' }, ...places),
    async update(signal) {
      const answer = await getJson<TrialAnswer>(`${base}/trials/${trial}`, signal);
      for (const part of parts) part(answer);
      if (charts.length === 0) {
        charts = answer.charts.map((place) => new ChartView(base, place, `trial=${trial}`));
        drawn.append(...charts.map(({ element }) => element));
      }
      const version = JSON.stringify([answer.state, answer.rungs, answer.failures.length]);
      for (const chart of charts) chart.refresh(version, answer.running !== undefined);
    },
    dispose() {
      for (const chart of charts) chart.dispose();
    },
  };
}
