import { stringify } from 'yaml';
import type { SweepView } from '../cli/collect.js';
import { progressOf } from '../cli/progress.js';
import { failuresOf, standingRows } from '../report/content.js';
import { taskWords } from '../report/taskWords.js';
import {
  companionMetric,
  directionWords,
  formatCount,
  formatDuration,
  metricTitle,
} from '../report/figures.js';
import { gallery, type GalleryChart, type GalleryInput } from '../report/gallery.js';
import { remainingWords, type RunningTrial } from '../report/progressStatus.js';
import type { PerConfiguration } from '../report/pairs.js';
import { bestSearched, standings, type Standings } from '../report/ranking.js';
import { cleanLine, fitLine } from '../report/text.js';
import { tiles } from '../report/tiles.js';
import type { TrialTable } from '../report/trialRows.js';
import { unsettled } from '../report/unsettled.js';
import { sourceWords, verdict } from '../report/verdict.js';
import type { Parameters } from '../space/types.js';
import { foldReplicates } from '../sweep/replicates.js';
import type { SweepSnapshot, SweepState } from '../sweep/types.js';
import type { ChartPlace, RowText, RunningLine, SectionText, SweepAnswer, TrialsAnswer } from './api.js';
import type { FeedState } from './feed.js';

/** A sweep as charts and tables take it, seeds of one configuration as one; learning curves are read when a chart needs them. */
export function snapshotOf(view: SweepView): SweepSnapshot {
  return foldReplicates({
    spec: view.spec,
    state: view.state,
    ...(view.failure ? { failure: view.failure } : {}),
    startedAt: view.startedAt,
    ...(view.finishedAt === undefined ? {} : { finishedAt: view.finishedAt }),
    trials: view.records,
    curves: new Map(),
  });
}

/** What may be asked of a sweep in a state, in the words of its buttons. */
export function actionsFor(
  state: SweepState,
  open: boolean,
  model: Parameters | undefined,
): SweepAnswer['actions'] {
  if (!open) return [];
  const enqueue = {
    action: 'enqueue',
    title: 'Enqueue',
    question: `Parameters of a trial to train next, one \`name: value\` a line.${model ? ' These are the best trial’s: change what you like.' : ''}`,
    text: model ? stringify(model) : '',
  };
  const stop = {
    action: 'stop',
    title: 'Stop',
    question: 'Stop the sweep? Running trials write a checkpoint first; it can be resumed from the store.',
  };
  if (state === 'running')
    return [
      { action: 'pause', title: 'Pause', question: '' },
      {
        action: 'pause-now',
        title: 'Pause now',
        question: 'Pause at once? Running trials write a checkpoint and give their trainer back.',
      },
      enqueue,
      stop,
    ];
  return state === 'paused' ? [{ action: 'resume', title: 'Resume', question: '' }, enqueue, stop] : [];
}

export function runningLine(one: RunningTrial, started: boolean): RunningLine {
  const doing = !started
    ? 'waiting for a trainer'
    : one.phase === 'train'
      ? 'training'
      : one.phase === 'evaluate'
        ? 'evaluating'
        : 'measuring on test data';
  const left = one.secondsLeft === undefined ? '' : `, ${formatDuration(Math.ceil(one.secondsLeft))} left`;
  const loss = one.loss === undefined ? '' : `, loss ${one.loss.toPrecision(4)}`;
  return {
    trial: one.trial,
    label: fitLine(one.label, 120),
    doing,
    ...(one.fraction !== undefined && started ? { fraction: one.fraction } : {}),
    text:
      one.phase === 'train'
        ? `${formatCount(one.step)} of ${formatCount(one.toStep)} steps${loss}${left}`
        : `at ${formatCount(one.step)} steps${left}`,
  };
}

export function runningLines(view: SweepView): RunningLine[] {
  const known = new Map(view.running.map((segment) => [segment.trial, segment]));
  return progressOf(view).running.map((one) =>
    runningLine(one, known.get(one.trial)?.progress !== undefined),
  );
}

export function chartPlace(chart: GalleryChart, input: GalleryInput): ChartPlace {
  const choices = chart.choices?.(input);
  return {
    id: chart.id,
    title: chart.title,
    caption: chart.caption(input.snapshot),
    small: chart.small,
    ...(choices
      ? {
          choices: choices.map(({ options, ...rest }) => ({
            ...rest,
            options: options.map(({ value, title }) => ({ value, title: fitLine(title, 60) })),
          })),
        }
      : {}),
  };
}

function sectionsOf(input: GalleryInput): SectionText[] {
  return gallery.map((section) => ({
    id: section.id,
    title: section.title,
    ...(section.lead === undefined ? {} : { lead: section.lead }),
    keys: section.keys(input.snapshot),
    charts: section.charts.map((chart) => chartPlace(chart, input)),
  }));
}

