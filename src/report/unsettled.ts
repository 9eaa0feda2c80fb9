import type { NumericAxis } from './axes.js';
import { numericAxes } from './axes.js';
import type { SweepSnapshot } from '../sweep/types.js';
import { formatCount, formatFigure, formatPlain, metricWords } from './figures.js';
import type { PerConfiguration } from './pairs.js';
import {
  bestSearched,
  compareTrials,
  figureAt,
  highestResult,
  isBetter,
  lastStep,
  standings,
  type Standings,
} from './ranking.js';
import { trialName } from './names.js';
import { fitLine } from './text.js';
import { capital } from './verdict.js';

const plural = (count: number, one: string, many: string): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** A range's edge that the best value lies within 5 % of, on the axis's own scale. */
function nearEdge(axis: NumericAxis, value: number): 'low' | 'high' | undefined {
  const scale = (x: number) => (axis.log ? Math.log(x) : x);
  const place = (scale(value) - scale(axis.low)) / (scale(axis.high) - scale(axis.low));
  return place < 0.05 ? 'low' : place > 0.95 ? 'high' : undefined;
}

/** Choices of categorical parameters that fewer than two trials with a result had: `basis pixel (once)`. */
function rareChoices({ spec, trials }: SweepSnapshot): string[] {
  const judged = trials.filter((trial) => trial.baseline === undefined && trial.rungs.length > 0);
  if (judged.length === 0) return [];
  return spec.space.parameters.flatMap((parameter) => {
    if (parameter.type !== 'categorical') return [];
    return parameter.choices.flatMap((choice) => {
      const count = judged.filter((trial) => trial.parameters[parameter.name] === choice).length;
      if (count > 1) return [];
      return `${fitLine(parameter.name, 40)} ${fitLine(String(choice), 40)} (${count === 0 ? 'never' : 'once'})`;
    });
  });
}

/** What the errors of differences leave out where they are not those of pairs. */
function combinedErrors(snapshot: SweepSnapshot, { rows }: Standings): string | undefined {
  const differences = rows.filter((row) => row.againstStandard !== undefined);
  const combined = differences.filter((row) => row.againstStandard!.method === 'combined');
  if (combined.length === 0) return undefined;
  const whose =
    combined.length === differences.length
      ? 'Errors of differences combine both schedules’ standard errors'
      : `The differences of ${combined.map(({ trial }) => trialName(trial)).join(' and ')} from standard diffusion combine both schedules’ standard errors; the others are measured pair by pair`;
  const seeds = (snapshot.spec.replicates ?? 1) > 1 ? ', which hold what differs between seeds' : '';
  return `${whose}${seeds}. All were measured on the same data, so the true errors are probably smaller.`;
}

/** P(|t| > 2) of Student's t with n − 1 degrees of freedom, n from 2: how often two standard errors from n seeds are exceeded by chance. */
const chanceOfTwoErrors = [0.295, 0.184, 0.139, 0.116];

/** What few seeds leave open; undefined where there is one seed, of which another sentence speaks, or enough of them. */
function fewSeeds({ spec }: SweepSnapshot): string | undefined {
  const seeds = spec.replicates ?? 1;
  const chance = chanceOfTwoErrors[seeds - 2];
  return chance === undefined
    ? undefined
    : `An error from ${formatCount(seeds)} seeds is itself uncertain by ${Math.round(100 / Math.sqrt(2 * (seeds - 1)))} %: where the scatter between seeds is most of it, a difference of two standard errors comes about by chance in ${Math.round(100 * chance)} of 100 cases, not in 5.`;
}

/** Who leads on the test data was chosen by them, unless it is the best of the search, which validation data chose. */
function chosenOnTest({ rows, source, best }: Standings, metric: string): string | undefined {
  const winner = rows[0]!.trial;
  return source.kind === 'test' && winner !== best && rows.length > 2
    ? `${capital(trialName(winner))} is the best of ${formatCount(rows.length)} schedules on these very test data: its ${metric} is flattered by that choice.`
    : undefined;
}

/** Baselines train to the end; the best of the search may not have got there. */
function unequalSteps({ best, standard, source }: Standings): string | undefined {
  if (!best || !standard || source.kind === 'test' || lastStep(best) === lastStep(standard)) return undefined;
  return `${capital(trialName(best))} was trained for ${formatCount(lastStep(best))} steps, ${trialName(standard)} for ${formatCount(lastStep(standard))}: they are compared after ${formatCount(source.step)}, which both have.`;
}

/**
 * What the search did not settle, as sentences in plain text, most important first: what the errors leave out, what the
 * winner cannot be told from, which choices were hardly tried, where the best lies at the edge of what was allowed, and
 * whether more training may change the order.
 */
