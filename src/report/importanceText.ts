import { formatCount, formatFigure, metricTitle } from './figures.js';
import type { SweepImportance } from './importance.js';
import { layoutTable } from './table.js';

/** Importance as people read it in a terminal. */
export function importanceText(
  { metric, step, trials, fanova, pedAnova }: SweepImportance,
  width: number,
): string {
  const best = new Map(pedAnova.main.map((row) => [row.name, row]));
  const rows = fanova.main.map(({ name, value, error }) => {
    const { value: share, error: shareError, chance } = best.get(name)!;
    return [
      name,
      formatFigure({ value, error }),
      formatFigure({ value: share, error: shareError }),
      chance > 0.05 ? 'may be chance' : `p ${chance.toFixed(3)}`,
    ];
  });
  const pairs = fanova.pairs
    .filter(({ value, error }) => value > 2 * error && value > 0.01)
    .map(({ names, ...share }) => `${names.join(' × ')} ${formatFigure(share)}`);
  const table = layoutTable(
    [
      { title: 'parameter', align: 'left', flexible: 12, dispensable: 0 },
      { title: 'share of variance', align: 'right', dispensable: 0 },
      { title: `share for the best ${pedAnova.good}`, align: 'right', dispensable: 0 },
      { title: 'of being none', align: 'left', dispensable: 1 },
    ],
    rows,
    width,
  );
  return [
    `${metricTitle(metric)} after ${formatCount(step)} steps, ${formatCount(trials)} trials`,
    '',
    ...table,
    '',
    `together beyond each alone: ${pairs.join(', ') || 'nothing that can be told from none'}`,
    'variance: over random draws of the space (fANOVA). best: what makes a trial one of the best (PED-ANOVA). ± one standard error.',
    '',
  ].join('\n');
}
