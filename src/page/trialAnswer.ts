import { sweepShape } from '../data/sweepData.js';
import { captions } from '../report/captions.js';
import { parameterText } from '../report/content.js';
import { fieldGrid, fieldLimit } from '../report/fields.js';
import {
  formatCount,
  formatDuration,
  formatFigure,
  formatTime,
  metricFigure,
  metricTitle,
  type Figure,
} from '../report/figures.js';
import { loadTrialArtifacts } from '../report/load.js';
import { bestSearched } from '../report/ranking.js';
import { cleanLine, fitLine } from '../report/text.js';
import { shownMetrics } from '../report/table.js';
import { stateText, type TrialTable } from '../report/trialRows.js';
import { taskWords } from '../report/taskWords.js';
import { readLogs } from '../store/logs.js';
import type { ObjectStore } from '../store/types.js';
import type { TrialRecord } from '../sweep/types.js';
import type { FactText, TrialAnswer } from './api.js';
import type { FeedState } from './feed.js';
import { runningLines, snapshotOf } from './sweepAnswer.js';

/** Lines of a trial's log that its page shows. */
const shownLogLines = 200;

/** Metrics that are no figure of merit but belong to one, as its error does. */
const isError = (name: string, all: Readonly<Record<string, number>>): boolean =>
  name.endsWith('Error') && Object.hasOwn(all, name.slice(0, -'Error'.length));

/** A figure as people read it; what counts something has no places after the point. */
const figureText = (name: string, figure: Figure): string =>
  name === 'functionEvaluations' ? formatCount(figure.value) : formatFigure(figure);

function metricFacts(metrics: Readonly<Record<string, number>>): FactText[] {
  return Object.keys(metrics)
    .filter((name) => !isError(name, metrics))
    .flatMap((name) => {
      const figure = metricFigure(metrics, name);
      return [
        {
          name: fitLine(metricTitle(name), 60),
          value: figure ? figureText(name, figure) : 'not a finite number',
        },
      ];
    });
}

/** Results by rung; what the sweep is judged by comes first. */
function rungTable(trial: TrialRecord, first: readonly string[]): TrialAnswer['rungs'] {
  const all = [
    ...new Set(
      trial.rungs.flatMap(({ metrics }) => Object.keys(metrics).filter((name) => !isError(name, metrics))),
    ),
  ];
  const names = [
    ...first.filter((name) => all.includes(name)),
    ...all.filter((name) => !first.includes(name)),
  ].slice(0, 16);
  return {
    heads: [
      'steps',
      ...names.map((name) => fitLine(metricTitle(name), 40)),
      'training',
      'evaluation',
      'steps/s',
      'finished',
    ],
    rows: trial.rungs.map((result) => [
      formatCount(result.step),
      ...names.map((name) => {
        const figure = metricFigure(result.metrics, name);
        return figure ? figureText(name, figure) : '–';
      }),
      formatDuration(result.trainSeconds),
      formatDuration(result.evaluateSeconds),
      result.stepsPerSecond.toFixed(1),
      formatTime(result.finishedAt),
    ]),
  };
}

