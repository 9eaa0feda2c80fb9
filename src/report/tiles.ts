import type { SweepSnapshot } from '../sweep/types.js';
import {
  companionMetric,
  formatCount,
  formatDuration,
  formatFigure,
  formatTime,
  metricFigure,
  metricWords,
} from './figures.js';
import { figureAt, metricsAt, type Comparison, type Standings } from './ranking.js';
import { fitLine } from './text.js';
import { sourceWords } from './verdict.js';

/** One number that is worth a tile: what it is, its value, a remark. */
export interface Tile {
  title: string;
  value: string;
  remark?: string;
}

const seconds = (snapshot: SweepSnapshot, now: Date): number =>
  ((snapshot.finishedAt === undefined ? now.getTime() : Date.parse(snapshot.finishedAt)) -
    Date.parse(snapshot.startedAt)) /
  1000;

/** How far ahead or behind standard diffusion, `of` whom: `ahead of standard`, `the search is behind standard`. */
function overStandard(against: Comparison, of: string, unit: string | undefined): Tile {
  return {
    title: `${of}${against.difference >= 0 ? 'ahead of' : 'behind'} standard`,
    value: formatFigure({ ...against, value: Math.abs(against.difference) }),
    remark:
      against.outcome === 'tie'
        ? 'a tie: below 2 standard errors'
        : against.outcome === 'unknown'
          ? 'no error known'
          : `${unit ? `${unit}; ` : ''}${(Math.abs(against.difference) / against.error!).toFixed(1)} standard errors`,
  };
}

/** The figures at a glance. */
export function tiles(snapshot: SweepSnapshot, table: Standings | undefined, now: Date): Tile[] {
  const { metric } = snapshot.spec.objective;
  const { name, unit } = metricWords(metric);
  const out: Tile[] = [];
  const contest = snapshot.spec.budget.trials === 0;
  if (contest && table) {
    const [leader] = table.rows;
    out.push({
      title: `best ${name}${unit ? `, ${unit}` : ''}`,
      value: formatFigure(leader!.figure),
      remark: `${fitLine(leader!.trial.baseline ?? '', 40)}, ${sourceWords(table.source)}`,
    });
    if (leader!.againstStandard) out.push(overStandard(leader!.againstStandard, '', unit));
  }
  if (table?.best) {
    const own = figureAt(snapshot, table.best, table.source)!;
    const where = sourceWords(table.source);
    const head = `${name}${unit ? `, ${unit}` : ''}`;
    const [leader] = table.rows;
    // The sentence above speaks of the baseline that leads: its figure stands beside that of the search, each by its name.
    if (leader && leader.trial !== table.best)
      out.push({
        title: `best ${head}`,
        value: formatFigure(leader.figure),
        remark: `${fitLine(leader.trial.baseline ?? '', 40)}, ${where}`,
      });
    out.push({
      title: leader?.trial === table.best ? `best ${head}` : `best of the search, ${unit || name}`,
      value: formatFigure(own),
      remark: `trial ${table.best.trial}, ${where}`,
    });
    const against = table.rows.find((row) => row.trial === table.best)?.againstStandard;
    if (against) out.push(overStandard(against, leader?.trial === table.best ? '' : 'the search is ', unit));
    const other = companionMetric(snapshot.spec);
    const metrics = metricsAt(table.best, table.source);
    const figure = metrics && metricFigure(metrics, other);
    if (figure)
      out.push({
        title: `its ${metricWords(other).name}${metricWords(other).unit ? `, ${metricWords(other).unit}` : ''}`,
        value: formatFigure(figure),
        ...(other === 'ess' ? { remark: '1 is perfect' } : {}),
      });
  }
  const searched = snapshot.trials.filter((trial) => trial.baseline === undefined);
  const promoted = searched.filter((trial) => trial.rungs.length > 1).length;
  const failed = snapshot.trials.filter((trial) => trial.state === 'failed').length;
  const { replicates = 1, baselines } = snapshot.spec;
  out.push({
    title: contest ? 'schedules compared' : 'searched trials',
    value: formatCount(contest ? baselines.length : searched.length),
    remark: [
      contest
        ? `${formatCount(replicates)} seed${replicates === 1 ? '' : 's'} each`
        : `${formatCount(promoted)} promoted`,
      ...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
    ].join(', '),
  });
  out.push({
    title: 'training steps paid',
    value: formatCount(snapshot.trials.reduce((sum, trial) => sum + trial.stepsPaid, 0)),
    remark: 'baselines and repeats included',
  });
  out.push({
    title: snapshot.finishedAt === undefined ? 'running for' : 'wall time',
    value: formatDuration(seconds(snapshot, now)),
    remark: `since ${formatTime(snapshot.startedAt)}`,
  });
  return out;
}
