import { objectivesOf, type SweepSnapshot, type TrialRecord } from '../sweep/types.js';
import { companionMetric, formatCount, formatFigure, metricFigure, metricTitle } from './figures.js';
import { frontOf } from './front.js';
import { rowName } from './names.js';
import {
  baselineTrials,
  bestSearched,
  figureAt,
  highestResult,
  isBetter,
  metricsAt,
  standings,
} from './ranking.js';
import { displayWidth, fitLine, padLine } from './text.js';

/** One column of a terminal table. The one with `flexible` gives way when the terminal is narrow. */
export interface Column {
  title: string;
  align: 'left' | 'right';
  /** Smallest width that a flexible column shrinks to. */
  flexible?: number;
  /** A column with a larger number is left out earlier when the table does not fit; 0: never. */
  dispensable: number;
}

/**
 * Lines of an aligned table that fit into `width` columns: the flexible column is shortened first, then dispensable
 * columns are left out. Widths are those a terminal shows (wide characters count twice).
 */
export function layoutTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const gap = 2;
  let shown = columns.map((_, index) => index);
  const cleaned = rows.map((row) => row.map((cell) => fitLine(cell, 200)));
  const natural = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cleaned.map((row) => displayWidth(row[index] ?? ''))),
  );
  const least = (index: number) => Math.min(natural[index]!, columns[index]!.flexible ?? natural[index]!);
  const total = (measure: (index: number) => number) =>
    shown.reduce((sum, index) => sum + measure(index), 0) + gap * Math.max(0, shown.length - 1);
  while (total(least) > width) {
    const drop = shown
      .filter((index) => columns[index]!.dispensable > 0)
      .reduce<number | undefined>(
        (worst, index) =>
          worst === undefined || columns[index]!.dispensable > columns[worst]!.dispensable ? index : worst,
        undefined,
      );
    if (drop === undefined) break;
    shown = shown.filter((index) => index !== drop);
  }
  let excess = total((index) => natural[index]!) - width;
  const widths = new Map<number, number>();
  for (const index of shown) {
    const give =
      columns[index]!.flexible === undefined
        ? 0
        : Math.max(0, Math.min(excess, natural[index]! - least(index)));
    excess -= give;
    widths.set(index, natural[index]! - give);
  }
  const line = (cells: readonly string[]) =>
    fitLineEnd(
      shown
        .map((index) =>
          padLine(fitLine(cells[index] ?? '', widths.get(index)!), widths.get(index)!, columns[index]!.align),
        )
        .join(' '.repeat(gap)),
      width,
    );
  return [
    line(columns.map((column) => column.title)),
    shown
      .map((index) => '─'.repeat(widths.get(index)!))
      .join('─'.repeat(gap))
      .slice(0, Math.max(0, width)),
    ...cleaned.map(line),
  ];
}

/** Trailing spaces are noise in a log; what is still too long (columns that cannot shrink) is cut. */
function fitLineEnd(text: string, width: number): string {
  const line = text.trimEnd();
  if (displayWidth(line) <= width) return line;
  const lead = line.length - line.trimStart().length;
  return ' '.repeat(lead) + fitLine(line, Math.max(1, width - lead));
}

function stateWords(trial: TrialRecord): string {
  if (trial.equals !== undefined) return `same as trial ${trial.equals}`;
  if (trial.state === 'failed') return `failed: ${trial.failures.at(-1)?.kind ?? 'unknown reason'}`;
  if (trial.state === 'paused') return 'not promoted yet';
  return trial.state;
}

/** Trials in the order people want: by objective at the highest rung reached, then those without a result by number. */
export function rankTrials(snapshot: SweepSnapshot, trials: readonly TrialRecord[]): TrialRecord[] {
  const keyed = trials.map((trial) => ({ trial, result: highestResult(snapshot, trial) }));
  const { metric } = snapshot.spec.objective;
  keyed.sort((a, b) => {
    const ended = Number(a.trial.state === 'failed') - Number(b.trial.state === 'failed');
    if (ended !== 0) return ended;
    if (!a.result || !b.result) return a.result ? -1 : b.result ? 1 : a.trial.trial - b.trial.trial;
    if (a.result.rung !== b.result.rung) return b.result.rung - a.result.rung;
    const [x, y] = [a.result.metrics[metric]!, b.result.metrics[metric]!];
    return x === y ? a.trial.trial - b.trial.trial : isBetter(snapshot, x, y) ? -1 : 1;
  });
  return keyed.map(({ trial }) => trial);
}

