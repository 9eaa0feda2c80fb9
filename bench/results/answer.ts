import { formatCount, formatFigure, metricTitle, metricWords } from '../../src/report/figures.js';
import { markdownTable } from '../../src/report/markdown.js';
import type { PairedFigure } from '../../src/report/paired.js';
import type { PerConfiguration } from '../../src/report/pairs.js';
import { foldReplicates } from '../../src/sweep/replicates.js';
import { markdownText } from '../../src/report/text.js';
import { verdict } from '../../src/report/verdict.js';
import { densityColumns, figureCell, imageColumns } from './columns.js';
import {
  contendersOf,
  differenceOf,
  failedContenders,
  figureOf,
  measuredOn,
  type Contender,
} from './contenders.js';
import type { KeptSweep } from './kept.js';

/** A difference in words: `0.021 ± 0.006 (3.5 standard errors, 5 seeds)`. */
export function differenceWords({ value, error, seeds }: PairedFigure): string {
  const size = error > 0 ? `, ${Math.abs(value / error).toFixed(1)} standard errors` : '';
  return `${formatFigure({ value, error })} nats (${seeds} ${seeds === 1 ? 'seed' : 'seeds'}${size})`;
}

/** How the winner of the finals is compared: with the best standard diffusion that an equal budget found, else with `standard`. */
export function referenceOf(contenders: readonly Contender[]): Contender | undefined {
  return (
    contenders.find(({ name }) => name === 'standard-searched') ??
    contenders.find(({ name }) => name === 'standard')
  );
}

/** What was found in other sweeps, among the contenders of the finals: everything that is neither a preset nor standard. */
const isFinalist = (name: string) => name.startsWith('finalist-');

/** The finalist that is judged: the one that led on validation data, whatever the test data would rather have. */
export function judgedOf(contenders: readonly Contender[]): Contender | undefined {
  return (
    contenders.find(({ name }) => name === 'finalist-1') ?? contenders.find(({ name }) => isFinalist(name))
  );
}

/** The answer of the finals in a sentence or two; undefined while they have no two contenders to compare. */
export function finalsAnswer(kept: KeptSweep): string | undefined {
  const contenders = contendersOf(kept);
  const [winner, reference] = [judgedOf(contenders), referenceOf(contenders)];
  if (!winner || !reference) return undefined;
  const { metric } = kept.snapshot.spec.objective;
  const { name } = metricWords(metric);
  const [own, other] = [winner, reference].map((one) => figureOf(kept.snapshot, one, metric));
  const difference = differenceOf(kept, winner, reference);
  if (!difference || !own || !other) return undefined;
  const clear = Math.abs(difference.value) > 2 * difference.error;
  const outcome = !clear
    ? 'cannot be told from'
    : difference.value > 0
      ? `has a lower ${name} than`
      : `has a higher ${name} than`;
  return `**The winner of the search ${outcome} the best standard diffusion of an equal search**: ${name} ${formatFigure(own)} against ${formatFigure(other)} on test data (\`${winner.name}\` against \`${reference.name}\`), a ${difference.combined ? '' : 'paired '}difference of ${differenceWords(difference)}.`;
}

/**
 * Baselines and winners at their last rung: the objective, what is measured beside it (columns.ts) and, paired, how much worse each is
 * than `against`; whoever was trained longest first, of those the best; last those of which a seed failed.
 */
export function contenderTable(kept: KeptSweep, against?: string): string {
  const { snapshot } = kept;
  const { metric } = snapshot.spec.objective;
  const contenders = contendersOf(kept);
  const base = contenders.find(({ name }) => name === against) ?? contenders[0];
  const rated = contenders
    .map((one) => ({ one, figure: figureOf(snapshot, one, metric) }))
    .sort(
      (a, b) =>
        measuredOn(b.one).step - measuredOn(a.one).step ||
        (a.figure?.value ?? Infinity) - (b.figure?.value ?? Infinity),
    );
  const where = (one: Contender) => {
    const { tested, step } = measuredOn(one);
    return `${tested ? 'test' : 'validation'}, ${formatCount(step)}`;
  };
  const shared = (one: Contender) => {
    const own = snapshot.trials.find(({ trial }) => trial === base?.trials[0]?.trial);
    return own && base && one !== base ? differenceOf(kept, base, one) : undefined;
  };
  const measured = metric === 'kl' ? densityColumns : imageColumns;
  const heads = [
    'schedule',
    'seeds',
    metricTitle(metric),
    ...measured.map(([head]) => head),
    `worse than ${base?.name ?? '–'}`,
    'data, steps',
  ].map((head) => markdownText(head, 80));
  const failed = failedContenders(kept).map((one) => [
    markdownText(one.name, 90),
    `${one.failed} of ${one.seeds} failed`,
    ...heads.slice(2).map(() => '–'),
  ]);
  const rows = rated.map(({ one, figure }) => {
    const difference = shared(one);
    return [
      markdownText(one.name, 90),
      String(one.trials.length),
      figureCell(figure),
      ...measured.map(([, text]) => text(snapshot, one)),
      difference ? formatFigure(difference) : '–',
      where(one),
    ];
  });
  return markdownTable(heads, [...rows, ...failed]);
}

/** What a report takes for likelihoods of single configurations, which it puts into blocks of eight at least: those that are kept again. */
function asConfigurations(likelihoods: PerConfiguration): PerConfiguration {
  const repeated = (means: ArrayLike<number>) =>
    Array.from(means).flatMap((mean) => Array<number>(8).fill(mean));
  return new Map([...likelihoods].map(([trial, means]) => [trial, repeated(means)]));
}

/** The sweep's own report in one sentence, and how far it has come. */
export function sweepSentence({ snapshot, likelihoods }: KeptSweep): string {
  const { name } = snapshot.spec;
  const said = verdict(foldReplicates(snapshot), asConfigurations(likelihoods));
  return `\`${name}\` (${snapshot.state}): ${markdownText(said, 900)}`;
}
