import type { PrunerOptions } from '../pruners/types.js';
import type { SweepSnapshot, TrialFailure, TrialRecord } from '../sweep/types.js';
import type { ReportInput } from './artifacts.js';
import {
  companionMetric,
  directionWords,
  formatCount,
  formatFigure,
  formatPlain,
  formatTime,
  metricFigure,
  metricWords,
} from './figures.js';
import { metricsAt, type Standings } from './ranking.js';
import { fitLine } from './text.js';
import { convergenceWords, dataWords, taskWords } from './taskWords.js';

/** One row of the comparison with the baselines. */
export interface StandingRow {
  trial: TrialRecord;
  name: string;
  figure: string;
  other: string;
  against: string;
  outcome: 'better' | 'worse' | 'tie' | 'unknown' | 'itself' | 'none';
  stepsPaid: string;
}

const outcomeWords = { better: 'better', worse: 'worse', tie: 'a tie', unknown: 'no error known' } as const;

export function standingRows(snapshot: SweepSnapshot, table: Standings): StandingRow[] {
  const other = companionMetric(snapshot.spec);
  return table.rows.map(({ trial, figure, againstStandard }) => {
    const metrics = metricsAt(trial, table.source);
    const second = metrics && metricFigure(metrics, other);
    return {
      trial,
      name:
        trial.baseline === undefined
          ? `trial ${trial.trial}: ${fitLine(trial.label, 120)}`
          : fitLine(trial.baseline, 80),
      figure: formatFigure(figure),
      other: second ? formatFigure(second) : '–',
      against: againstStandard
        ? `${formatFigure({ value: Math.abs(againstStandard.difference), ...(againstStandard.error === undefined ? {} : { error: againstStandard.error }) })} ${outcomeWords[againstStandard.outcome]}`
        : '–',
      outcome: againstStandard?.outcome ?? (trial === table.standard ? 'itself' : 'none'),
      stepsPaid: formatCount(trial.stepsPaid),
    };
  });
}

/** Every failure of every trial, of each seed under its own number, latest last. */
export function failuresOf(
  snapshot: SweepSnapshot,
): { trial: TrialRecord; failure: TrialFailure; given: boolean }[] {
  return (snapshot.seeds ?? snapshot.trials)
    .flatMap((trial) =>
      trial.failures.map((failure, index) => ({
        trial,
        failure,
        given: trial.state === 'failed' && index === trial.failures.length - 1,
      })),
    )
    .sort((a, b) => (a.failure.at < b.failure.at ? -1 : a.failure.at > b.failure.at ? 1 : 0));
}

const samplerWords: Record<string, string> = {
  random: 'random search',
  qmc: 'a scrambled Sobol sequence',
  grid: 'a grid',
  tpe: 'tree-structured Parzen estimator (TPE)',
};

/** What a warm-started sweep was given; nothing for any other. */
function priorFacts({ prior = [] }: SweepSnapshot): [string, string][] {
  if (prior.length === 0) return [];
  const sources = prior.map(({ sweep, sameTask, taken, of, outside, shared }) => {
    const left = outside > 0 ? `, ${formatCount(outside)} lay outside of this space` : '';
    const many = shared.length > 8 ? ` and ${shared.length - 8} more` : '';
    const names = shared
      .slice(0, 8)
      .map((name) => fitLine(name, 40))
      .join(', ');
    return `${formatCount(taken)} of ${formatCount(of)} trials of ${fitLine(sweep, 100)} (${sameTask ? 'the same task' : 'another task'}${left}; shared: ${names}${many})`;
  });
  return [
    [
      'warm start',
      `${sources.join('; ')}. They told the sampler where to look, each by its ranks among its own, with a weight that falls with every result of this sweep; none is a trial of this sweep, counts in its budget or can be its best.`,
    ],
  ];
}

function promotionWords(
  { name, reduction }: Pick<PrunerOptions, 'name' | 'reduction'>,
  rungs: string,
): string {
  const judged = `trials are judged after ${rungs} steps`;
  switch (name) {
    case 'none':
      return `none: every trial trains for ${rungs} steps`;
    case 'median':
      return `median: ${judged}, and those no worse than their rung’s median go on`;
    case 'asha':
      return `ASHA: ${judged}, and the best 1/${reduction} of each rung go on`;
    case 'hyperband':
      return `Hyperband: ${judged}, and the best 1/${reduction} of each rung go on, in brackets that begin at different rungs`;
  }
}

