import type { TrialRecord } from '../sweep/types.js';
import type { ObservableEstimate, ReportInput } from './artifacts.js';
import { formatFigure } from './figures.js';
import { escapeHtml, htmlText } from './text.js';

/** Observables that a table shows, as physicists write them. */
const shown: [name: string, symbol: string][] = [
  ['absM', '⟨|M|⟩'],
  ['susceptibility', 'χ = V⟨M²⟩'],
  ['binder', 'Binder cumulant'],
  ['correlationLength', 'correlation length ξ'],
  ['phi2', '⟨φ²⟩'],
  ['phi4', '⟨φ⁴⟩'],
  ['actionPerSite', '⟨S⟩/V'],
];

/** (model − data) in standard errors of their difference; undefined where there are none. */
export function distance(model: ObservableEstimate, data: ObservableEstimate): number | undefined {
  const z = (model.value - data.value) / Math.hypot(model.error, data.error);
  return Number.isFinite(z) ? z : undefined;
}

export interface ObservableRow {
  symbol: string;
  reference: string;
  models: { figure: string; z?: number }[];
}

/** Observables of the reference and of each model with their distance in standard errors. */
export function observableRows(
  input: ReportInput,
  trials: readonly { trial: TrialRecord }[],
): ObservableRow[] {
  const reference = input.artifacts?.reference?.observables;
  const models = trials.map(({ trial }) => input.artifacts?.trials.get(trial.trial)?.observables);
  if (!reference || models.every((model) => !model)) return [];
  return shown.flatMap(([name, symbol]): ObservableRow[] => {
    const data = reference[name];
    if (!data || !Number.isFinite(data.value)) return [];
    return [
      {
        symbol,
        reference: formatFigure(data),
        models: models.map((model) => {
          const estimate = model?.[name];
          if (!estimate || !Number.isFinite(estimate.value)) return { figure: '–' };
          const z = distance(estimate, data);
          return { figure: formatFigure(estimate), ...(z === undefined ? {} : { z }) };
        }),
      },
    ];
  });
}

/** The same as an HTML table; empty where there is nothing to compare. */
export function observablesTable(
  input: ReportInput,
  trials: readonly { name: string; trial: TrialRecord }[],
): string {
  const have = trials.filter(({ trial }) => input.artifacts?.trials.get(trial.trial)?.observables);
  const rows = observableRows(input, have);
  if (rows.length === 0) return '';
  const head = have
    .map(
      ({ name }) =>
        `<th scope="col" class="number">${htmlText(name, 60)}</th><th scope="col" class="number">z</th>`,
    )
    .join('');
  const body = rows
    .map(
      ({ symbol, reference, models }) =>
        `<tr><th scope="row">${escapeHtml(symbol)}</th><td class="number">${reference}</td>${models
          .map(
            ({ figure, z }) =>
              `<td class="number">${figure}</td><td class="number${z !== undefined && Math.abs(z) > 3 ? ' bad' : ''}">${z === undefined ? '–' : z.toFixed(1).replace('-', '−')}</td>`,
          )
          .join('')}</tr>`,
    )
    .join('\n');
  return `<div class="scroll"><table><thead><tr><th scope="col">observable</th><th scope="col" class="number">HMC</th>${head}</tr></thead><tbody>${body}</tbody></table></div>
<p class="lead">z: distance from HMC in standard errors of the difference; beyond ±3 the model is measurably off.</p>`;
}
