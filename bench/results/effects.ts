import type { DataStatistics } from '../../src/basis/types.js';
import {
  formatCount,
  formatFigure,
  metricFigure,
  metricTitle,
  type Figure,
} from '../../src/report/figures.js';
import { markdownTable } from '../../src/report/markdown.js';
import { isBetter } from '../../src/report/ranking.js';
import { markdownText } from '../../src/report/text.js';
import { inEffect } from '../../src/schedule/inEffect.js';
import { createProcess } from '../../src/schedule/process.js';
import type { SweepSnapshot, TrialRecord } from '../../src/sweep/types.js';
import type { Effect, KeptSweep } from './kept.js';

/** What the schedule of each trial comes to on the data it was trained on. */
export function effectsOf(
  { spec, trials }: SweepSnapshot,
  statistics: DataStatistics,
): ReadonlyMap<number, Effect> {
  return new Map(
    trials.map(({ trial, parameters }) => [
      trial,
      inEffect(createProcess({ ...spec.defaults, ...parameters }, statistics)) ?? 'by-scale',
    ]),
  );
}

const words: Record<Effect, string> = {
  standard: 'standard diffusion: white noise, one γ(t)',
  'one-gamma': 'one γ(t), coloured noise',
  'by-scale': 'components treated differently: by scale, or site by site',
};

/** Searched trials by what their schedules come to: how many reached each rung, and the best of them there. */
export function effectsTable({ snapshot, effects }: KeptSweep): string {
  if (!effects) return 'What the schedules come to is not kept of this sweep.';
  const { rungs } = snapshot.spec.pruner;
  const { metric } = snapshot.spec.objective;
  const kinds = Object.keys(words) as Effect[];
  const cells = (kind: Effect) =>
    rungs.flatMap((_, rung) => {
      const there = snapshot.trials.flatMap((trial: TrialRecord): Figure[] => {
        const result = trial.rungs.find((one) => one.rung === rung);
        const figure = result && metricFigure(result.metrics, metric);
        return figure && trial.baseline === undefined && effects.get(trial.trial) === kind ? [figure] : [];
      });
      const best = there.reduce<Figure | undefined>(
        (found, one) => (found && !isBetter(snapshot, one.value, found.value) ? found : one),
        undefined,
      );
      return [formatCount(there.length), best ? formatFigure(best) : '–'];
    });
  return markdownTable(
    [
      'what the schedule comes to',
      ...rungs.flatMap((step) => [
        `trials at ${formatCount(step)}`,
        `best ${metricTitle(metric)} at ${formatCount(step)}`,
      ]),
    ],
    kinds.map((kind) => [words[kind], ...cells(kind)].map((text) => markdownText(text, 90))),
  );
}
