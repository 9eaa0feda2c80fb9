import { metricFigure } from '../report/figures.js';
import { frontOf, frontSummary } from '../report/front.js';
import { foldReplicates } from '../sweep/replicates.js';
import type { ProgressStatus, RunningTrial } from '../report/progressStatus.js';
import { trainingTimeLeft } from '../report/timeLeft.js';
import { plannedSteps } from '../sweep/plannedSteps.js';
import { bestTrial, finalists, nextRung, type TrialRow } from '../sweep/state.js';
import type { TrialRecord, TrialState } from '../sweep/types.js';
import type { SweepView } from './collect.js';

/** The last failure of each trial that failed for good, newest first. */
function failuresOf(records: readonly TrialRecord[]): NonNullable<ProgressStatus['failures']> {
  return records
    .flatMap(({ trial, state, failures }) => {
      const last = failures.at(-1);
      return state === 'failed' && last ? [{ trial, ...last }] : [];
    })
    .sort((a, b) => b.at.localeCompare(a.at));
}

/** Searched configurations that have gone on from the rung below, a result or not. */
function searchedAt(rows: readonly TrialRow[], rung: number): number {
  return rows.filter(
    (row) =>
      row.baseline === undefined &&
      row.replicateOf === undefined &&
      (nextRung(row) > rung || (nextRung(row) === rung && row.segment?.kind === 'train')),
  ).length;
}

function trainingLeft(step: number, toStep: number, stepsPerSecond: number | undefined) {
  return {
    fraction: Math.min(1, step / toStep),
    ...(stepsPerSecond ? { secondsLeft: Math.max(0, toStep - step) / stepsPerSecond } : {}),
  };
}

/** Seconds that an evaluation took lately; undefined before the first. */
function usualEvaluation(records: readonly TrialRecord[]): number | undefined {
  const results = records.flatMap(({ rungs }) => rungs);
  const last = results.sort((a, b) => b.finishedAt.localeCompare(a.finishedAt)).slice(0, 10);
  return last.length > 0
    ? last.reduce((sum, { evaluateSeconds }) => sum + evaluateSeconds, 0) / last.length
    : undefined;
}

/** A trainer says nothing of how far its evaluation is: it is taken to last as long as the others did (on test data, of twice the samples). */
function evaluationLeft(seconds: number | undefined, usual: number | undefined) {
  if (seconds === undefined || !usual) return {};
  // Of one that takes longer nothing is known, and "0 s left" would stand there until it ends.
  return {
    fraction: Math.min(0.99, seconds / usual),
    ...(seconds < usual ? { secondsLeft: usual - seconds } : {}),
  };
}

/** A measurement on test data is of twice the samples. */
const testFactor = 2;

/** How far the last measurements are, once nothing is left to train; `usual`: seconds that an evaluation takes. */
function measuredOf(
  { machine, spec }: SweepView,
  running: readonly RunningTrial[],
  usual: number | undefined,
): ProgressStatus['measured'] {
  if (running.some(({ phase }) => phase !== 'test')) return undefined;
  const rows = finalists(machine, spec.pruner.rungs.length);
  const done = rows.filter(({ tested }) => tested).length;
  if (running.length === 0 && (done === 0 || done === rows.length)) return undefined;
  const begun = running.reduce((sum, { fraction = 0 }) => sum + fraction, 0);
  const left = rows.length - done - begun;
  // Where one takes longer than was expected, the others will, too: a level `final` may pay for what a rung does not.
  const late = running.some(
    ({ fraction, secondsLeft }) => fraction !== undefined && secondsLeft === undefined,
  );
  return {
    done,
    of: rows.length,
    ...(usual && !late
      ? { secondsLeft: (left * usual * testFactor) / Math.max(1, machine.concurrency) }
      : {}),
  };
}

/** Nothing is said of the time left while next to nothing is done. */
function dataLeft({
  fraction,
  what,
  seconds,
}: NonNullable<SweepView['data']>): NonNullable<ProgressStatus['data']> {
  return {
    fraction,
    what,
    ...(seconds !== undefined && fraction > 0.02
      ? { secondsLeft: (seconds * (1 - fraction)) / fraction }
      : {}),
  };
}

function reachedOf(row: TrialRow, rungs: readonly number[]): number {
  return row.values.length > 0 ? rungs[nextRung(row) - 1]! : 0;
}

/** Steps of a trial whose trainer has not spoken yet: its last rung, or where it was stopped on its way to the next. */
function standsAt(row: TrialRow, rungs: readonly number[], record: TrialRecord | undefined): number {
  const last = record?.failures.at(-1);
  return Math.max(reachedOf(row, rungs), last?.kind === 'preempted' ? last.step : 0);
}

