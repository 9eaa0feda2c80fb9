import { progressOf } from '../cli/progress.js';
import { countsLine } from '../report/progress.js';
import { taskWords } from '../report/taskWords.js';
import { formatDuration, formatFigure, metricWords } from '../report/figures.js';
import { cleanLine, fitLine } from '../report/text.js';
import { messageOf } from '../errors.js';
import type { SweepLine } from './api.js';
import type { FeedState } from './feed.js';
import { snapshotOf } from './sweepAnswer.js';

/** One line of the list of sweeps. */
export function sweepLine({ view, problem }: FeedState, now: Date): SweepLine {
  const status = progressOf(view);
  const { name, unit } = metricWords(status.metric);
  const end = view.finishedAt === undefined ? now.getTime() : Date.parse(view.finishedAt);
  return {
    name: cleanLine(view.spec.name),
    state: view.state,
    task: taskWords(snapshotOf(view)),
    startedAt: view.startedAt,
    duration: formatDuration((end - Date.parse(view.startedAt)) / 1000),
    trials: countsLine(status.counts),
    best: status.best ? `${name} ${formatFigure(status.best)}${unit ? ` ${unit}` : ''}` : '',
    ...(problem === undefined ? {} : { problem: fitLine(problem, 300) }),
  };
}

/** A sweep that cannot be read is still in the list, with the reason. */
export function unreadableLine(name: string, error: unknown): SweepLine {
  return {
    name: cleanLine(name),
    state: 'unreadable',
    task: '',
    startedAt: '',
    duration: '',
    trials: '',
    best: '',
    problem: fitLine(messageOf(error), 300),
  };
}
