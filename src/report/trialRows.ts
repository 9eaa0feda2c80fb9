import type { SweepSnapshot, TrialRecord } from '../sweep/types.js';
import { parameterColumns } from './axes.js';
import { axisTitle } from './charts/parameterAxis.js';
import { parameterText } from './content.js';
import { formatCount, formatFigure, metricFigure, metricTitle } from './figures.js';
import { rowName } from './names.js';
import { highestResult } from './ranking.js';
import { rankTrials, shownMetrics } from './table.js';
import { fitLine } from './text.js';

/** A column of the table of all trials. */
export interface TrialColumn {
  /** Short name, for filters and addresses: `trial`, `kl`, `state`, a parameter's name. */
  id: string;
  title: string;
  /** Sorted and aligned as numbers. */
  number: boolean;
}

/** One cell: what it says, and the number to sort by where that is not the text. */
export interface TrialCell {
  text: string;
  value?: number | undefined;
}

export interface TrialRow {
  trial: TrialRecord;
  cells: TrialCell[];
}

/** The table of all trials, best first, in plain text: whoever puts it into HTML escapes it. */
export interface TrialTable {
  columns: TrialColumn[];
  rows: TrialRow[];
  /** Parameters that are the same wherever given: `name value`. */
  shared: string[];
}

const maximumParameters = 24;
const longestText = 120;

export function stateText(trial: TrialRecord): string {
  if (trial.equals !== undefined) return `same as trial ${trial.equals}`;
  if (trial.state === 'failed') return `failed: ${trial.failures.at(-1)?.kind ?? 'unknown reason'}`;
  return trial.state;
}

/** All trials with their figures at the highest rung reached and the parameters that differ between them. */
export function trialTableOf(snapshot: SweepSnapshot): TrialTable {
  const metrics = shownMetrics(snapshot);
  const { varying, constant } = parameterColumns(snapshot);
  const names = varying.slice(0, maximumParameters);
  const columns: TrialColumn[] = [
    { id: 'trial', title: 'trial', number: true },
    { id: 'schedule', title: 'schedule', number: false },
    ...metrics.map((metric) => ({ id: metric, title: metricTitle(metric), number: true })),
    { id: 'step', title: 'at step', number: true },
    { id: 'paid', title: 'steps paid', number: true },
    { id: 'state', title: 'state', number: false },
    ...names.map((name) => ({
      id: fitLine(name, 48),
      title: fitLine(axisTitle(name), 48),
      number: snapshot.trials.some((trial) => typeof trial.parameters[name] === 'number'),
    })),
  ];
  const rows = rankTrials(snapshot, snapshot.trials).map((trial): TrialRow => {
    const result = highestResult(snapshot, trial);
    const figure = (name: string): TrialCell => {
      const found = result && metricFigure(result.metrics, name);
      return { text: found ? formatFigure(found) : '', value: found?.value };
    };
    const cells: TrialCell[] = [
      { text: String(trial.trial), value: trial.trial },
      { text: rowName(trial) },
      ...metrics.map(figure),
      { text: result ? formatCount(result.step) : '', value: result?.step },
      { text: formatCount(trial.stepsPaid), value: trial.stepsPaid },
      { text: stateText(trial) },
      ...names.map((name): TrialCell => {
        const value = trial.parameters[name];
        return typeof value === 'number'
          ? { text: parameterText(value), value }
          : { text: parameterText(value) };
      }),
    ];
    for (const cell of cells) cell.text = fitLine(cell.text, longestText);
    return { trial, cells };
  });
  const shared = constant
    .map((name) => {
      const value = snapshot.trials.find((trial) => trial.parameters[name] !== undefined)?.parameters[name];
      return `${fitLine(name, 60)} ${fitLine(parameterText(value), 60)}`;
    })
    .slice(0, maximumParameters);
  return { columns, rows, shared };
}
