import type { SweepSnapshot } from '../../src/sweep/types.js';
import { formatCount, formatFigure, formatNumber, type Figure } from '../../src/report/figures.js';
import { figureOf, metricsOf, type Contender } from './contenders.js';

/** A column of the tables of contenders: its head and its cell. */
export type Column = readonly [head: string, cell: (snapshot: SweepSnapshot, one: Contender) => string];

export const figureCell = (figure: Figure | undefined): string => (figure ? formatFigure(figure) : '–');

const figureColumn = (head: string, metric: string): Column => [
  head,
  (snapshot, one) => figureCell(figureOf(snapshot, one, metric)),
];

/** A metric of each training; NaN where one has none. */
const valuesOf = (snapshot: SweepSnapshot, { trials }: Contender, metric: string): number[] =>
  trials.map((trial) => metricsOf(snapshot, trial)[metric] ?? NaN);

const meanOf = (...of: Parameters<typeof valuesOf>): number => {
  const values = valuesOf(...of);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};

/** Where the data's density is known: what is said beside KL. */
export const densityColumns: readonly Column[] = [
  figureColumn('ESS', 'ess'),
  figureColumn('VLB − exact', 'vlbExcess'),
  [
    'path ESS with 16, 64 calls',
    (snapshot, one) => {
      const [few, more] = [meanOf(snapshot, one, 'pathEss16'), meanOf(snapshot, one, 'pathEss64')];
      return Number.isNaN(few) ? '–' : `${formatNumber(few)}, ${formatNumber(more)}`;
    },
  ],
  [
    'calls for path ESS 0.8',
    (snapshot, one) => {
      const needed = meanOf(snapshot, one, 'evaluationsForEss80');
      if (!Number.isNaN(needed)) return formatNumber(needed);
      return Number.isNaN(meanOf(snapshot, one, 'pathEss16')) ? '–' : 'not reached by all';
    },
  ],
  [
    'calls for a converged likelihood',
    (snapshot, one) => {
      const calls = valuesOf(snapshot, one, 'functionEvaluations');
      return calls.some(Number.isNaN) ? '–' : formatCount(Math.max(...calls));
    },
  ],
];

/** Of images the density is not known, and how alike samples are says more. */
export const imageColumns: readonly Column[] = [
  figureColumn('bits per dimension', 'bpd'),
  figureColumn('NLL by the flow', 'nll'),
  figureColumn('distance of spectra', 'spectrumDistance'),
];