/** Everything the page shows of one trial. Undefined when the sweep has no such trial. */
export async function trialAnswer(
  feed: FeedState,
  table: TrialTable,
  number: number,
  store: ObjectStore,
): Promise<TrialAnswer | undefined> {
  const { view } = feed;
  const trial = view.records.find((record) => record.trial === number);
  if (!trial) return undefined;
  const snapshot = snapshotOf(view);
  const place = table.rows.findIndex((row) => row.trial.trial === number);
  const running = runningLines(view).find((line) => line.trial === number);
  const artifacts = (await loadTrialArtifacts(store, snapshot, trial))?.trial;
  const shape = sweepShape(snapshot.spec.task);
  const log = await readLogs(store, snapshot.spec.name, number);
  const grid =
    artifacts?.samples &&
    shape &&
    fieldGrid(artifacts.samples, shape, {
      rows: 4,
      columns: 8,
      limit: fieldLimit(artifacts.samples),
    });
  const facts: FactText[] = [
    { name: 'schedule', value: fitLine(trial.label, 200) || '–' },
    { name: 'family', value: trial.family },
    {
      name: 'origin',
      value: trial.baseline === undefined ? trial.origin : `baseline ${fitLine(trial.baseline, 60)}`,
    },
    ...(trial.replicateOf === undefined
      ? []
      : [
          {
            name: 'configuration',
            value: `trial ${trial.replicateOf}: this is another seed of it${trial.confirms ? ', trained to confirm it' : ''}`,
          },
        ]),
    ...(trial.equals === undefined
      ? []
      : [{ name: 'equals', value: `trial ${trial.equals}: the same noise path, not trained again` }]),
    { name: 'steps paid', value: formatCount(trial.stepsPaid) },
    { name: 'seed', value: String(trial.seed) },
    { name: 'backend', value: trial.backend ? fitLine(trial.backend, 40) : '–' },
    { name: 'created', value: formatTime(trial.createdAt) },
    { name: 'last change', value: formatTime(trial.updatedAt) },
  ];
  const last = trial.failures.length - 1;
  return {
    trial: number,
    title:
      trial.baseline === undefined
        ? `Trial ${number}`
        : `Trial ${number}: baseline ${fitLine(trial.baseline, 60)}`,
    state: stateText(trial),
    kicker: taskWords(snapshot),
    best: bestSearched(snapshot)?.trial === number,
    ...(running ? { running } : {}),
    facts,
    parameters: Object.entries(trial.parameters).map(([name, value]) => ({
      name: fitLine(name, 80),
      value: typeof value === 'string' ? fitLine(value, 400) : parameterText(value),
    })),
    rungs: rungTable(trial, shownMetrics(snapshot)),
    test: trial.test ? metricFacts(trial.test) : [],
    failures: trial.failures
      .map((failure, index) => ({
        kind: fitLine(failure.kind, 40),
        step: formatCount(failure.step),
        message: fitLine(failure.message, 2000),
        at: formatTime(failure.at),
        then: trial.state === 'failed' && index === last ? 'given up' : 'tried again',
      }))
      .slice(-100),
    charts: [
      { id: 'trial-loss', title: 'Learning curve', caption: captions.loss(undefined), small: false },
      { id: 'trial-gamma', title: 'γᵢ(t)', caption: captions.gamma, small: false },
      { id: 'trial-noise', title: 'nᵢ(t)', caption: captions.noise, small: false },
      { id: 'trial-cutoff', title: 'K over momentum', caption: captions.cutoff, small: false },
    ],
    samples: grid
      ? [
          {
            name: `${grid.shown} fields that the model drew at its last evaluation`,
            source: grid.source,
            width: grid.width,
            height: grid.height,
          },
        ]
      : [],
    log:
      log.length === 0
        ? null
        : {
            lines: log
              .slice(-shownLogLines)
              .map(({ at, level, text }) =>
                cleanLine(`${at.slice(11, 19)} ${level === 'output' ? '' : `${level}: `}${text}`),
              ),
            from: `${log.length > shownLogLines ? `The last ${shownLogLines} of ${formatCount(log.length)} lines` : 'What'} its trainers printed and its workers said, oldest first; times in UTC.`,
          },
    commands: [
      `npx rgsweep show ${cleanLine(snapshot.spec.name)} ${number}`,
      `npx rgsweep logs ${cleanLine(snapshot.spec.name)} ${number}`,
      ...(trial.rungs.length > 0
        ? [`npx rgsweep sample ${cleanLine(snapshot.spec.name)} ${number} --output samples`]
        : []),
      ...(trial.state === 'failed'
        ? [`npx rgsweep resume ${cleanLine(snapshot.spec.name)} --trials ${number}`]
        : []),
    ],
    better: place > 0 ? table.rows[place - 1]!.trial.trial : null,
    worse: place >= 0 && place < table.rows.length - 1 ? table.rows[place + 1]!.trial.trial : null,
  };
}
