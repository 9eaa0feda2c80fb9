import type { TrialState } from '../sweep/types.js';
import { trialStates } from '../sweep/types.js';
import type { FrontSummary } from './front.js';
import {
  formatCount,
  formatDuration,
  formatFigure,
  formatNumber,
  metricWords,
  type Figure,
} from './figures.js';
import { remainingWords, type ProgressStatus } from './progressStatus.js';
import { displayWidth, fitLine, padLine } from './text.js';

/** `█████▌░░░░`: a fraction in eighths of a column. */
export function progressBar(fraction: number, width: number): string {
  const part = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
  const eighths = Math.round(part * width * 8);
  const full = Math.floor(eighths / 8);
  const rest = eighths % 8 === 0 ? '' : '▏▎▍▌▋▊▉'[(eighths % 8) - 1]!;
  return '█'.repeat(full) + rest + '░'.repeat(Math.max(0, width - full - rest.length));
}

const countWords: Record<TrialState, string> = {
  waiting: 'waiting',
  running: 'running',
  paused: 'at a rung',
  complete: 'complete',
  pruned: 'pruned',
  failed: 'failed',
};

/** `2 running · 60 at a rung · 15 complete` */
export function countsLine(counts: ProgressStatus['counts']): string {
  const parts = trialStates
    .filter((state) => (counts[state] ?? 0) > 0)
    .map((state) => `${formatCount(counts[state]!)} ${countWords[state]}`);
  return parts.length > 0 ? parts.join(' · ') : 'no trial yet';
}

function timesLine(status: ProgressStatus, now: Date): string {
  const end = status.finishedAt === undefined ? now.getTime() : Date.parse(status.finishedAt);
  const parts = [`${formatDuration((end - Date.parse(status.startedAt)) / 1000)} since start`];
  const remaining = remainingWords(status);
  if (remaining !== undefined) parts.push(remaining);
  return parts.join(' · ');
}

/** `front  3 trials  0, 4, 9 · hypervolume 0.0123 beyond KL 0.08, ESS 0.9` */
function frontLine({ trials, hypervolume, reference }: FrontSummary) {
  const corner = Object.entries(reference).map(
    ([metric, value]) => `${metricWords(metric).name} ${formatNumber(value)}`,
  );
  return {
    head: 'Pareto front',
    figure: `${formatCount(trials.length)} trial${trials.length === 1 ? '' : 's'}`,
    text: `${trials.map(({ trial }) => trial).join(', ')} · hypervolume ${formatNumber(hypervolume)} beyond ${corner.join(', ')}`,
  };
}

/** `best  KL 0.0523 ± 0.0041 nats  trial 9, fourier · matched …, at 3,000 steps` */
function bestLines(status: ProgressStatus): { head: string; figure: string; text: string }[] {
  const { name, unit } = metricWords(status.metric);
  const value = (figure: Figure) => `${name} ${formatFigure(figure)}${unit ? ` ${unit}` : ''}`;
  const at = (step: number | undefined) => (step === undefined ? '' : ` at ${formatCount(step)} steps`);
  const lines: { head: string; figure: string; text: string }[] = [];
  if (status.best)
    lines.push({
      head: 'best so far',
      figure: value(status.best),
      text: `trial ${status.best.trial}${at(status.best.step)} · ${status.best.label}`,
    });
  if (status.front) lines.push(frontLine(status.front));
  for (const baseline of status.baselines)
    lines.push({
      head: 'baseline',
      figure:
        baseline.value === undefined
          ? 'no result yet'
          : value({ value: baseline.value, error: baseline.error }),
      text: `${baseline.name}${at(baseline.step)}`,
    });
  return lines;
}

const unansweredWords = (why: string) => `${fitLine(why, 200)}: this is what the store knows`;

/** A window of fewer columns has shorter bars. */
const narrow = 60;
/** Columns below which a name says nothing. */
const leastName = 16;

/**
 * Live progress as lines of at most `width` columns, redrawn in place by the caller: state, a bar with the time left,
 * trials by state, best so far beside the baselines, running trials with step, bar and loss (at most `maximumRunning`), and
 * the last failures (at most `maximumFailures`). Of more than `maximumLines` the last ones are left off, and a line says so.
 */
