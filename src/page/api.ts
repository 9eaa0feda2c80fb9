/**
 * What the page's server and its browser side say to each other, as JSON. Every text is plain and short; the browser side
 * puts it into text nodes, never into markup. Only types: the browser side imports nothing else from the server.
 */

/** GET /api/sweeps */
export interface SweepsAnswer {
  /** Where the sweeps are, without credentials. */
  store: string;
  /** A Temporal server answers: what runs is known from it, not from the store alone. */
  connected: boolean;
  sweeps: SweepLine[];
}

export interface SweepLine {
  name: string;
  state: string;
  task: string;
  startedAt: string;
  /** `running for 12 min`, `3 h 05 min`. */
  duration: string;
  trials: string;
  /** Best objective so far, or empty. */
  best: string;
  /** Why it cannot be shown, where it cannot. */
  problem?: string;
}

export interface TileText {
  title: string;
  value: string;
  remark?: string;
}

/** A training that holds a trainer now. */
export interface RunningLine {
  trial: number;
  label: string;
  /** `training`, `evaluating`, `measuring on test data`, `waiting for a trainer`. */
  doing: string;
  /** From 0 to 1 on the way to its rung; absent where it is not known. */
  fraction?: number;
  text: string;
}

export interface ColumnText {
  id: string;
  title: string;
  number: boolean;
}

/** A chart that can be asked for, and where it stands. */
export interface ChartPlace {
  id: string;
  title: string;
  caption: string;
  /** Half the page's width at most. */
  small: boolean;
  /** Choices of its axes by query parameter, where it has any. */
  choices?: {
    parameter: string;
    title: string;
    options: { value: string; title: string }[];
    chosen: string;
  }[];
}

export interface SectionText {
  id: string;
  title: string;
  lead?: string;
  /** Colours and what they stand for: a CSS variable's name without its dashes. */
  keys: { color: string; text: string }[];
  charts: ChartPlace[];
}

export interface StandingText {
  trial: number;
  role: string;
  name: string;
  figure: string;
  other: string;
  against: string;
  outcome: string;
  stepsPaid: string;
}

/** A button that asks the sweep for something. */
export interface ActionText {
  action: string;
  title: string;
  /** Asked before it is done; nothing is asked where it is empty. */
  question: string;
  /** Text that goes with it: what is in the field before the reader changes it. */
  text?: string;
}

/** GET /api/sweeps/NAME */
export interface SweepAnswer {
  name: string;
  state: string;
  kicker: string;
  /** The answer in one sentence. */
  verdict: string;
  tiles: TileText[];
  /** Part of the training steps done, from 0 to 1, and the same in words with the time left. */
  progress?: { fraction: number; text: string };
  /** What the data set's maker does, while there are no data. */
  data?: { fraction: number; text: string };
  running: RunningLine[];
  connected: boolean;
  /** Something the reader should know: no server, a store that does not answer. */
  notice?: string;
  /** Grows whenever a trial changes; ask for trials and charts again then. */
  version: number;
  trials: number;
  columns: ColumnText[];
  shared: string[];
  /** What a row of the table is, where it is more than one trial. */
  rows?: string;
  standings: { heads: string[]; lead: string; rows: StandingText[] } | null;
  unsettled: string[];
  sections: SectionText[];
  best: number | null;
  failures: number;
  /** What may be asked of the sweep now; empty unless the page was started with --allow-actions. */
  actions: ActionText[];
}

/** GET /api/sweeps/NAME/trials?since=VERSION: rows that changed after that version, in the order of rank. */
export interface TrialsAnswer {
  version: number;
  /** All trials in the order of rank, best first. */
  order: number[];
  rows: RowText[];
}

export interface RowText {
  trial: number;
  state: string;
  /** A cell is its text, or its text and the number to sort by. */
  cells: (string | [string, number])[];
}

/** GET /api/sweeps/NAME/charts/ID */
export interface ChartAnswer {
  /** Several SVG elements where a chart is a set of small ones; none where there is nothing to draw. */
  svgs: string[];
  /** Why there is none. */
  empty?: string;
}

export interface FactText {
  name: string;
  value: string;
}

/** GET /api/sweeps/NAME/trials/N */
export interface TrialAnswer {
  trial: number;
  title: string;
  state: string;
  kicker: string;
  best: boolean;
  running?: RunningLine;
  facts: FactText[];
  parameters: FactText[];
  rungs: { heads: string[]; rows: string[][] };
  test: FactText[];
  failures: { kind: string; step: string; message: string; at: string; then: string }[];
  charts: ChartPlace[];
  samples: { name: string; source: string; width: number; height: number }[];
  log: { lines: string[]; from: string } | null;
  commands: string[];
  better: number | null;
  worse: number | null;
  notice?: string;
}

/** Any answer that is not 200. */
export interface ProblemAnswer {
  problem: string;
  remedy?: string;
}
