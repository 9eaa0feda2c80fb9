import type { SweepSnapshot } from '../sweep/types.js';
import { failuresOf } from './content.js';
import { formatCount, formatTime } from './figures.js';
import { htmlText } from './text.js';

/** Every failure of every trial as an HTML table, the last 200; empty where there was none. */
export function failuresBody(snapshot: SweepSnapshot): string {
  const failures = failuresOf(snapshot);
  if (failures.length === 0) return '';
  const shown = failures.slice(-200);
  const rows = shown
    .map(
      ({ trial, failure, given }) =>
        `<tr><td class="number">${trial.trial}</td><td>${htmlText(failure.kind, 40)}</td><td class="number">${formatCount(failure.step)}</td><td>${htmlText(failure.message, 400)}</td><td class="tag">${htmlText(formatTime(failure.at), 40)}</td><td>${given ? 'given up' : 'tried again'}</td></tr>`,
    )
    .join('\n');
  return `${shown.length < failures.length ? `<p class="lead">The last ${shown.length} of ${formatCount(failures.length)}.</p>` : ''}
<div class="scroll${shown.length > 25 ? ' tall' : ''}" tabindex="0" role="region" aria-label="Table of failures"><table><thead><tr><th scope="col" class="number">trial</th><th scope="col">kind</th><th scope="col" class="number">step</th><th scope="col">message</th><th scope="col">when</th><th scope="col">then</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
