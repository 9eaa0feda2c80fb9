import { axesOf, type Axis } from '../../src/report/axes.js';
import { axisTitle } from '../../src/report/charts/parameterAxis.js';
import { formatCount, formatNumber, formatPlain } from '../../src/report/figures.js';
import { markdownTable } from '../../src/report/markdown.js';
import { markdownText } from '../../src/report/text.js';
import type { ParameterValue } from '../../src/space/types.js';
import type { TrialRecord } from '../../src/sweep/types.js';
import { quantile } from '../search/statistics.js';
import type { KeptSweep } from './kept.js';

/** A value of a categorical axis, or a third of a numeric one's range (on its own scale). */
interface Place {
  words: string;
  has: (value: ParameterValue) => boolean;
}

function placesOf(axis: Axis): Place[] {
  if (axis.kind === 'categorical')
    return axis.choices.map((choice) => ({ words: String(choice), has: (value) => value === choice }));
  const [from, to] = axis.log ? [Math.log(axis.low), Math.log(axis.high)] : [axis.low, axis.high];
  const edge = (third: number) => {
    const at = from + ((to - from) * third) / 3;
    return axis.log ? Math.exp(at) : at;
  };
  return [0, 1, 2].map((third) => ({
    words: `${formatPlain(edge(third))} … ${formatPlain(edge(third + 1))}`,
    has: (value) =>
      typeof value === 'number' &&
      value >= edge(third) - 1e-9 &&
      (third === 2 ? value <= edge(3) + 1e-9 : value < edge(third + 1)),
  }));
}

/** What a sweep found along each axis: how its trials did after the first rung, and the best of those that went furthest. */
export function axesTable({ snapshot }: KeptSweep, only?: (name: string) => boolean): string {
  const { rungs } = snapshot.spec.pruner;
  const searched = snapshot.trials.filter(
    (trial) => trial.baseline === undefined && trial.equals === undefined,
  );
  const at = (trial: TrialRecord, rung: number, metric: string) =>
    trial.rungs.find((result) => result.rung === rung)?.metrics[metric];
  const last = rungs.length - 1;
  const rows = axesOf(snapshot.spec.space)
    .filter(({ name }) => only?.(name) ?? true)
    .flatMap((axis) =>
      placesOf(axis).flatMap(({ words, has }, index) => {
        const own = searched.filter((trial) => {
          const value = trial.parameters[axis.name];
          return value !== undefined && has(value);
        });
        const values = (rung: number, metric: string) =>
          own.flatMap((trial) => {
            const value = at(trial, rung, metric);
            return value === undefined ? [] : [value];
          });
        const early = values(0, 'kl');
        const late = values(last, 'kl');
        const none = own.filter(
          (trial) =>
            at(trial, 0, 'kl') === undefined && trial.state !== 'running' && trial.state !== 'waiting',
        ).length;
        const show = (list: readonly number[], of: (all: readonly number[]) => number) =>
          list.length === 0 ? '–' : formatNumber(of(list));
        const middle = (all: readonly number[]) => quantile(all, 0.5);
        return [
          [
            index === 0 ? markdownText(axisTitle(axis.name), 60) : '',
            markdownText(words, 60),
            formatCount(own.length),
            formatCount(none),
            show(early, middle),
            show(values(0, 'ess'), middle),
            show(early, (all) => Math.min(...all)),
            formatCount(late.length),
            show(late, (all) => Math.min(...all)),
            show(values(last, 'ess'), (all) => Math.max(...all)),
          ],
        ];
      }),
    );
  const [first, end] = [formatCount(rungs[0]!), formatCount(rungs[last]!)];
  return markdownTable(
    [
      'axis',
      'value',
      'trials',
      'without KL',
      `median KL at ${first}`,
      `median ESS at ${first}`,
      `least KL at ${first}`,
      `reached ${end}`,
      `least KL at ${end}`,
      `largest ESS at ${end}`,
    ],
    rows,
  );
}
