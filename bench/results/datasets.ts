import { formatFigure, metricTitle, type Figure } from '../../src/report/figures.js';
import { markdownTable } from '../../src/report/markdown.js';
import { markdownText } from '../../src/report/text.js';
import { judgedOf, referenceOf } from './answer.js';
import { contendersOf, differenceOf, figureOf, isSearched, type Contender } from './contenders.js';
import type { Experiment } from './experiments.js';
import { finalsOf } from './joined.js';
import type { KeptSweep } from './kept.js';

const cell = (figure: Figure | undefined): string => (figure ? formatFigure(figure) : '–');

interface Row {
  kept: KeptSweep;
  contender: Contender;
}

const row = (kept: KeptSweep | undefined, contender: Contender | undefined): Row | undefined =>
  kept && contender && { kept, contender };

const objective = ({ kept, contender }: Row): Figure | undefined =>
  figureOf(kept.snapshot, contender, kept.snapshot.spec.objective.metric);

const named = (kept: KeptSweep | undefined, name: string) =>
  kept && contendersOf(kept).find((one) => one.name === name);

const bestOf = (kept: KeptSweep | undefined) => kept && contendersOf(kept).find(isSearched);

/**
 * The data sets side by side: the winner of the whole search, the winner of the equal search of standard diffusion and `standard` itself,
 * each by its objective, and how much better the first is than the second, paired. Of the finals where they are kept; else of the
 * searches, one seed each, without a difference.
 */
export function datasetTable(
  experiments: readonly Experiment[],
  kept: ReadonlyMap<string, KeptSweep>,
): string {
  const rows = experiments.flatMap((experiment) => {
    const [search, standard] = [experiment.search, experiment.standard].map((name) => kept.get(name));
    const finals = finalsOf(experiment, kept);
    const any = finals ?? search;
    if (!any) return [[experiment.title, '–', 'not run', '–', '–', '–', '–', '–']];
    const winner = finals ? row(finals, judgedOf(contendersOf(finals))) : row(search, bestOf(search));
    const other = finals ? row(finals, referenceOf(contendersOf(finals))) : row(standard, bestOf(standard));
    const plain = row(any, named(any, 'standard'));
    const difference =
      finals && winner && other ? differenceOf(finals, winner.contender, other.contender) : undefined;
    const ess = [winner, other, plain].map(
      (one) => one && figureOf(one.kept.snapshot, one.contender, 'ess')?.value.toFixed(3),
    );
    return [
      [
        experiment.title,
        metricTitle(any.snapshot.spec.objective.metric),
        finals
          ? `finals, ${finals.snapshot.spec.replicates ?? 1} seeds`
          : search?.snapshot.state === 'complete' && (standard?.snapshot.state ?? '') === 'complete'
            ? 'searches, one seed'
            : 'searches, not ended',
        cell(winner && objective(winner)),
        cell(other && objective(other)),
        cell(plain && objective(plain)),
        cell(difference),
        ess.some((value) => value !== undefined) ? ess.map((value) => value ?? '–').join(', ') : '–',
      ],
    ];
  });
  return markdownTable(
    [
      'data set',
      'figure',
      'from',
      'winner of the whole search',
      'winner among standard diffusion',
      'standard',
      'the first better than the second by',
      'ESS of the three',
    ],
    rows.map((cells) => cells.map((text) => markdownText(text, 90))),
  );
}
