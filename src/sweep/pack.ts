import type { SweepMachine } from './machine.js';
import type { TrialRow } from './rows.js';
import type { TrialState } from './types.js';

type OptionalKey = Exclude<keyof TrialRow, 'trial' | 'state' | 'values'>;

/**
 * Rows as columns: a letter for each state, and of what only some rows have the places beside the values. A tenth of a
 * payload's limit for 10,000 trials, where one object a row takes half of it.
 */
export interface PackedRows {
  states: string;
  values: number[][];
  columns: { [K in OptionalKey]?: { at: number[] | 'all'; is: NonNullable<TrialRow[K]>[] } };
}

export type PackedMachine = Omit<SweepMachine, 'trials'> & { rows: PackedRows };

const letters: Record<TrialState, string> = {
  waiting: 'w',
  running: 'r',
  paused: 'p',
  complete: 'c',
  pruned: 'x',
  failed: 'f',
};
const stateOf = new Map(Object.entries(letters).map(([state, letter]) => [letter, state as TrialState]));

export function packRows(rows: readonly TrialRow[]): PackedRows {
  const columns: Record<string, { at: number[]; is: unknown[] }> = {};
  let states = '';
  const values: number[][] = [];
  rows.forEach((row, index) => {
    states += letters[row.state];
    values.push(row.values);
    for (const key in row) {
      if (key === 'trial' || key === 'state' || key === 'values') continue;
      const value = row[key as OptionalKey];
      if (value === undefined) continue;
      const column = (columns[key] ??= { at: [], is: [] });
      column.at.push(index);
      column.is.push(value);
    }
  });
  const whole = Object.entries(columns).map(([key, { at, is }]) => [
    key,
    { at: at.length === rows.length ? 'all' : at, is },
  ]);
  return { states, values, columns: Object.fromEntries(whole) as PackedRows['columns'] };
}

export function unpackRows({ states, values, columns }: PackedRows): TrialRow[] {
  const rows = values.map((own, trial): TrialRow => ({
    trial,
    state: stateOf.get(states[trial]!)!,
    values: own,
  }));
  for (const [key, { at, is }] of Object.entries(columns))
    is.forEach((value, i) => {
      Object.assign(rows[at === 'all' ? i : at[i]!]!, { [key]: value });
    });
  return rows;
}

/** The rows that differ from an earlier state, by place. */
export interface RowChanges {
  at: number[];
  rows: PackedRows;
}

/** What has changed since `base`: rows are never altered, so one that is the same object is the same row. */
export function packChanges(rows: readonly TrialRow[], base: readonly TrialRow[]): RowChanges {
  const changed = rows.filter((row, place) => row !== base[place]);
  return { at: changed.map(({ trial }) => trial), rows: packRows(changed) };
}

/** The inverse of `packChanges`. */
export function applyChanges(base: readonly TrialRow[], { at, rows }: RowChanges): TrialRow[] {
  const all = base.slice();
  for (const [place, row] of unpackRows(rows).entries()) {
    const trial = at[place]!;
    all[trial] = { ...row, trial };
  }
  return all;
}

export function packMachine({ trials, ...rest }: SweepMachine): PackedMachine {
  return { ...rest, rows: packRows(trials) };
}

export function unpackMachine({ rows, ...rest }: PackedMachine): SweepMachine {
  return { ...rest, trials: unpackRows(rows) };
}
