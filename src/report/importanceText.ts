import { formatCount, formatFigure, metricTitle } from './figures.js';
import { mostChance, type SweepImportance } from './importance.js';
import { layoutTable } from './table.js';

/** Which results importance was read from: `from 80 results after 1,000 steps`, and those of the best where they are others. */
export function importanceSource({ step, trials, best }: SweepImportance): string {
  const results = `from ${formatCount(trials)} results after ${formatCount(step)} steps`;
  return step === best.step
    ? results
    : `the variance ${results}, what makes one of the best from the ${formatCount(best.trials)} that pruning left after ${formatCount(best.step)}`;
}

/** Importance as people read it in a terminal. */
export function importanceText(found: SweepImportance, width: number): string {
  const { metric, fanova, pedAnova } = found;
  const best = new Map(pedAnova.main.map((row) => [row.name, row]));
  const rows = fanova.main.map(({ name, value, error }) => {
    const { value: share, error: shareError, chance } = best.get(name)!;
    return [
      name,
      formatFigure({ value, error }),
      formatFigure({ value: share, error: shareError }),
      chance > mostChance ? 'may be chance' : `p ${chance.toFixed(3)}`,
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
    `${metricTitle(metric)}: ${importanceSource(found)}`,
    '',
    ...table,
    '',
    `together beyond each alone: ${pairs.join(', ') || 'nothing that can be told from none'}`,
    'variance: over random draws of the space (fANOVA). best: what makes a trial one of the best (PED-ANOVA). ± one standard error.',
    '',
  ].join('\n');
}
