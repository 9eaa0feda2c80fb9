import type { FailureKind } from '../errors.js';
import type { SweepSnapshot, TrialRecord } from '../sweep/types.js';
import { formatCount, formatFigure, metricWords, type Figure } from './figures.js';
import { fixedKind, shortName, trialName } from './names.js';
import type { PerConfiguration } from './pairs.js';
import { compareTrials, standings, type Comparison, type Source, type Standings } from './ranking.js';
import { fitLine } from './text.js';

/** `a`, `a and b`, `a, b and c` */
const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`;

/** The first letter of a sentence. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `0.021 ± 0.006 nats`; the size of a difference, without its sign. */
export function differenceWords(snapshot: SweepSnapshot, comparison: Comparison): string {
  const { unit } = metricWords(snapshot.spec.objective.metric);
  const figure: Figure = { value: Math.abs(comparison.difference) };
  if (comparison.error !== undefined) figure.error = comparison.error;
  return `${formatFigure(figure)}${unit ? ` ${unit}` : ''}`;
}

/** `on test data after 3,000 steps`, `on validation data after 1,000 steps`. */
export function sourceWords({ kind, step }: Source): string {
  return `on ${kind === 'test' ? 'test' : 'validation'} data after ${formatCount(step)} steps`;
}

/** `no trial has finished`, with what did happen. */
function nothingYet(snapshot: SweepSnapshot): string {
  const failed = snapshot.trials.filter((trial) => trial.state === 'failed');
  const first = snapshot.spec.pruner.rungs[0];
  const rung = first === undefined ? 'its first result' : `the first rung (${formatCount(first)} steps)`;
  if (snapshot.trials.length > 0 && failed.length === snapshot.trials.length) {
    const kinds = new Map<FailureKind, number>();
    for (const trial of failed) {
      const kind = trial.failures.at(-1)?.kind;
      if (kind) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    const worst = [...kinds].sort((a, b) => b[1] - a[1])[0];
    const reason = worst ? `, most often because of “${worst[0]}” (${worst[1]})` : '';
    return `There is no answer: ${failed.length === 1 ? 'the only trial' : `all ${failed.length} trials`} failed${reason}.`;
  }
  const { failure } = snapshot;
  if (failure)
    return `There is no answer: the sweep failed (${failure.kind}: ${fitLine(failure.message, 500)}).`;
  const ended =
    snapshot.state === 'running' || snapshot.state === 'paused' ? 'yet' : 'before the sweep ended';
  return `No trial has reached ${rung} ${ended}, so there is nothing to compare.`;
}

/** Baselines other than the two named that the winner cannot be told from. */
function tiesOf(
  snapshot: SweepSnapshot,
  { rows, source }: Standings,
  named: readonly (TrialRecord | undefined)[],
  perConfiguration?: PerConfiguration,
): string {
  const winner = rows[0]!.trial;
  const tied = rows
    .filter((row) => row.trial !== winner && !named.includes(row.trial))
    .filter((row) => compareTrials(snapshot, winner, row.trial, source, perConfiguration)?.outcome === 'tie')
    .map((row) => row.trial);
  if (tied.length === 0) return '';
  const names = tied.map(({ baseline }) => baseline).filter((name) => name !== undefined);
  const kinds = [...new Set(names.map(fixedKind))];
  const others =
    names.length < 2 || names.length < tied.length || kinds.length > 1
      ? list(tied.map(trialName))
      : `the ${kinds[0]!}s ${list(names.map((name) => fitLine(name, 60)))}`;
  return `; ${shortName(winner)} ties with ${others}`;
}

/** `; 0.0038 ± 0.0011 nats ahead of standard diffusion`, or that it is a tie. */
function contestOverStandard(snapshot: SweepSnapshot, comparison: Comparison): string {
  const size = `${differenceWords(snapshot, comparison)} ahead of standard diffusion`;
  if (comparison.outcome === 'tie') return `; ${size}, a tie`;
  return comparison.outcome === 'unknown' ? `; ${size}, with no error known` : `; ${size}`;
}

/**
 * One honest sentence: what won, and by how much over standard diffusion. A difference below two of its standard errors
 * is called a tie; baselines can win; a sweep that goes on is spoken of as it stands so far. Plain text: whoever puts it
 * into HTML escapes it.
 */
export function verdict(snapshot: SweepSnapshot, perConfiguration?: PerConfiguration): string {
  const table = standings(snapshot, perConfiguration);
  if (!table) return nothingYet(snapshot);
  const { rows, source, best, standard } = table;
  const winner = rows[0]!;
  const metric = metricWords(snapshot.spec.objective.metric).name;
  const unit = metricWords(snapshot.spec.objective.metric).unit;
  const extreme = snapshot.spec.objective.direction === 'minimize' ? 'lowest' : 'highest';
  const going = snapshot.state === 'running' || snapshot.state === 'paused';
  const start = (sentence: string) => (going ? `So far, ${sentence}` : capital(sentence));
  const where = sourceWords(source);
  const figure = (trial: TrialRecord) => formatFigure(rows.find((row) => row.trial === trial)!.figure);
  const values = (a: TrialRecord, b: TrialRecord) => `${metric} ${figure(a)} against ${figure(b)}, ${where}`;
  const compare = (a: TrialRecord, b: TrialRecord) =>
    compareTrials(snapshot, a, b, source, perConfiguration)!;

  if (!best && snapshot.spec.budget.trials === 0) {
    const name = fitLine(winner.trial.baseline ?? trialName(winner.trial), 60);
    const ahead =
      standard && winner.trial !== standard
        ? contestOverStandard(snapshot, compare(winner.trial, standard))
        : '';
    const ties = tiesOf(snapshot, table, [standard], perConfiguration);
    const reached = `${metric} ${formatFigure(winner.figure)}${unit ? ` ${unit}` : ''} ${where}`;
    if (rows.length === 1) return `${start(`the only schedule that was trained, ${name}, has`)} ${reached}.`;
    return `${going ? 'So far, of' : 'Of'} the ${formatCount(rows.length)} schedules that were compared ${name} leads: ${reached}${ahead}${ties}.`;
  }
  if (!best) {
    const alone = `no searched trial has a result yet; of the baselines ${trialName(winner.trial)} leads`;
    return `${going ? capital(alone) : capital(alone.replace(' yet', ''))} with ${metric} ${formatFigure(winner.figure)}${unit ? ` ${unit}` : ''} ${where}.`;
  }
  if (!standard && winner.trial === best && rows.length === 1)
    return `${start(`${trialName(best)} has the ${extreme} ${metric}`)}, ${figure(best)}${unit ? ` ${unit}` : ''} ${where}; there is no result of standard diffusion to compare it with.`;

  const rival = winner.trial === best ? (standard ?? rows[1]!.trial) : best;
  const comparison = compare(winner.trial, rival);
  const size = differenceWords(snapshot, comparison);
  const ties = tiesOf(snapshot, table, [rival, standard], perConfiguration);

  if (winner.trial === best) {
    if (comparison.outcome === 'better')
      return `${start(`${trialName(best)} beats ${trialName(rival)} by ${size}`)} (${values(best, rival)})${ties}.`;
    if (comparison.outcome === 'unknown')
      return `${start(`${trialName(best)} is ahead of ${trialName(rival)} by ${size}`)} (${values(best, rival)}), with no error known: this may be chance.`;
    return `${start(`${trialName(best)} and ${trialName(rival)} are a tie`)}: they differ by ${size} (${values(best, rival)})${ties}.`;
  }

  // A baseline won, or nobody did.
  const search = `the best schedule of the search, ${trialName(best)},`;
  const overStandard =
    standard && winner.trial !== standard
      ? ((against: Comparison) =>
          against.outcome === 'better'
            ? `; ${shortName(winner.trial)} beats standard diffusion by ${differenceWords(snapshot, against)}`
            : `; ${shortName(winner.trial)} differs from standard diffusion by ${differenceWords(snapshot, against)}${against.outcome === 'tie' ? ', a tie' : ''}`)(
          compare(winner.trial, standard),
        )
      : '';
  const others = tiesOf(snapshot, table, [best, standard], perConfiguration);
  if (comparison.outcome === 'tie')
    return `${start(`${trialName(winner.trial)} and ${search.slice(0, -1)} are a tie`)}: they differ by ${size} (${values(winner.trial, best)})${overStandard}${others}.`;
  const caveat = comparison.outcome === 'unknown' ? ' (no error is known: this may be chance)' : '';
  return `${start(`${trialName(winner.trial)} won`)}: ${search} is ${size} behind (${values(winner.trial, best)})${caveat}${overStandard}${others}.`;
}
