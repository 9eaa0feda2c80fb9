import type { SweepSnapshot, TrialRecord } from '../sweep/types.js';
import { highestResult } from './ranking.js';
import { jsonText } from './text.js';

/** Controls that no field may hold. */
// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/**
 * A field of a CSV file (RFC 4180). Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers are written as
 * they are. Where the list separator is a semicolon or a tab, a cell of its own could begin after one: such text is quoted, too.
 */
function csvField(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  if (typeof value === 'boolean') return String(value);
  let text = (typeof value === 'string' ? value : JSON.stringify(value)).replace(controls, ' ');
  // Full-width forms count as the plain ones in some languages of a spreadsheet.
  if (/^[=+\-@\t\r\n＝＋－＠]/.test(text)) text = `'${text}`;
  return /[",;\t\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

const keysOf = (records: readonly Readonly<Record<string, unknown>>[]): string[] => [
  ...new Set(records.flatMap((record) => Object.keys(record))),
];

/**
 * All trials as CSV, one row a trial in the order of their numbers: what it is, its state, the result at the highest rung
 * where the objective is finite (`step`, `metric.*`, seconds), `test.*` where measured, and `parameter.*`. Absent is empty.
 */
export function trialsCsv(snapshot: SweepSnapshot): string {
  const trials = [...snapshot.trials].sort((a, b) => a.trial - b.trial);
  const results = new Map(trials.map((trial) => [trial, highestResult(snapshot, trial)]));
  const parameters = keysOf(trials.map((trial) => trial.parameters));
  const metrics = keysOf([...results.values()].flatMap((result) => (result ? [result.metrics] : [])));
  const tests = keysOf(trials.flatMap((trial) => (trial.test ? [trial.test] : [])));
  const fixed: [string, (trial: TrialRecord) => unknown][] = [
    ['trial', (trial) => trial.trial],
    ['label', (trial) => trial.label],
    ['baseline', (trial) => trial.baseline],
    ['origin', (trial) => trial.origin],
    ['family', (trial) => trial.family],
    ['state', (trial) => trial.state],
    ['equals', (trial) => trial.equals],
    ['seed', (trial) => trial.seed],
    ['backend', (trial) => trial.backend],
    ['stepsPaid', (trial) => trial.stepsPaid],
    ['failures', (trial) => trial.failures.length],
    ['lastFailure', (trial) => trial.failures.at(-1)?.kind],
    ['createdAt', (trial) => trial.createdAt],
    ['updatedAt', (trial) => trial.updatedAt],
    ['rung', (trial) => results.get(trial)?.rung],
    ['step', (trial) => results.get(trial)?.step],
    ['trainSeconds', (trial) => results.get(trial)?.trainSeconds],
    ['evaluateSeconds', (trial) => results.get(trial)?.evaluateSeconds],
  ];
  const head = [
    ...fixed.map(([name]) => name),
    ...metrics.map((name) => `metric.${name}`),
    ...tests.map((name) => `test.${name}`),
    ...parameters.map((name) => `parameter.${name}`),
  ];
  const rows = trials.map((trial) => [
    ...fixed.map(([, read]) => read(trial)),
    ...metrics.map((name) => results.get(trial)?.metrics[name]),
    ...tests.map((name) => trial.test?.[name]),
    ...parameters.map((name) => trial.parameters[name]),
  ]);
  return [head, ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

/** All trials as JSON Lines: each line one whole record, in the order of their numbers. */
export function trialsJsonLines(snapshot: SweepSnapshot): string {
  return [...snapshot.trials]
    .sort((a, b) => a.trial - b.trial)
    .map((trial) => `${jsonText(trial)}\n`)
    .join('');
}
