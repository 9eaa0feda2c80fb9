import type { SweepLine, SweepsAnswer } from '../api.js';
import { badge, createPart, el } from './dom.js';
import { getJson } from './net.js';
import type { View } from './view.js';

function row(line: SweepLine): HTMLElement {
  return el(
    'tr',
    {},
    el(
      'th',
      { scope: 'row' },
      el('a', { href: `/sweeps/${encodeURIComponent(line.name)}` }, line.name),
      el('small', {}, line.problem ?? line.task),
    ),
    el('td', {}, badge(line.state)),
    el('td', { class: 'counts' }, line.trials),
    el('td', { class: 'number' }, line.best || '–'),
    el('td', { class: 'number' }, line.duration),
    el('td', { class: 'tag' }, line.startedAt.slice(0, 16).replace('T', ' ')),
  );
}

/** All sweeps of the store, the newest first. */
export function createSweepsView(): View {
  const where = el('p', { class: 'kicker' });
  const list = el('div', { class: 'scroll' });
  const setWhere = createPart<[string, boolean]>(where, ([store, connected]) => [
    store,
    connected ? '' : ' · no Temporal server answers: this is what the store knows',
  ]);
  const setList = createPart<SweepLine[]>(list, (lines) =>
    lines.length === 0
      ? [
          el(
            'p',
            { class: 'empty' },
            'There is no sweep in this store yet. ',
            el('code', {}, 'npx rgsweep up'),
            ' runs a first one.',
          ),
        ]
      : [
          el(
            'table',
            { id: 'sweeps' },
            el(
              'thead',
              {},
              el(
                'tr',
                {},
                el('th', { scope: 'col' }, 'sweep'),
                el('th', { scope: 'col' }, 'state'),
                el('th', { scope: 'col' }, 'trials'),
                el('th', { scope: 'col', class: 'number' }, 'best so far'),
                el('th', { scope: 'col', class: 'number' }, 'time'),
                el('th', { scope: 'col' }, 'launched (UTC)'),
              ),
            ),
            el('tbody', {}, ...lines.map(row)),
          ),
        ],
  );
  return {
    title: 'Sweeps',
    element: el('main', { id: 'content' }, el('h1', { tabindex: '-1' }, 'Sweeps'), where, list),
    async update(signal) {
      const answer = await getJson<SweepsAnswer>('sweeps', signal);
      setWhere([answer.store, answer.connected]);
      setList(answer.sweeps);
    },
    dispose() {},
  };
}