export function unsettled(snapshot: SweepSnapshot, perConfiguration?: PerConfiguration): string[] {
  const found: string[] = [];
  const { spec, trials } = snapshot;
  const metric = metricWords(spec.objective.metric).name;
  const best = bestSearched(snapshot);
  const table = standings(snapshot, perConfiguration);

  const open = trials.filter((trial) => ['waiting', 'running'].includes(trial.state)).length;
  if (open > 0 && snapshot.state !== 'complete')
    found.push(`${plural(open, 'trial has', 'trials have')} not ended: the ranking can still change.`);
  if (snapshot.state === 'stopped') {
    const missing = spec.budget.trials - trials.filter((trial) => trial.origin === 'sampler').length;
    found.push(
      missing > 0
        ? `The sweep was stopped ${plural(missing, 'trial', 'trials')} short of its budget.`
        : 'The sweep was stopped before all promotions were done.',
    );
  }

  const seeds = new Set(trials.filter((trial) => trial.equals === undefined).map((trial) => trial.seed));
  if (table && seeds.size <= 1 && (spec.replicates ?? 1) === 1)
    found.push(
      'Each schedule was trained once, all with the same seed. The errors are those of the evaluation; how much a second training would differ is not in them.',
    );

  const remarks = table ? [unequalSteps(table), fewSeeds(snapshot), chosenOnTest(table, metric)] : [];
  found.push(...remarks.filter((remark) => remark !== undefined));

  if (best && table) {
    if (table.source.kind === 'rung')
      found.push(
        `The comparison uses the validation data that also chose the winner, the best of ${plural(
          trials.filter((trial) => trial.baseline === undefined && highestResult(snapshot, trial)).length,
          'trial',
          'trials',
        )}: its ${metric} is flattered by that choice.`,
      );
    const method = combinedErrors(snapshot, table);
    if (method) found.push(method);

    const top = highestResult(snapshot, best)!;
    const source = { kind: 'rung', rung: top.rung, step: top.step } as const;
    const searched = trials.filter(
      (trial) => trial.baseline === undefined && trial.equals === undefined && trial.state !== 'failed',
    );
    const rivals = searched.filter(
      (trial) => trial !== best && compareTrials(snapshot, best, trial, source)?.outcome === 'tie',
    );
    if (rivals.length > 0)
      found.push(
        `On validation data the best cannot be told from ${rivals
          .slice(0, 4)
          .map((trial) => `trial ${trial.trial}`)
          .join(
            ', ',
          )}${rivals.length > 4 ? ` and ${rivals.length - 4} more` : ''} (differences below twice their error).`,
      );
    const judged = searched.filter((trial) => figureAt(snapshot, trial, source)).length;
    if (top.rung > 0 && judged < searched.length)
      found.push(
        `${formatCount(judged)} of ${formatCount(searched.length)} searched trials were trained to ${formatCount(top.step)} steps; the others were judged earlier, and a schedule that starts slowly may have been left behind.`,
      );

    const earlier = best.rungs.filter((result) => result.rung < top.rung).sort((a, b) => b.rung - a.rung)[0];
    const before =
      earlier && figureAt(snapshot, best, { kind: 'rung', rung: earlier.rung, step: earlier.step });
    const after = figureAt(snapshot, best, source)!;
    if (earlier && before && isBetter(snapshot, after.value, before.value)) {
      const gain = Math.abs(before.value - after.value);
      if (gain > 2 * Math.hypot(before.error ?? 0, after.error ?? 0))
        found.push(
          `The best trial was still improving between ${formatCount(earlier.step)} and ${formatCount(top.step)} steps (${metric} ${formatFigure(before)} to ${formatFigure(after)}): longer training may order the schedules differently.`,
        );
    }

    for (const axis of numericAxes(spec.space)) {
      const value = best.parameters[axis.name];
      const edge = typeof value === 'number' ? nearEdge(axis, value) : undefined;
      if (edge)
        found.push(
          `The best ${fitLine(axis.name, 60)}, ${formatPlain(value as number)}, lies at the ${edge === 'low' ? 'lower' : 'upper'} edge of the range that was searched (${formatPlain(axis.low)} to ${formatPlain(axis.high)}).`,
        );
    }
  }

  const rare = table ? rareChoices(snapshot) : [];
  if (rare.length > 0)
    found.push(
      `Hardly tried: ${rare.slice(0, 8).join(', ')}${rare.length > 8 ? ` and ${rare.length - 8} more choices` : ''}.`,
    );

  const failed = trials.filter((trial) => trial.state === 'failed').length;
  if (failed > 0) found.push(`${plural(failed, 'trial', 'trials')} failed and took no part in the ranking.`);
  for (const trial of table?.missing ?? [])
    found.push(
      `The baseline ${fitLine(trial.baseline ?? '', 60)} has no result where the others are compared.`,
    );
  if (table && !table.standard)
    found.push('Standard diffusion was not measured in this sweep, so a gain over it is not known.');
  if (table && spec.space.parameters.every((parameter) => parameter.name !== 'learningRate'))
    found.push(
      'Learning rate, batch and network were the same for every schedule; none was tuned for its own.',
    );
  return found;
}
