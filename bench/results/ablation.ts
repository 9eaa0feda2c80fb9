import { formatFigure } from '../../src/report/figures.js';
import { markdownTable } from '../../src/report/markdown.js';
import { markdownText } from '../../src/report/text.js';
import { contendersOf, differenceOf, figureOf } from './contenders.js';
import type { KeptSweep } from './kept.js';

/** One thing added at a time; from → to. */
const stages: readonly [string, string, string][] = [
  ['the Gaussian score', 'standard-raw', 'standard'],
  ['the data’s colour, one γ(t) for all', 'standard', 'matched-noise'],
  ['a component-wise schedule on top', 'matched-noise', 'gud-soft'],
  ['colour and component-wise schedule together', 'standard', 'gud-soft'],
  ['another γ(t) for all: γ from −13.3 to 5', 'standard', 'linear-gamma'],
  ['another γ(t) for all: VP, linear β', 'standard', 'vp-linear-beta'],
  ['another γ(t) for all: VP, cosine', 'standard', 'vp-cosine'],
  ['the winner’s colour', 'winner-in-white', 'finalist-1'],
  ['the winner’s cutoff', 'winner-without-cutoff', 'finalist-1'],
  ['the winner’s colour and cutoff', 'winner-without-both', 'finalist-1'],
  ['the winner’s γ(t), weighting and times alone', 'standard', 'winner-without-both'],
];

/** What each ingredient gains over going without it, with everything else the same. */
export function ablationTable(kept: KeptSweep): string {
  const contenders = new Map(contendersOf(kept).map((one) => [one.name, one]));
  const rows = stages.flatMap(([what, from, to]) => {
    const [before, after] = [contenders.get(from), contenders.get(to)];
    const failed = kept.snapshot.trials.some(({ baseline, state }) => baseline === to && state === 'failed');
    if (!before || (!after && !failed)) return [];
    if (!after) return [[what, `${from} → ${to}`, '–', 'failed', '–']];
    const gain = differenceOf(kept, after, before);
    // Measured after other numbers of steps, the two say nothing of each other yet.
    if (!gain) return [[what, `${from} → ${to}`, '–', 'not yet', '–']];
    const ess = [before, after].map((one) => figureOf(kept.snapshot, one, 'ess')?.value);
    return [
      [
        what,
        `${from} → ${to}`,
        formatFigure(gain),
        Math.abs(gain.value) < 2 * gain.error ? 'a tie' : gain.value > 0 ? 'better' : 'worse',
        ess.map((value) => (value === undefined ? '–' : value.toFixed(3))).join(' → '),
      ],
    ];
  });
  return markdownTable(
    ['what is added', 'from → to', 'KL gained in nats', '', 'ESS'],
    rows.map((row) => row.map((text) => markdownText(text, 90))),
  );
}