export function progressView(
  status: ProgressStatus,
  width: number,
  {
    now = new Date(),
    maximumRunning = 8,
    maximumFailures = 3,
    maximumLines = Infinity,
  }: { now?: Date; maximumRunning?: number; maximumFailures?: number; maximumLines?: number } = {},
): string[] {
  const lines: string[] = [];
  const fraction = status.stepsTotal ? status.stepsDone / status.stepsTotal : undefined;
  lines.push(`${fitLine(status.sweep, Math.max(8, width - 12))}  ${status.state}`);
  if (status.unanswered !== undefined)
    lines.push(...wrapParts(unansweredWords(status.unanswered), ' ', width, 2));
  if (fraction !== undefined) {
    const text = ` ${Math.min(100, Math.floor(fraction * 100))} %  ${formatCount(status.stepsDone)} of ~${formatCount(status.stepsTotal!)} steps`;
    lines.push(progressBar(fraction, Math.max(6, Math.min(40, width - displayWidth(text)))) + text);
  }
  if (status.failure) lines.push(...wrapReason(failureWords(status.failure), 2, width));
  if (status.data) lines.push(dataLine(status.data, width));
  if (status.waits !== undefined) lines.push(...wrapReason(`waits: ${status.waits}`, 2, width));
  lines.push(timesLine(status, now));
  lines.push(...wrapParts(`trials: ${countsLine(status.counts)}`, ' · ', width, 2));
  const results = bestLines(status);
  const headWidth = Math.max(11, ...results.map(({ head }) => displayWidth(head)));
  const figureWidth = Math.max(0, ...results.map(({ figure }) => displayWidth(figure)));
  // A name that would be cut to nothing beside its figure goes below it.
  const beside = headWidth + figureWidth + 4 + leastName <= width;
  for (const { head, figure, text } of results)
    if (beside)
      lines.push(`${padLine(head, headWidth)}  ${padLine(figure, figureWidth)}  ${fitLine(text, 200)}`);
    else lines.push(`${padLine(head, headWidth)}  ${figure}`, `  ${fitLine(text, 200)}`);
  const running = [...status.running].sort((a, b) => a.trial - b.trial);
  const digits = Math.max(0, ...running.map(({ trial }) => String(trial).length));
  for (const entry of running.slice(0, maximumRunning)) {
    const trial = `trial ${padLine(String(entry.trial), digits, 'right')}`;
    const loss = entry.loss === undefined ? '' : `  loss ${entry.loss.toPrecision(4)}`;
    const left =
      entry.secondsLeft === undefined
        ? ''
        : `${width < narrow ? ' ' : '  '}${formatDuration(Math.ceil(entry.secondsLeft))} left`;
    const doing =
      entry.phase === 'train'
        ? `${formatCount(entry.step)}/${formatCount(entry.toStep)}${left}${loss}`
        : entry.phase === 'evaluate'
          ? `evaluating${left}  at ${formatCount(entry.step)} steps`
          : `measuring on test data${left}`;
    const bar =
      entry.fraction === undefined ? '' : `${progressBar(entry.fraction, width < narrow ? 6 : 12)} `;
    const what = `${bar}${doing}`;
    lines.push(`  ${trial}  ${what}  ${fitLine(entry.label, 200)}`);
    if (entry.waiting !== undefined) lines.push(...wrapReason(`waits: ${entry.waiting}`, 10 + digits, width));
  }
  if (running.length > maximumRunning) lines.push(`  … and ${running.length - maximumRunning} more running`);
  const failures = status.failures ?? [];
  for (const { trial, kind, step, message } of failures.slice(0, maximumFailures))
    lines.push(`  trial ${trial} failed: ${kind} at step ${formatCount(step)}: ${fitLine(message, 300)}`);
  if (failures.length > maximumFailures)
    lines.push(
      `  … and ${failures.length - maximumFailures} more failed (rgsweep trials ${status.sweep} --state failed)`,
    );
  const shown =
    lines.length > maximumLines
      ? [
          ...lines.slice(0, Math.max(0, maximumLines - 1)),
          `… ${lines.length - maximumLines + 1} lines more in a taller window`,
        ]
      : lines;
  return shown.map((line) => cut(line, width));
}

/** `data  ██████░░░░ 60 %  about 2 min left  hybrid Monte Carlo` */
export function dataLine(
  { fraction, what, secondsLeft }: NonNullable<ProgressStatus['data']>,
  width: number,
): string {
  const left = secondsLeft === undefined ? '' : `  about ${formatDuration(secondsLeft)} left`;
  return cut(
    `data  ${progressBar(fraction, width < narrow ? 10 : 24)} ${Math.floor(100 * fraction)} %${left}  ${fitLine(what, 200)}`,
    width,
  );
}

/** `data-missing: cifar-10 is not there (…)`: why a sweep as a whole has failed. */
export function failureWords({ kind, message }: NonNullable<ProgressStatus['failure']>): string {
  return `${kind}: ${fitLine(message, 500)}`;
}

/** A reason over several lines: it ends with what matters most. */
function wrapReason(reason: string, indent: number, width: number): string[] {
  const lines = wrapParts(fitLine(reason, 520), ' ', Math.max(20, width - indent), 0);
  return lines.map((line) => ' '.repeat(indent) + line);
}

/** A line as several that are broken at a separator, all but the first indented. */
function wrapParts(text: string, separator: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of text.split(separator)) {
    const longer = line === '' ? part : `${line}${separator}${part}`;
    if (line === '' || displayWidth(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = ' '.repeat(indent) + part;
    }
  }
  return [...lines, line];
}

/** Cuts a line that keeps its own indentation and alignment. */
function cut(line: string, width: number): string {
  if (displayWidth(line) <= width) return line.trimEnd();
  let kept = '';
  for (const character of line) {
    if (displayWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

/** One line for a log or a pipe, where nothing can be redrawn; the caller prints it when it changed, with a time. */
export function progressLine(status: ProgressStatus, { now = new Date() }: { now?: Date } = {}): string {
  const parts = [`${fitLine(status.sweep, 60)} ${status.state}`];
  if (status.failure) parts.push(failureWords(status.failure));
  if (status.waits !== undefined) parts.push(`waits: ${fitLine(status.waits, 500)}`);
  if (status.stepsTotal)
    parts.push(`${formatCount(status.stepsDone)}/${formatCount(status.stepsTotal)} steps`);
  if (status.unanswered !== undefined) parts.push(unansweredWords(status.unanswered));
  parts.push(countsLine(status.counts).replace(/ · /g, ', '));
  const { name, unit } = metricWords(status.metric);
  if (status.best)
    parts.push(
      `best ${name} ${formatFigure(status.best)}${unit ? ` ${unit}` : ''} (trial ${status.best.trial}, ${fitLine(status.best.label, 80)})`,
    );
  for (const baseline of status.baselines)
    if (baseline.value !== undefined)
      parts.push(
        `${fitLine(baseline.name, 40)} ${formatFigure({ value: baseline.value, error: baseline.error })}`,
      );
  for (const { trial, waiting } of status.running)
    if (waiting !== undefined) parts.push(`trial ${trial} waits: ${fitLine(waiting, 200)}`);
  parts.push(timesLine(status, now).replace(/ · /g, ', '));
  return parts.join('; ');
}
