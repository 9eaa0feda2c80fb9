import { formatCount, formatDuration, formatNumber } from '../../src/report/figures.js';
import { markdownTable } from '../../src/report/markdown.js';
import { taskWords } from '../../src/report/taskWords.js';
import { markdownText } from '../../src/report/text.js';
import type { TrialRecord } from '../../src/sweep/types.js';
import type { KeptSweep } from './kept.js';
import { spearman } from './spearman.js';

const valueAt = (trial: TrialRecord, step: number, metric: string) =>
  trial.rungs.find((result) => result.step === step)?.metrics[metric];

/**
 * How well an early rung tells the last: rank correlation of the objective (of which less is better) over all trials that have both, and the regret of taking the early
 * rung's best to be the last one's. Trials that a pruner promoted are the good ones only: a sweep in which all go to the end says
 * what the early rung is worth.
 */
export function rungTable(sweeps: readonly KeptSweep[]): string {
  const rows = sweeps.flatMap(({ snapshot }) => {
    const { rungs } = snapshot.spec.pruner;
    const { metric } = snapshot.spec.objective;
    const pairs = rungs.flatMap((from, i) => rungs.slice(i + 1).map((to) => [from, to] as const));
    return pairs.flatMap(([from, to]) => {
      // No pruner judges baselines: among what a search promoted they would say nothing of the rungs.
      const own = snapshot.trials.filter(
        ({ baseline }) => snapshot.spec.budget.trials === 0 || baseline === undefined,
      );
      const both = own.flatMap((trial) => {
        const [early, late] = [valueAt(trial, from, metric), valueAt(trial, to, metric)];
        return trial.equals !== undefined || early === undefined || late === undefined
          ? []
          : [{ early, late }];
      });
      const correlation = spearman(
        both.map(({ early }) => early),
        both.map(({ late }) => late),
      );
      if (!correlation) return [];
      const chosen = both.reduce((best, one) => (one.early < best.early ? one : best));
      const best = Math.min(...both.map(({ late }) => late));
      return [
        [
          markdownText(snapshot.spec.name, 60),
          `${formatCount(from)} → ${formatCount(to)}`,
          formatCount(correlation.count),
          `${correlation.value.toFixed(2)} (${correlation.low.toFixed(2)} … ${correlation.high.toFixed(2)})`.replace(
            /-/g,
            '−',
          ),
          formatNumber(chosen.late - best),
        ],
      ];
    });
  });
  return rows.length === 0
    ? 'No sweep has five trials at two rungs yet.'
    : markdownTable(['sweep', 'steps', 'trials with both', 'Spearman (95 %)', 'regret in nats'], rows);
}

/** What each sweep cost, and what full training of all its trials would have. */
export function costTable(sweeps: readonly KeptSweep[]): string {
  return markdownTable(
    [
      'sweep',
      'task',
      'searched trials',
      'failed',
      'steps paid',
      'steps without a pruner',
      'saved',
      'trainer hours',
      'wall time',
    ],
    sweeps.map(({ snapshot }) => {
      const { trials, spec, startedAt, finishedAt } = snapshot;
      const paid = trials.reduce((sum, trial) => sum + trial.stepsPaid, 0);
      const last = spec.pruner.rungs.at(-1)!;
      // A trial that failed would have failed without a pruner too.
      const whole = trials.reduce(
        (sum, trial) =>
          sum +
          (trial.equals !== undefined
            ? 0
            : trial.state === 'failed'
              ? trial.stepsPaid
              : Math.max(last, trial.stepsPaid)),
        0,
      );
      const seconds = trials.reduce((sum, trial) => sum + (trial.trainerSeconds ?? 0), 0);
      return [
        markdownText(spec.name, 60),
        markdownText(taskWords(snapshot), 90),
        formatCount(
          trials.filter(({ baseline, replicateOf }) => baseline === undefined && replicateOf === undefined)
            .length,
        ),
        formatCount(trials.filter(({ state }) => state === 'failed').length),
        formatCount(paid),
        formatCount(whole),
        finishedAt !== undefined && whole > 0 ? `${Math.round(100 * (1 - paid / whole))} %` : '–',
        (seconds / 3600).toFixed(1),
        finishedAt === undefined
          ? 'not ended'
          : formatDuration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000),
      ];
    }),
  );
}
