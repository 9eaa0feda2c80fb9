import type { SweepSnapshot, TrialRecord } from '../sweep/types.js';
import { parameterColumns } from './axes.js';
import { axisTitle } from './charts/parameters.js';
import { parameterText } from './content.js';
import { formatCount, formatFigure, metricFigure, metricTitle } from './figures.js';
import { highestResult } from './ranking.js';
import { rankTrials } from './table.js';
import { escapeHtml, fitLine, htmlText } from './text.js';

interface Cell {
  text: string;
  /** What to sort by, where it is not the text. */
  value?: number | undefined;
  number?: boolean;
}

const maximumParameters = 24;

function stateText(trial: TrialRecord): string {
  if (trial.equals !== undefined) return `same as trial ${trial.equals}`;
  if (trial.state === 'failed') return `failed: ${trial.failures.at(-1)?.kind ?? 'unknown reason'}`;
  return trial.state;
}

/** All trials with their parameters as an HTML table: best first, sortable, with a field to filter rows. */
export function trialsTable(snapshot: SweepSnapshot, best: TrialRecord | undefined): string {
  const { metric } = snapshot.spec.objective;
  const other = metric === 'ess' ? 'kl' : 'ess';
  const { varying, constant } = parameterColumns(snapshot);
  const columns = varying.slice(0, maximumParameters);
  const heads: { title: string; number?: boolean; name?: boolean }[] = [
    { title: 'trial', number: true },
    { title: 'schedule', name: true },
    { title: metricTitle(metric), number: true },
    { title: metricTitle(other), number: true },
    { title: 'at step', number: true },
    { title: 'steps paid', number: true },
    { title: 'state' },
    ...columns.map((name) => ({
      title: axisTitle(name),
      number: snapshot.trials.some((trial) => typeof trial.parameters[name] === 'number'),
    })),
  ];
  const rows = rankTrials(snapshot, snapshot.trials).map((trial) => {
    const result = highestResult(snapshot, trial);
    const figure = (name: string): Cell => {
      const found = result && metricFigure(result.metrics, name);
      return { text: found ? formatFigure(found) : '', value: found?.value, number: true };
    };
    const cells: Cell[] = [
      { text: String(trial.trial), number: true },
      { text: trial.baseline === undefined ? trial.label : `${fitLine(trial.baseline, 60)} (baseline)` },
      figure(metric),
      figure(other),
      { text: result ? formatCount(result.step) : '', value: result?.step, number: true },
      { text: formatCount(trial.stepsPaid), value: trial.stepsPaid, number: true },
      { text: stateText(trial) },
      ...columns.map((name): Cell => {
        const value = trial.parameters[name];
        return typeof value === 'number'
          ? { text: parameterText(value), value, number: true }
          : { text: parameterText(value) };
      }),
    ];
    const html = cells.map(({ text, value, number }, index) => {
      const sortable = value === undefined ? '' : ` data-value="${value}"`;
      const kind = number ? ' class="number"' : index === 1 ? ' class="name"' : '';
      return index === 1
        ? `<th scope="row"${kind}>${htmlText(text, 120)}</th>`
        : `<td${kind}${sortable}>${htmlText(text, 120)}</td>`;
    });
    return `<tr${trial === best ? ' class="best"' : ''}>${html.join('')}</tr>`;
  });
  const head = heads
    .map(
      ({ title, number, name }) =>
        `<th scope="col"${number ? ' class="number"' : name ? ' class="name"' : ''}><button type="button">${escapeHtml(fitLine(title, 48))}</button></th>`,
    )
    .join('');
  const shared = constant
    .map((name) => {
      const value = snapshot.trials.find((trial) => trial.parameters[name] !== undefined)?.parameters[name];
      return `${htmlText(name, 60)} ${htmlText(parameterText(value), 60)}`;
    })
    .slice(0, maximumParameters);
  return `<div class="tools"><label>Filter <input type="search" data-filter="all-trials" placeholder="e.g. fourier matched" autocomplete="off"></label>
<span class="tag" id="all-trials-count" role="status">${formatCount(rows.length)} of ${formatCount(rows.length)}</span></div>
<div class="scroll${rows.length > 25 ? ' tall' : ''}" tabindex="0" role="region" aria-label="All trials"><table id="all-trials" data-sortable>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>
${shared.length > 0 ? `<p class="lead">The same wherever given: ${shared.join(', ')}.</p>` : ''}`;
}
