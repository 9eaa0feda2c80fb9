import type { TopLevelSpec } from 'vega-lite';
import type { SweepSnapshot } from '../../sweep/types.js';
import { formatCount } from '../figures.js';
import { palette, renderChart, trialReference, type Chart } from './render.js';
import { rungEncoding } from './rungPoints.js';
import { scaleOf, tickAxis, vegaScale } from './scales.js';

/** A stretch of time for which a trial held a trainer, in milliseconds since 1970. */
export interface Stretch {
  trial: number;
  rung: number;
  from: number;
  to: number;
  /** Going on now. */
  open: boolean;
}

const maximumStretches = 1000;

/**
 * When each segment ran: it ended at its result and took its training and evaluation, so that waiting, restarts and what
 * failed attempts did are not in it. Trials that run now reach from the later of their last record's change and the end
 * of their last segment to `now`. In the order of their beginnings.
 */
export function stretchesOf(snapshot: SweepSnapshot, now: Date): Stretch[] {
  const stretches = (snapshot.seeds ?? snapshot.trials).flatMap((trial): Stretch[] => {
    if (trial.equals !== undefined) return [];
    const done = trial.rungs.flatMap(({ rung, finishedAt, trainSeconds, evaluateSeconds }): Stretch[] => {
      const to = Date.parse(finishedAt);
      const seconds = trainSeconds + evaluateSeconds;
      return Number.isFinite(to) && seconds >= 0
        ? [{ trial: trial.trial, rung, from: to - 1000 * seconds, to, open: false }]
        : [];
    });
    const since = Date.parse(trial.updatedAt);
    if (trial.state === 'running' && snapshot.finishedAt === undefined && since < now.getTime())
      done.push({
        trial: trial.trial,
        rung: Math.min(trial.rungs.length, snapshot.spec.pruner.rungs.length - 1),
        from: since,
        to: now.getTime(),
        open: true,
      });
    return done;
  });
  return stretches.sort((a, b) => a.from - b.from || a.trial - b.trial);
}

/** A lane for each stretch, so that no two in one lane overlap; as few lanes as there are stretches at any one time. */
export function lanesOf(stretches: readonly Stretch[]): number[] {
  const free: number[] = [];
  return stretches.map(({ from, to }) => {
    // Clocks of two machines differ by a little: a second of overlap is none.
    const lane = free.findIndex((until) => until <= from + 1000);
    const chosen = lane < 0 ? free.length : lane;
    free[chosen] = to;
    return chosen;
  });
}

/** The timeline of trainers. Undefined while nothing was trained. */
export async function timelineChart(snapshot: SweepSnapshot, now: Date): Promise<Chart | undefined> {
  const every = stretchesOf(snapshot, now);
  if (every.length === 0) return undefined;
  const stretches = every.slice(-maximumStretches);
  const lanes = lanesOf(stretches);
  const count = Math.max(...lanes) + 1;
  const begin = Date.parse(snapshot.startedAt);
  const longest = Math.max(...stretches.map(({ to }) => to)) - begin;
  const [unit, milliseconds] =
    longest > 180 * 60_000 ? (['hours', 3_600_000] as const) : (['minutes', 60_000] as const);
  const at = (time: number) => (time - begin) / milliseconds;
  const { colors, labels } = rungEncoding(snapshot);
  const names = new Map((snapshot.seeds ?? snapshot.trials).map((trial) => [trial.trial, trial]));
  const rows = stretches.map(({ trial, rung, from, to, open }, i) => ({
    from: at(from),
    to: at(to),
    lane: lanes[i]!,
    color:
      names.get(trial)?.baseline === undefined
        ? (colors[labels.length > rung ? rung : labels.length - 1] ?? palette.trial)
        : names.get(trial)?.baseline === 'standard'
          ? palette.standard
          : palette.baseline,
    opacity: open ? 0.5 : 0.95,
    href: trialReference(trial),
  }));
  const failures = (snapshot.seeds ?? snapshot.trials).flatMap((trial) =>
    trial.failures.slice(-20).flatMap(({ at: when }) => {
      const time = Date.parse(when);
      const index = stretches.findIndex((one) => one.trial === trial.trial && one.to >= time);
      return time >= stretches[0]!.from
        ? [{ from: at(time), lane: index < 0 ? count : lanes[index]!, href: trialReference(trial.trial) }]
        : [];
    }),
  );
  const x = scaleOf([...rows.flatMap((row) => [row.from, row.to]), ...failures.map(({ from }) => from)], {
    log: false,
    air: 0.02,
    ticks: 8,
  });
  const homeless = failures.some(({ lane }) => lane === count);
  const y = {
    field: 'lane',
    type: 'ordinal' as const,
    title: null,
    scale: { domain: Array.from({ length: count + (homeless ? 1 : 0) }, (_, i) => i), paddingInner: 0.18 },
    axis: {
      labelExpr: `datum.value == ${count} ? 'failed' : 'lane ' + (datum.value + 1)`,
      domain: false,
      ticks: false,
    },
  };
  const xAxis = {
    type: 'quantitative' as const,
    title: `${unit} since the sweep began`,
    scale: vegaScale(x),
    axis: tickAxis(x.ticks),
  };
  const href = { field: 'href', type: 'nominal' as const };
  const spec: TopLevelSpec = {
    width: 860,
    height: { step: count > 12 ? 14 : 24 },
    layer: [
      {
        data: { values: rows },
        mark: { type: 'bar', cornerRadius: 2, stroke: palette.paper, strokeWidth: 0.5 },
        encoding: {
          x: { field: 'from', ...xAxis },
          x2: { field: 'to' },
          y,
          color: { field: 'color', type: 'nominal', scale: null, legend: null },
          opacity: { field: 'opacity', type: 'quantitative', scale: null, legend: null },
          href,
        },
      },
      ...(failures.length > 0
        ? [
            {
              data: { values: failures },
              mark: {
                type: 'point' as const,
                shape: 'M-1,-1L1,1M-1,1L1,-1',
                size: 46,
                strokeWidth: 2,
                stroke: 'var(--bad)',
                opacity: 1,
              },
              encoding: { x: { field: 'from', ...xAxis }, y, href },
            },
          ]
        : []),
    ],
  };
  return renderChart(
    spec,
    `${formatCount(rows.length)} segments${rows.length < every.length ? ` (the last of ${formatCount(every.length)})` : ''} in ${count} ${count === 1 ? 'lane' : 'lanes'} over ${unit}; ${failures.length} failures.`,
  );
}
