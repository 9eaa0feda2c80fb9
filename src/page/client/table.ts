import type { ColumnText, RowText, TrialsAnswer } from '../api.js';
import { badge, el, keepFocus } from './dom.js';
import { parseFilter, sortRows, textOf, type Order } from './filter.js';
import { piecesOf, spareRows } from './rowWindow.js';

/** Rows that the table's own window has room for (`.tall` in page.css), and their height, before they have been measured. */
const roomRows = 20;
const usualHeight = 38;
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

/** The table of all trials: sorted and filtered here, with only those rows in the page that are near what is seen of it. */
export class TrialTableView {
  readonly element = el('div', { class: 'trials' });
  readonly rows = new Map<number, RowText>();
  columns: readonly ColumnText[] = [];
  private rank: number[] = [];
  private order: Order | undefined;
  private shown: RowText[] = [];
  private rowHeight = usualHeight;
  private seenFrom = 0;
  private moving = false;
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
    scroll: () => this.moved(),
  });
  private readonly body = el('tbody');
  private table: HTMLTableElement | undefined;

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
    this.scroll.replaceChildren(this.table);
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
    if (fromTop) {
      this.scroll.scrollTop = 0;
      this.seenFrom = 0;
    }
    this.table?.setAttribute('aria-rowcount', String(this.shown.length + 1));
    this.draw();
  }

  /** Puts the rows near those that are seen into the table, and room for all others. */
  private draw(): void {
    const focused = this.body.contains(document.activeElement)
      ? document.activeElement!.closest('tr')?.dataset['trial']
      : undefined;
    const kept = focused === undefined ? -1 : this.shown.findIndex(({ trial }) => trial === Number(focused));
    const pieces = piecesOf(this.shown.length, this.seenFrom, this.seenFrom + roomRows, kept);
    this.place(
      pieces.map((piece) => {
        if ('gap' in piece) return this.gapOf(piece.gap);
        const row = this.rowOf(this.shown[piece.row]!);
        row.setAttribute('aria-rowindex', String(piece.row + 2));
        return row;
      }),
    );
  }

  private gapOf(rows: number): HTMLTableRowElement {
    const gap = el(
      'tr',
      { class: 'gap', 'aria-hidden': 'true' },
      el('td', { colspan: this.columns.length + 1 }),
    );
    gap.style.height = `${rows * this.rowHeight}px`;
    return gap;
  }

  /** At most once a frame, and only when other rows are seen. */
  private moved(): void {
    if (this.moving) return;
    this.moving = true;
    requestAnimationFrame(() => {
      this.moving = false;
      const row = this.body.querySelector('tr[data-trial]');
      this.rowHeight = row?.getBoundingClientRect().height || this.rowHeight;
      const from = Math.floor(this.scroll.scrollTop / this.rowHeight);
      if (Math.abs(from - this.seenFrom) < spareRows / 2) return;
      this.seenFrom = from;
      this.draw();
    });
  }

  /** Rows that are there in their place already stay untouched, and nothing jumps. */
  private place(elements: HTMLTableRowElement[]): void {
    const wanted = new Set<Element>(elements);
    for (const there of [...this.body.children]) if (!wanted.has(there)) there.remove();
    let at = this.body.firstElementChild;
    for (const element of elements) {
      if (at === element) at = at.nextElementSibling;
      else this.body.insertBefore(element, at);
    }
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
