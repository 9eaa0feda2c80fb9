import type { ColumnText, RowText, TrialsAnswer } from '../api.js';
import { badge, el, keepFocus } from './dom.js';
import { parseFilter, sortRows, textOf, type Order } from './filter.js';

/** Rows put into the page at first, more than its window shows; so many more follow at a time as the reader scrolls. */
const firstChunk = 40;
const chunk = 120;
/** More than this many schedules beside each other are no comparison. */
const maximumCompared = 6;

interface Head {
  cell: HTMLElement;
  column: number;
}

export interface TableInput {
  sweep: string;
  /** Called when the trials chosen for comparison change. */
  onCompare: (trials: number[]) => void;
}

/** The table of all trials: sorted and filtered here, with only as many rows in the page as somebody has scrolled to. */
export class TrialTableView {
  readonly element = el('div', { class: 'trials' });
  readonly rows = new Map<number, RowText>();
  columns: readonly ColumnText[] = [];
  private rank: number[] = [];
  private order: Order | undefined;
  private shown: RowText[] = [];
  private drawn = 0;
  private best: number | null = null;
  private readonly made = new Map<number, { text: string; element: HTMLTableRowElement }>();
  private readonly compared = new Set<number>();
  private heads: Head[] = [];
  private readonly input: HTMLInputElement;
  private readonly state: HTMLSelectElement;
  private readonly count = el('span', { class: 'tag', role: 'status' });
  private readonly clear: HTMLButtonElement;
  private readonly scroll = el('div', {
    class: 'scroll tall',
    tabindex: '0',
    role: 'region',
    'aria-label': 'Table of all trials',
  });
  private readonly end = el('div', { class: 'end', 'aria-hidden': 'true' });
  private readonly body = el('tbody');
  private table: HTMLTableElement | undefined;
  private readonly observer: IntersectionObserver;

