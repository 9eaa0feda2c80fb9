import type { ColumnText, RowText } from '../api.js';

/** A row that is kept or not. */
export type Test = (row: RowText) => boolean;

export const textOf = (cell: RowText['cells'][number] | undefined): string =>
  cell === undefined ? '' : typeof cell === 'string' ? cell : cell[0];

export const numberOf = (cell: RowText['cells'][number] | undefined): number | undefined =>
  typeof cell === 'object' ? cell[1] : undefined;

type Comparison = '<' | '<=' | '>' | '>=' | '=' | ':';

const compare: Record<'<' | '<=' | '>' | '>=', (a: number, b: number) => boolean> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function columnTest(index: number, comparison: Comparison, wanted: string): Test {
  if (comparison === '=' || comparison === ':') {
    const text = wanted.toLowerCase();
    const number = wanted.trim() === '' ? NaN : Number(wanted);
    return (row) => {
      const cell = row.cells[index];
      if (numberOf(cell) !== undefined && numberOf(cell) === number) return true;
      const own = textOf(cell).toLowerCase();
      return comparison === '=' ? own === text : own.includes(text);
    };
  }
  const bound = Number(wanted.replace('−', '-'));
  return (row) => {
    const value = numberOf(row.cells[index]);
    return value !== undefined && !Number.isNaN(bound) && compare[comparison](value, bound);
  };
}

/**
 * The test for what somebody typed: every part must hold. A part is a word that some cell contains, or `column<5`,
 * `column>=0.1`, `column=fourier`, `column:four` for a column by its short name or title; `"two words"` is one part.
 */
export function parseFilter(text: string, columns: readonly ColumnText[]): Test {
  const parts = text.match(/(?:[^\s"]+"[^"]*"?|"[^"]*"?|[^\s"]+)/g) ?? [];
  const tests = parts.map((raw): Test => {
    const part = raw.replaceAll('"', '');
    const found = /^(.+?)(<=|>=|<|>|=|:)(.*)$/s.exec(part);
    const name = found?.[1]?.toLowerCase();
    const index = columns.findIndex(
      (column) => column.id.toLowerCase() === name || column.title.toLowerCase() === name,
    );
    if (found && index >= 0 && found[3] !== '') return columnTest(index, found[2] as Comparison, found[3]!);
    const word = part.toLowerCase();
    return (row) => row.cells.some((cell) => textOf(cell).toLowerCase().includes(word));
  });
  return (row) => tests.every((test) => test(row));
}

/** How rows are put in order: by rank (as the server sends them), or by a column. */
export interface Order {
  column: number;
  down: boolean;
}

const collator = new Intl.Collator('en', { numeric: true });

/** Rows in the order of a column; missing values last, whichever way, and equal ones as they were. */
export function sortRows(rows: readonly RowText[], columns: readonly ColumnText[], order: Order): RowText[] {
  const { column, down } = order;
  const sign = down ? -1 : 1;
  const isNumber = columns[column]?.number === true;
  const keyed = rows.map((row) => {
    const cell = row.cells[column];
    const text = textOf(cell);
    return { row, text, number: numberOf(cell), missing: text === '' };
  });
  keyed.sort((a, b) => {
    if (a.missing || b.missing) return Number(a.missing) - Number(b.missing);
    if (isNumber && a.number !== undefined && b.number !== undefined) return sign * (a.number - b.number);
    return sign * collator.compare(a.text, b.text);
  });
  return keyed.map(({ row }) => row);
}
