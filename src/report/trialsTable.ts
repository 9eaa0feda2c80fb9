import type { SweepSnapshot, TrialRecord } from '../sweep/types.js';
import { formatCount } from './figures.js';
import { escapeHtml } from './text.js';
import { trialTableOf } from './trialRows.js';

/** All trials with their parameters as an HTML table: best first, sortable, with a field to filter rows. */
export function trialsTable(snapshot: SweepSnapshot, best: TrialRecord | undefined): string {
  const { columns, rows, shared } = trialTableOf(snapshot);
  const kind = (index: number) =>
    index === 1 ? ' class="name"' : columns[index]!.number ? ' class="number"' : '';
  const body = rows.map(({ trial, cells }) => {
    const html = cells.map(({ text, value }, index) => {
      const sortable = value === undefined || index === 0 ? '' : ` data-value="${value}"`;
      return index === 1
        ? `<th scope="row"${kind(index)}>${escapeHtml(text)}</th>`
        : `<td${kind(index)}${sortable}>${escapeHtml(text)}</td>`;
    });
    return `<tr id="trial-${trial.trial}"${trial === best ? ' class="best"' : ''}>${html.join('')}</tr>`;
  });
  const head = columns
    .map(
      ({ title }, index) =>
        `<th scope="col"${kind(index)}><button type="button">${escapeHtml(title)}</button></th>`,
    )
    .join('');
  return `<div class="tools"><label>Filter <input type="search" data-filter="all-trials" placeholder="e.g. fourier matched" autocomplete="off"></label>
<span class="tag" id="all-trials-count" role="status">${formatCount(rows.length)} of ${formatCount(rows.length)}</span></div>
<div class="scroll${rows.length > 25 ? ' tall' : ''}" tabindex="0" role="region" aria-label="Table of all trials"><table id="all-trials" data-sortable>
<thead><tr>${head}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>
${shared.length > 0 ? `<p class="lead">The same wherever given: ${escapeHtml(shared.join(', '))}.</p>` : ''}`;
}