function progressText(view: SweepView): SweepAnswer['progress'] {
  const status = progressOf(view);
  if (!status.stepsTotal || view.finishedAt !== undefined) return undefined;
  const fraction = Math.min(1, status.stepsDone / status.stepsTotal);
  const remaining = remainingWords(status);
  return {
    fraction,
    text: `${Math.floor(100 * fraction)} %, ${formatCount(status.stepsDone)} of about ${formatCount(status.stepsTotal)} steps${
      remaining === undefined ? '' : `, ${remaining}`
    }`,
  };
}

function standingsText(snapshot: SweepSnapshot, table: Standings | undefined): SweepAnswer['standings'] {
  if (!table) return null;
  const { metric } = snapshot.spec.objective;
  return {
    heads: [
      'schedule',
      metricTitle(metric),
      metricTitle(companionMetric(snapshot.spec)),
      'against standard',
      'steps paid',
    ],
    lead: `${metricTitle(metric)}, ${directionWords(snapshot.spec.objective)}, ${sourceWords(table.source)}.`,
    rows: standingRows(snapshot, table).map(({ trial, ...row }) => ({
      ...row,
      trial: trial.trial,
      role: trial === table.best ? 'best' : trial === table.standard ? 'standard' : 'baseline',
    })),
  };
}

const seedsText = (seeds: number): string =>
  `A row is a configuration under its first trial’s number: the mean of ${seeds} seeds, with an error that holds what differs between them. ` +
  `Steps are of all its seeds; before all of them have a result there is no figure.`;

/** What the page shows of a sweep beside its table and charts. */
export function sweepAnswer(
  feed: FeedState,
  {
    allowActions,
    now,
    table,
    perConfiguration,
  }: { allowActions: boolean; now: Date; table: TrialTable; perConfiguration?: PerConfiguration },
): SweepAnswer {
  const { view, connected, version, problem } = feed;
  const snapshot = snapshotOf(view);
  const comparison = standings(snapshot, perConfiguration);
  const progress = progressText(view);
  const ended = view.finishedAt !== undefined;
  const notice =
    problem !== undefined
      ? `Not up to date: ${fitLine(problem, 300)}`
      : !connected && !ended
        ? 'No Temporal server answers: this is what the store knows, without what is running now.'
        : connected && !view.open && !ended && view.records.length > 0
          ? `The sweep’s workflow is not open on the server; \`rgsweep resume ${view.spec.name}\` goes on from the store.`
          : undefined;
  return {
    name: cleanLine(view.spec.name),
    state: view.state,
    kicker: taskWords(snapshot),
    verdict: cleanLine(verdict(snapshot, perConfiguration)),
    tiles: tiles(snapshot, comparison, now),
    ...(progress ? { progress } : {}),
    ...(view.data
      ? {
          data: {
            fraction: view.data.fraction,
            text: `${fitLine(view.data.what, 80)}, ${Math.round(100 * view.data.fraction)} %`,
          },
        }
      : {}),
    running: runningLines(view),
    connected,
    ...(notice === undefined ? {} : { notice }),
    version,
    trials: snapshot.trials.length,
    columns: table.columns.map(({ id, title, number }) => ({ id, title, number })),
    shared: table.shared,
    ...((view.spec.replicates ?? 1) > 1 ? { rows: seedsText(view.spec.replicates!) } : {}),
    standings: standingsText(snapshot, comparison),
    unsettled: unsettled(snapshot, perConfiguration).map((line) => fitLine(line, 600)),
    sections: sectionsOf({ snapshot, now }),
    best: bestSearched(snapshot)?.trial ?? null,
    failures: failuresOf(snapshot).length,
    actions: allowActions ? actionsFor(view.state, view.open, bestSearched(snapshot)?.parameters) : [],
  };
}

/** The rows that changed after `since`, and the order of all. */
export function trialsAnswer(feed: FeedState, table: TrialTable, since: number): TrialsAnswer {
  const changed = new Set<number>();
  for (const { trial, replicateOf } of feed.view.records)
    if ((feed.changedAt.get(trial) ?? 0) > since) changed.add(replicateOf ?? trial);
  const rows = table.rows
    .filter(({ trial }) => changed.has(trial.trial))
    .map(({ trial, cells }): RowText => ({
      trial: trial.trial,
      state: trial.state,
      cells: cells.map(({ text, value }) => (value === undefined ? text : [text, value])),
    }));
  return { version: feed.version, order: table.rows.map(({ trial }) => trial.trial), rows };
}
