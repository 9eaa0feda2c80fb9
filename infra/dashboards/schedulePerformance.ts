import * as units from '@grafana/grafana-foundation-sdk/units';
import { anyOf, atRung, buckets, increase, quantile, selector } from './queries.js';
import { bars, board, curves, rungVariable, spread, type Row } from './style.js';

const comparable =
  'Compare at one rung only, and mind the baselines: a difference below their errors is a tie.';

const leaders: Row = {
  title: 'Who leads',
  panels: [
    bars(
      {
        title: 'Best objective by family at each rung',
        description: `Best value of the objective that any trial of a schedule family has, baselines included, at each rung. ${comparable}`,
        unit: units.NoUnit,
        decimals: 4,
      },
      { expr: anyOf('bestObjective', ['family', 'rung']), rows: 'family', columns: 'rung' },
    ),
    bars(
      {
        title: 'Baselines at each rung',
        description:
          'Value of the objective of each baseline: what a searched schedule must beat at the same rung to be worth anything.',
        unit: units.NoUnit,
        decimals: 4,
      },
      { expr: anyOf('baselineObjective', ['baseline', 'rung']), rows: 'baseline', columns: 'rung' },
    ),
    curves(
      {
        title: 'Best by family against the baselines',
        description: `Best value of the objective so far of each family at rung $rung, and the baselines' beside it. ${comparable}`,
        unit: units.NoUnit,
        decimals: 4,
      },
      [
        { expr: anyOf('bestObjective', ['family'], atRung), legend: '{{family}}' },
        { expr: anyOf('baselineObjective', ['baseline'], atRung), legend: 'baseline {{baseline}}' },
      ],
    ),
  ],
};

const by = (choice: 'width' | 'colour' | 'trajectory' | 'basis', title: string, what: string) =>
  bars(
    {
      title,
      description: `Best and median objective of the searched trials at rung $rung, ${what}. The median says what to expect of the choice, the best what it can do; a bar may be one trial.`,
      unit: units.NoUnit,
      span: 12,
      decimals: 4,
    },
    { expr: anyOf(`${choice}Objective`, [choice, 'statistic'], atRung), rows: choice, columns: 'statistic' },
  );

const reasons: Row = {
  title: 'What makes a schedule good',
  panels: [
    by(
      'width',
      'Objective against cutoff width',
      'by the width of the cutoff in units of the ordering variable: towards 0 one component after the other, large all at once',
    ),
    by('colour', 'Objective against noise colour', 'by the spectrum of the noise'),
    by(
      'trajectory',
      'Objective against cutoff trajectory',
      'by how the cutoff Λ(t) moves; one width for all times only re-times the path',
    ),
    by('basis', 'Objective against basis', 'by the coordinates in which the noise is independent'),
  ],
};

const search: Row = {
  title: 'How the search got there',
  panels: [
    bars(
      {
        title: 'Rungs survived by family',
        description:
          'Trials of each family with a result at each rung. A family that thins out faster than the others loses its comparisons.',
        unit: units.Short,
        decimals: 0,
        min: 0,
      },
      { expr: anyOf('rungTrials', ['family', 'rung']), rows: 'family', columns: 'rung' },
    ),
    curves(
      {
        title: 'Objective of the searched trials',
        description:
          'Smallest, quartiles and largest value of the objective at rung $rung over the searched trials. A search that learns pulls the median after the best.',
        unit: units.NoUnit,
        decimals: 4,
      },
      [{ expr: anyOf('objectiveQuantile', ['level'], atRung), legend: 'quantile {{level}}' }],
    ),
    curves(
      {
        title: 'Training loss by family',
        description:
          'Loss that a trainer of each family reported last, on any worker. Only its course says something: losses of different schedules are not comparable, and it is never the objective.',
        unit: units.NoUnit,
      },
      // A worker that trains nothing of a family says NaN, which no comparison lets through.
      [{ expr: `avg by (family) (${selector('trainingLoss')} > -Inf)`, legend: '{{family}}' }],
    ),
  ],
};

const quality: Row = {
  title: 'Quality of the best, and of all',
  panels: [
    curves(
      {
        title: 'KL divergence of the best trial',
        description:
          'Forward KL divergence in nats of the best searched trial at the highest rung reached, over time; 0 is perfect. It may jump up when a trial reaches a new rung.',
        unit: units.NoUnit,
        decimals: 4,
      },
      [{ expr: anyOf('bestTrialFigure', ['sweep'], 'figure="kl"'), legend: 'KL' }],
    ),
    curves(
      {
        title: 'Effective sample size of the best trial',
        description:
          'Effective sample size of the best searched trial at the highest rung reached, as a part of the samples drawn; 1 is perfect.',
        unit: units.PercentUnit,
        min: 0,
        max: 1,
      },
      [{ expr: anyOf('bestTrialFigure', ['sweep'], 'figure="ess"'), legend: 'ESS' }],
    ),
    curves(
      {
        title: 'Median KL and ESS by rung',
        description:
          'Medians over the evaluations of late, of all sweeps of the chosen workers, estimated from buckets: KL in nats, ESS as a part of 1. No curve while nothing is evaluated.',
        unit: units.NoUnit,
      },
      [
        { expr: quantile(0.5, 'evaluationKl', ['rung']), legend: 'KL, rung {{rung}}', exemplar: true },
        { expr: quantile(0.5, 'evaluationEss', ['rung']), legend: 'ESS, rung {{rung}}', exemplar: true },
      ],
    ),
    spread(
      {
        title: 'Evaluations by KL at rung $rung',
        description:
          'Number of evaluations by their KL divergence in nats, of all sweeps of the chosen workers. A second cluster at large KL is a part of the space that never works.',
        unit: units.Short,
        span: 24,
      },
      {
        expr: `sum by (le) (${increase(buckets('evaluationKl', atRung))})`,
        legend: '{{le}}',
        exemplar: true,
      },
    ),
  ],
};

/** Which schedules win, and by what. */
export const schedulePerformance = () =>
  board({
    uid: 'rgsweep-schedules',
    title: 'rgsweep: Schedule performance',
    description: 'Which noise schedules win, by how much, and by which of their choices.',
    rows: [leaders, reasons, search, quality],
    more: [rungVariable()],
  });
