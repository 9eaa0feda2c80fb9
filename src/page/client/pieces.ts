import type { FactText, RunningLine, StandingText, SweepAnswer, TileText } from '../api.js';
import { dot, el, type Child } from './dom.js';

/** A bar with the text that says the same. */
export function bar(fraction: number | undefined, text: string, label: string): HTMLElement {
  const progress = el('progress', { max: '1', 'aria-label': label });
  if (fraction !== undefined) progress.value = fraction;
  return el('div', { class: 'progress' }, progress, el('span', {}, text));
}

export function tile({ title, value, remark }: TileText): HTMLElement {
  const error = / (± \S+)$/.exec(value);
  return el(
    'div',
    {},
    el('dt', {}, title),
    el(
      'dd',
      {},
      error ? value.slice(0, error.index) : value,
      error && ' ',
      error && el('span', {}, error[1]),
      remark !== undefined && el('small', {}, remark),
    ),
  );
}

/** Trainings that go on now. */
export function runningList(sweep: string, lines: readonly RunningLine[]): Child[] {
  if (lines.length === 0) return [];
  return [
    el('h2', {}, lines.length === 1 ? 'Running now' : `Running now: ${lines.length}`),
    el(
      'ul',
      { class: 'running' },
      ...lines.map((line) =>
        el(
          'li',
          {},
          el(
            'a',
            { href: `/sweeps/${encodeURIComponent(sweep)}/trials/${line.trial}` },
            `trial ${line.trial}`,
          ),
          el('span', { class: 'doing' }, line.doing),
          bar(line.fraction, line.text, `Progress of trial ${line.trial}`),
          el('span', { class: 'label', title: line.label }, line.label),
        ),
      ),
    ),
  ];
}

function standingRow(sweep: string, row: StandingText): HTMLElement {
  const tone = row.outcome === 'better' ? ' good' : row.outcome === 'worse' ? ' bad' : '';
  return el(
    'tr',
    { class: row.role === 'best' ? 'best' : undefined },
    el(
      'th',
      { scope: 'row' },
      dot(row.role),
      el('a', { href: `/sweeps/${encodeURIComponent(sweep)}/trials/${row.trial}` }, row.name),
    ),
    el('td', { class: 'number' }, row.figure),
    el('td', { class: 'number' }, row.other),
    el('td', { class: `number${tone}` }, row.against),
    el('td', { class: 'number' }, row.stepsPaid),
  );
}

/**
 * A table that scrolls by itself where it is wider than the page; columns not in `text` are of numbers. One without links in it needs a
 * `label` to be scrolled by keyboard.
 */
export function scrollTable(
  heads: readonly string[],
  text: readonly number[],
  rows: readonly HTMLElement[],
  label?: string,
): HTMLElement {
  const cells = heads.map((head, i) =>
    el('th', { scope: 'col', class: text.includes(i) ? '' : 'number' }, head),
  );
  return el(
    'div',
    label === undefined
      ? { class: 'scroll' }
      : { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
    el('table', {}, el('thead', {}, el('tr', {}, ...cells)), el('tbody', {}, ...rows)),
  );
}

export function standingsTable(sweep: string, standings: SweepAnswer['standings']): Child[] {
  if (!standings) return [];
  const rows = standings.rows.map((row) => standingRow(sweep, row));
  return [
    el('h2', {}, 'The best of the search against the baselines'),
    el('p', { class: 'lead' }, standings.lead),
    scrollTable(standings.heads, [0], rows),
  ];
}

export function factList(kind: string, facts: readonly FactText[]): HTMLElement {
  return el(
    'dl',
    { class: kind },
    ...facts.map(({ name, value }) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
  );
}