  constructor(private readonly options: TableInput) {
    const query = new URLSearchParams(location.search);
    this.input = el('input', {
      type: 'search',
      autocomplete: 'off',
      spellcheck: 'false',
      placeholder: 'e.g. fourier kl<0.1',
      value: query.get('q') ?? '',
      'aria-describedby': 'filter-help',
      input: () => this.change(),
    });
    this.state = el('select', { change: () => this.change() });
    this.clear = el(
      'button',
      { type: 'button', hidden: true, click: () => this.clearCompared() },
      'Compare the best again',
    );
    const help = 'words, or a column and a bound: kl<0.1, state:complete, basis=fourier';
    this.element.append(
      el(
        'div',
        { class: 'tools' },
        el('label', {}, 'Filter ', this.input),
        el('label', {}, 'State ', this.state),
        this.count,
        this.clear,
      ),
      el(
        'p',
        { id: 'filter-help', class: 'hint' },
        `Filter by ${help}. Tick up to ${maximumCompared} trials to compare their schedules.`,
      ),
      this.scroll,
    );
    this.observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) this.drawMore();
      },
      { root: this.scroll, rootMargin: '600px' },
    );
    this.observer.observe(this.end);
    const sort = query.get('sort');
    this.wanted = sort === null ? undefined : { id: sort.replace(/^-/, ''), down: sort.startsWith('-') };
  }

  private wanted: { id: string; down: boolean } | undefined;

  /** Takes changed rows and the new rank; draws what changed. */
  take(answer: TrialsAnswer, columns: readonly ColumnText[], best: number | null): void {
    for (const row of answer.rows) this.rows.set(row.trial, row);
    this.rank = answer.order;
    this.best = best;
    keepFocus(this.scroll, () => {
      if (JSON.stringify(columns) !== JSON.stringify(this.columns)) this.setColumns(columns);
      this.refresh(false);
    });
    this.setStates();
  }

  dispose(): void {
    this.observer.disconnect();
  }

  private setColumns(columns: readonly ColumnText[]): void {
    const sorted = this.order && this.columns[this.order.column]?.id;
    const wanted = this.wanted ?? (sorted && this.order ? { id: sorted, down: this.order.down } : undefined);
    this.wanted = undefined;
    this.columns = columns;
    const index = columns.findIndex(({ id }) => id === wanted?.id);
    this.order = wanted && index >= 0 ? { column: index, down: wanted.down } : undefined;
    this.made.clear();
    this.heads = columns.map((column, at) => ({
      column: at,
      cell: el(
        'th',
        { scope: 'col', class: column.number && at !== 1 ? 'number' : at === 1 ? 'name' : '' },
        el('button', { type: 'button', click: () => this.sortBy(at) }, column.title),
      ),
    }));
    this.table = el(
      'table',
      { id: 'all-trials' },
      el(
        'colgroup',
        {},
        el('col', { class: 'tick' }),
        ...columns.map(({ number }, at) =>
          el('col', { class: at === 0 ? 'short' : at === 1 ? 'wide' : number ? 'figure' : 'word' }),
        ),
      ),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('th', { scope: 'col' }, el('span', { class: 'hidden-text' }, 'compare')),
          ...this.heads.map(({ cell }) => cell),
        ),
      ),
      this.body,
    );
    this.scroll.replaceChildren(this.table, this.end);
  }

  private setStates(): void {
    const states = [...new Set([...this.rows.values()].map(({ state }) => state))].sort();
    const options = ['all', ...states];
    if ([...this.state.options].map(({ value }) => value).join() === options.join()) return;
    const chosen = this.state.value;
    this.state.replaceChildren(...options.map((state) => el('option', { value: state }, state)));
    this.state.value = options.includes(chosen) ? chosen : 'all';
  }

  private sortBy(column: number): void {
    const first = this.columns[column]?.id === 'trial' ? false : undefined;
    if (this.order?.column !== column) this.order = { column, down: first ?? false };
    else if (!this.order.down) this.order = { column, down: true };
    else this.order = undefined;
    this.change();
  }

  private change(): void {
    const query = new URLSearchParams(location.search);
    const set = (name: string, value: string) => (value === '' ? query.delete(name) : query.set(name, value));
    set('q', this.input.value.trim());
    const sorted = this.order && this.columns[this.order.column];
    set('sort', sorted ? `${this.order!.down ? '-' : ''}${sorted.id}` : '');
    const text = query.toString();
    history.replaceState(history.state, '', `${location.pathname}${text ? `?${text}` : ''}${location.hash}`);
    this.refresh(true);
  }

  /** Works out which rows are shown, in which order, and draws them again. */
  private refresh(fromTop: boolean): void {
    const test = parseFilter(this.input.value, this.columns);
    const state = this.state.value || 'all';
    const kept = this.rank
      .map((trial) => this.rows.get(trial))
      .filter((row) => row !== undefined)
      .filter((row) => (state === 'all' || row.state === state) && test(row));
    this.shown = this.order ? sortRows(kept, this.columns, this.order) : kept;
    this.count.textContent = `${this.shown.length.toLocaleString('en-US')} of ${this.rows.size.toLocaleString('en-US')}`;
    for (const { cell, column } of this.heads) {
      if (this.order?.column === column)
        cell.setAttribute('aria-sort', this.order.down ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    }
    const wanted = fromTop ? firstChunk : Math.max(firstChunk, this.drawn);
    if (fromTop) this.scroll.scrollTop = 0;
    this.drawn = Math.min(wanted, this.shown.length);
    this.place(this.shown.slice(0, this.drawn).map((row) => this.rowOf(row)));
  }

  /** Rows that are there in their place already stay untouched, and nothing jumps. */
  private place(elements: HTMLTableRowElement[]): void {
    let at = this.body.firstElementChild;
    for (const element of elements) {
      if (at === element) at = at.nextElementSibling;
      else this.body.insertBefore(element, at);
    }
    while (at) {
      const next = at.nextElementSibling;
      at.remove();
      at = next;
    }
  }

  private drawMore(): void {
    if (this.drawn >= this.shown.length) return;
    const more = this.shown.slice(this.drawn, this.drawn + chunk).map((row) => this.rowOf(row));
    this.body.append(...more);
    this.drawn += more.length;
  }

  private rowOf(row: RowText): HTMLTableRowElement {
    const text = JSON.stringify([row, row.trial === this.best]);
    const known = this.made.get(row.trial);
    if (known?.text === text) return known.element;
    const tick = el('input', {
      type: 'checkbox',
      'aria-label': `Compare the schedule of trial ${row.trial}`,
      change: (event) => this.compare(row.trial, event.currentTarget as HTMLInputElement),
    });
    tick.checked = this.compared.has(row.trial);
    const link = el(
      'a',
      { href: `/sweeps/${encodeURIComponent(this.options.sweep)}/trials/${row.trial}` },
      String(row.trial),
    );
    const cells = row.cells.map((cell, index) => {
      const shown = textOf(cell);
      const column = this.columns[index];
      if (index === 0) return el('td', { class: 'number' }, link);
      if (index === 1) return el('th', { scope: 'row', class: 'name', title: shown }, shown);
      if (column?.id === 'state') return el('td', { title: shown }, badge(shown));
      return el(
        'td',
        { class: column?.number ? 'number' : '', title: shown.length > 14 ? shown : undefined },
        shown,
      );
    });
    const element = el(
      'tr',
      { 'data-trial': row.trial, class: row.trial === this.best ? 'best' : undefined },
      el('td', {}, tick),
      ...cells,
    );
    this.made.set(row.trial, { text, element });
    return element;
  }

  private compare(trial: number, tick: HTMLInputElement): void {
    if (tick.checked && this.compared.size >= maximumCompared) {
      tick.checked = false;
      return;
    }
    if (tick.checked) this.compared.add(trial);
    else this.compared.delete(trial);
    this.tellCompared();
  }

  private clearCompared(): void {
    this.compared.clear();
    for (const tick of this.body.querySelectorAll<HTMLInputElement>('input:checked')) tick.checked = false;
    this.tellCompared();
  }

  private tellCompared(): void {
    this.clear.hidden = this.compared.size === 0;
    this.options.onCompare([...this.compared]);
  }
}
