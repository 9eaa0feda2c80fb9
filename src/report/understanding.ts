import { messageOf, RgsweepError } from '../errors.js';
import type { SweepSnapshot } from '../sweep/types.js';
import { axesOf } from './axes.js';
import { frontCharts } from './charts/front.js';
import { dependenceCharts, importanceChart } from './charts/importance.js';
import type { Chart } from './charts/render.js';
import { formatCount, formatFigure } from './figures.js';
import { frontOf, frontRows, frontWords, hypervolumeWords, objectiveHeads } from './front.js';
import { importanceOf, type SweepImportance } from './importance.js';
import { importanceSource } from './importanceText.js';
import { capital } from './verdict.js';
import { escapeHtml, fitLine, htmlText } from './text.js';

/** Trials beyond which a report reads the newest ones only: the errors are below anything that matters by then. */
const mostTrials = 1000;

/** What the sweep says about its parameters; the reason in words where it says nothing yet. */
export function importanceOrWhy(snapshot: SweepSnapshot): SweepImportance | string {
  try {
    return importanceOf({ ...snapshot, trials: snapshot.trials.slice(-mostTrials) });
  } catch (error) {
    if (error instanceof RgsweepError && error.kind === 'usage') return messageOf(error);
    throw error;
  }
}

/** Pairs of parameters that do together what neither does alone, as far as it can be told from nothing. */
export function pairsText({ fanova }: SweepImportance): string {
  const pairs = fanova.pairs
    .filter(({ value, error }) => value > 2 * error && value > 0.01)
    .map(
      ({ names, ...share }) => `${names.map((name) => fitLine(name, 40)).join(' × ')} ${formatFigure(share)}`,
    );
  return pairs.length > 0
    ? `Together beyond each alone: ${pairs.join(', ')}.`
    : 'No two parameters do anything together that could be told from nothing.';
}

const figure = (chart: Chart, caption: string): string =>
  `<figure>${chart.svg}<figcaption>${caption}</figcaption></figure>`;

/** The body of the report's section on what mattered; empty where nothing was searched. */
export async function importanceBody(snapshot: SweepSnapshot): Promise<string> {
  const axes = axesOf(snapshot.spec.space);
  if (axes.length === 0 || !snapshot.trials.some(({ baseline }) => baseline === undefined)) return '';
  const found = importanceOrWhy(snapshot);
  if (typeof found === 'string') return `<p class="lead">Not known yet: ${htmlText(found, 300)}.</p>`;
  const charts = await dependenceCharts(found, axes);
  const key = (color: string, text: string) =>
    `<li><span class="dot" style="--dot:var(--${color})"></span>${text}</li>`;
  return `<p class="lead">${capital(importanceSource(found))}. ${escapeHtml(pairsText(found))}</p>
<ul class="keys">${key('baseline', 'of the variance over random draws of the space (fANOVA)')}${key('best', `of what makes a trial one of the best ${formatCount(found.pedAnova.good)} (PED-ANOVA)`)}</ul>
${figure(await importanceChart(found), 'Shares with bars of ± 2 standard errors; faint where the share may be chance (p above 0.05). A parameter that exists only under a condition counts where it exists.')}
${
  charts.length > 0
    ? `<h3>Partial dependence</h3><div class="small">${charts.map(({ svg }) => `<figure>${svg}</figure>`).join('\n')}</div>
<p class="lead">The mean over everything else, by a forest through the trials, with a band of ± 2 standard errors. Where few trials were, the forest guesses.</p>`
    : ''
}`;
}

/** The body of the report's section on the Pareto front; empty with one objective. */
export async function frontBody(snapshot: SweepSnapshot): Promise<string> {
  const front = frontOf(snapshot);
  if (!front) return '';
  const charts = await frontCharts(front);
  const heads = objectiveHeads(front);
  const rows = frontRows(front)
    .map(
      ([trial, label, ...figures]) =>
        `<tr><td class="number"><a href="#trial-${trial}">${trial}</a></td><th scope="row">${htmlText(label!, 130)}</th>${figures.map((text) => `<td class="number">${escapeHtml(text)}</td>`).join('')}</tr>`,
    )
    .join('\n');
  const head = ['trial', 'schedule', ...heads, ...heads.map((title) => `${title}, test`)];
  return `<p class="lead">${escapeHtml(frontWords(front))}, on validation data: no searched trial is better than one of these in every objective. ${escapeHtml(hypervolumeWords(front).replace(/^h/, 'H'))}.</p>
${charts.map((chart) => figure(chart, 'Blue: the front, bars ± 2 standard errors. Small dots: dominated. Diamonds: baselines.')).join('\n')}
<div class="scroll"><table><thead><tr>${head.map((title, index) => `<th scope="col"${index === 1 ? '' : ' class="number"'}>${escapeHtml(title)}</th>`).join('')}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
