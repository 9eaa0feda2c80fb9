import { presets } from '../schedule/presets.js';
import type { TrialRecord } from '../sweep/types.js';
import { fitLine } from './text.js';

/** What runs to the end without being searched: a preset, or a contender of the sweep file. */
export const fixedKind = (name: string) => (name in presets ? 'baseline' : 'contender');

/** How a trial is called in a sentence: `standard diffusion`, `the baseline matched-noise`, `trial 9 (pixel · white …)`. */
export function trialName(trial: TrialRecord): string {
  if (trial.baseline === 'standard') return 'standard diffusion';
  if (trial.baseline !== undefined) return `the ${fixedKind(trial.baseline)} ${fitLine(trial.baseline, 60)}`;
  const label = fitLine(trial.label, 80);
  return `trial ${trial.trial}${label ? ` (${label})` : ''}`;
}

/** The same where it has been named before: `vp-cosine`, `trial 9`. */
export function shortName({ baseline, trial }: TrialRecord): string {
  return baseline === 'standard' ? 'standard diffusion' : fitLine(baseline ?? `trial ${trial}`, 60);
}

/** The same in a table: `vp-cosine (baseline)`, a searched trial by its schedule. */
export function rowName({ baseline, label }: Pick<TrialRecord, 'baseline' | 'label'>): string {
  return baseline === undefined ? label : `${fitLine(baseline, 60)} (${fixedKind(baseline)})`;
}