/** How the numbers came about, as name and text. */
export function methodFacts({ snapshot, versions, now }: ReportInput): [string, string][] {
  const { spec } = snapshot;
  const { metric } = spec.objective;
  const { name, meaning } = metricWords(metric);
  const searched = spec.space.parameters.filter((parameter) => parameter.type !== 'fixed').length;
  const rungs = spec.pruner.rungs.map(formatCount).join(', ');
  const backends = new Set(snapshot.trials.flatMap(({ backend }) => (backend ? [fitLine(backend, 60)] : [])));
  const replicates = spec.replicates ?? 1;
  const seeds = [...new Set((snapshot.seeds ?? snapshot.trials).map((trial) => trial.seed))].sort(
    (a, b) => a - b,
  );
  const defaults = Object.entries(spec.defaults).map(
    ([key, value]) => `${fitLine(key, 60)} ${fitLine(String(value), 60)}`,
  );
  return [
    ['task', taskWords(snapshot)],
    [
      'objective',
      `${name}: ${meaning}. ${directionWords(spec.objective).replace(/^./, (c) => c.toUpperCase())}.`,
    ],
    [
      'data',
      `${dataWords[spec.task.name]}. The search sees validation data only; test data are used once, for the baselines and the winner.`,
    ],
    [
      'search',
      `${samplerWords[spec.sampler.name] ?? spec.sampler.name}, seed ${spec.sampler.seed}, over ${searched} parameter${searched === 1 ? '' : 's'}`,
    ],
    ...priorFacts(snapshot),
    ['promotion', promotionWords(spec.pruner, rungs)],
    [
      'budget',
      `${formatCount(spec.budget.trials)} searched trials and ${spec.baselines.length} baselines, ${replicates > 1 ? `each with ${replicates} seeds, ` : ''}${spec.budget.concurrency === 'auto' ? 'as many at a time as there were slots' : `${spec.budget.concurrency} at a time`}`,
    ],
    [
      'evaluation',
      `${formatCount(spec.evaluation.samples)} of the model’s own samples at a rung, twice as many on test data${spec.evaluation.likelihoodImages === 0 ? '; no likelihood by the probability flow' : (convergenceWords[spec.task.name] ?? '')}`,
    ],
    ['errors', '± is one standard error. A difference below two of its standard errors is called a tie.'],
    [
      seeds.length > 1 ? 'training seeds' : 'training seed',
      `${seeds.join(', ') || '–'}; ${seeds.length > 1 ? 'with one seed ' : ''}every schedule trains on the same batches, times and noise`,
    ],
    ['common parameters', defaults.join(', ') || 'none set; all have their defaults'],
    ['backend', [...backends].join(', ') || `none yet: no trial has a result (asked for: ${spec.backend})`],
    [
      'versions',
      Object.entries(versions)
        .map(([what, version]) => `${fitLine(what, 40)} ${fitLine(version, 40)}`)
        .join(', ') || '–',
    ],
    [
      'times',
      `launched ${formatTime(snapshot.startedAt)}, ${snapshot.finishedAt === undefined ? `still ${snapshot.state}` : `ended ${formatTime(snapshot.finishedAt)}`}; report made ${formatTime((now ?? new Date()).toISOString())}`,
    ],
  ];
}

/** A word for a shell: quoted where it is more than plain letters. */
function shellWord(text: string): string {
  return /^[\w.:/@%+=-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

/** Commands that make this sweep and this report again. */
export function reproduceCommands(snapshot: SweepSnapshot, best: TrialRecord | undefined): string[] {
  const name = shellWord(fitLine(snapshot.spec.name, 120));
  const commands: [string, string?][] = [
    ['npx rgsweep up', 'server, store and workers on this machine'],
    [`npx rgsweep launch ${name}.yaml --follow`],
    [`npx rgsweep report ${name} --out report.html`],
    [`npx rgsweep export ${name} --format csv --out trials.csv`],
  ];
  if (best) commands.push([`npx rgsweep trials ${name} --json`, `every trial; the best is ${best.trial}`]);
  const width = Math.max(...commands.map(([command]) => command.length));
  return commands.map(([command, remark]) =>
    remark === undefined ? command : `${command.padEnd(width)}  # ${remark}`,
  );
}

/** A parameter's value as people read it. */
export function parameterText(value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'number' ? formatPlain(value) : fitLine(String(value), 60);
}