/** The metrics that a table of trials has columns for: every objective, or the one there is and one beside it. */
export function shownMetrics({ spec }: SweepSnapshot): string[] {
  const objectives = objectivesOf(spec).map(({ metric }) => metric);
  return objectives.length > 1 ? objectives : [objectives[0]!, companionMetric(spec)];
}

/**
 * A table of trials for a terminal of `width` columns, best first: number, schedule, objective ± standard error, the figure beside it, the
 * steps at which they were measured, training steps paid, state. Baselines carry their name; the best searched trial is
 * marked with `★`, with several objectives the others of the Pareto front with `◆`, and there is a column for every objective.
 */
export function trialTable(snapshot: SweepSnapshot, trials: readonly TrialRecord[], width = 100): string {
  if (trials.length === 0) return 'no trials';
  const best = bestSearched(snapshot);
  const front = new Set(frontOf(snapshot)?.members.map(({ trial }) => trial.trial));
  const metrics = shownMetrics(snapshot);
  const columns: Column[] = [
    { title: 'trial', align: 'right', dispensable: 3 },
    { title: 'schedule', align: 'left', flexible: 30, dispensable: 0 },
    ...metrics.map((metric, index): Column => ({
      title: metricTitle(metric),
      align: 'right',
      dispensable: index === 0 ? 0 : 2,
    })),
    { title: 'at step', align: 'right', dispensable: 4 },
    { title: 'steps paid', align: 'right', dispensable: 1 },
    { title: 'state', align: 'left', flexible: 8, dispensable: 0 },
  ];
  const rows = rankTrials(snapshot, trials).map((trial) => {
    const result = highestResult(snapshot, trial);
    const figure = (name: string) => {
      const found = result && metricFigure(result.metrics, name);
      return found ? formatFigure(found) : '–';
    };
    return [
      `${trial.trial === best?.trial ? '★ ' : front.has(trial.trial) ? '◆ ' : ''}${trial.trial}`,
      rowName(trial),
      ...metrics.map(figure),
      result ? formatCount(result.step) : '–',
      formatCount(trial.stepsPaid),
      stateWords(trial),
    ];
  });
  return layoutTable(columns, rows, width).join('\n');
}

/**
 * The table a finished sweep ends with: the best searched trial and every baseline on the data of the final comparison
 * (test data where measured), best first.
 */
export function resultTable(snapshot: SweepSnapshot, width = 100): string {
  const table = standings(snapshot);
  if (!table) return trialTable(snapshot, snapshot.trials, width);
  const { metric } = snapshot.spec.objective;
  const others = companionMetric(snapshot.spec);
  const columns: Column[] = [
    { title: 'schedule', align: 'left', flexible: 20, dispensable: 0 },
    { title: metricTitle(metric), align: 'right', dispensable: 0 },
    { title: metricTitle(others), align: 'right', dispensable: 1 },
    { title: 'steps paid', align: 'right', dispensable: 2 },
    { title: 'state', align: 'left', flexible: 8, dispensable: 3 },
  ];
  const standingTrials = table.rows.map((row) => row.trial);
  const absent = baselineTrials(snapshot).filter((trial) => !standingTrials.includes(trial));
  const rows = [...standingTrials, ...absent].map((trial) => {
    const metrics = metricsAt(trial, table.source);
    const own = figureAt(snapshot, trial, table.source);
    const other = metrics && metricFigure(metrics, others);
    return [
      `${trial === table.best ? '★ ' : ''}${rowName(trial)}`,
      own ? formatFigure(own) : '–',
      other ? formatFigure(other) : '–',
      formatCount(trial.stepsPaid),
      stateWords(trial),
    ];
  });
  return layoutTable(columns, rows, width).join('\n');
}