/** A view of a sweep as the progress display and `status --json` show it. */
export function progressOf(view: SweepView): ProgressStatus {
  const { spec, machine, records } = view;
  const { rungs } = spec.pruner;
  const { metric, direction } = spec.objective;
  const recordOf = new Map(records.map((record) => [record.trial, record]));
  const counts: Partial<Record<TrialState, number>> = {};
  for (const row of machine.trials) counts[row.state] = (counts[row.state] ?? 0) + 1;

  const evaluationSeconds = usualEvaluation(records);
  const running: RunningTrial[] = view.running.map(({ trial, purpose, progress }) => {
    const row = machine.trials[trial]!;
    const toStep = progress?.toStep ?? rungs[row.segment?.rung ?? 0]!;
    const from = standsAt(row, rungs, recordOf.get(trial));
    const phase = purpose === 'test' ? 'test' : (progress?.purpose ?? 'train');
    const step = progress?.step ?? from;
    return {
      trial,
      label: recordOf.get(trial)?.label ?? '',
      phase,
      step,
      toStep,
      ...(phase === 'train'
        ? trainingLeft(step, toStep, progress?.stepsPerSecond)
        : evaluationLeft(
            progress?.seconds,
            evaluationSeconds && evaluationSeconds * (phase === 'test' ? testFactor : 1),
          )),
      ...(progress?.waiting === undefined ? {} : { waiting: progress.waiting }),
      ...(progress?.loss === undefined ? {} : { loss: progress.loss }),
      ...(progress?.stepsPerSecond === undefined ? {} : { stepsPerSecond: progress.stepsPerSecond }),
    };
  });

  // Figures are of configurations: one of several seeds says little, and the best of them less.
  const judged = foldReplicates({
    spec,
    state: view.state,
    startedAt: view.startedAt,
    trials: records,
    curves: new Map(),
  });
  const figureOf = (trial: number) => {
    const result = judged.trials.find((record) => record.trial === trial)?.rungs.at(-1);
    const figure = result && metricFigure(result.metrics, metric);
    return figure && { ...figure, step: result.step };
  };
  const front = frontOf(judged);
  const measured = measuredOf(view, running, evaluationSeconds);
  const best = bestTrial(machine, rungs.length);
  const bestFigure = best && figureOf(best.trial);
  const stepOf = (row: TrialRow) =>
    Math.max(
      standsAt(row, rungs, recordOf.get(row.trial)),
      running.find((one) => one.trial === row.trial)?.step ?? 0,
    );
  const plan = plannedSteps(
    { ...spec, budget: { ...spec.budget, trials: machine.trialBudget } },
    rungs.map((_, rung) => searchedAt(machine.trials, rung)),
  );
  // What a failed trial does not train any more is not left to be trained.
  const givenUp = machine.trials
    .filter(({ state }) => state === 'failed')
    .reduce((sum, row) => {
      const planned = row.baseline === undefined ? rungs[nextRung(row)] : rungs.at(-1);
      return sum + Math.max(0, (planned ?? 0) - reachedOf(row, rungs));
    }, 0);
  const stepsDone = machine.trials.reduce((sum, row) => sum + stepOf(row), 0);
  const stepsTotal = plan.steps - givenUp;
  const spoken = new Set(view.running.flatMap(({ trial, progress }) => (progress ? [trial] : [])));
  const secondsLeft = trainingTimeLeft({
    steps: stepsTotal - stepsDone,
    running: running.filter(({ trial }) => spoken.has(trial)),
    results: records.flatMap((record) => record.rungs),
    rungs,
  });
  return {
    sweep: spec.name,
    state: view.state,
    ...(view.unanswered === undefined ? {} : { unanswered: view.unanswered }),
    metric,
    direction,
    ...(view.data ? { data: dataLeft(view.data) } : {}),
    ...(view.waits === undefined ? {} : { waits: view.waits }),
    ...(view.failure ? { failure: view.failure } : {}),
    counts,
    running,
    ...(measured ? { measured } : {}),
    ...(best && bestFigure
      ? { best: { ...bestFigure, trial: best.trial, label: recordOf.get(best.trial)?.label ?? '' } }
      : {}),
    ...(front ? { front: frontSummary(front) } : {}),
    baselines: spec.baselines.map((name) => {
      const row = machine.trials.find((one) => one.baseline === name);
      return { name, ...(row ? figureOf(row.trial) : {}) };
    }),
    failures: failuresOf(records),
    stepsDone,
    stepsTotal,
    ...(secondsLeft === undefined ? {} : { secondsLeft }),
    startedAt: view.startedAt,
    ...(view.finishedAt === undefined ? {} : { finishedAt: view.finishedAt }),
  };
}
