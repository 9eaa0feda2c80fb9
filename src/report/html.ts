import { isLatticeField } from './fieldKind.js';
import type { ReportInput } from './artifacts.js';
import type { Chart } from './charts/render.js';
import { methodFacts, parameterText, reproduceCommands, standingRows } from './content.js';
import { taskWords } from './taskWords.js';
import { captions } from './captions.js';
import { failuresBody } from './failuresTable.js';
import { fieldGradient } from './fields.js';
import {
  companionMetric,
  formatCount,
  formatNumber,
  formatTime,
  metricTitle,
  metricWords,
  directionWords,
} from './figures.js';
import { galleryFigures, type GalleryFigures } from './galleryFigures.js';
import { observablesTable } from './observablesTable.js';
import { drawPictures, shownTrials, type Pictures } from './pictures.js';
import { perConfigurationOf } from './pairs.js';
import { bestSearched, standings, type Standings } from './ranking.js';
import { contentSecurityPolicy, tableScript } from './script.js';
import { styleSheet } from './style.js';
import { sweepFileOf } from './sweepFile.js';
import { escapeHtml, fitLine, htmlText } from './text.js';
import { tiles } from './tiles.js';
import { trialsTable } from './trialsTable.js';
import { frontBody, importanceBody } from './understanding.js';
import { unsettled } from './unsettled.js';
import { sourceWords, verdict } from './verdict.js';

const figure = (chart: Chart | undefined, caption: string): string =>
  chart ? `<figure>${chart.svg}<figcaption>${caption}</figcaption></figure>` : '';

const section = (id: string, title: string, body: string): string =>
  body.trim()
    ? `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>\n${body}\n</section>`
    : '';

const dot = (color: string, text: string): string =>
  `<li><span class="dot" style="--dot:var(--${color})"></span>${text}</li>`;

function standingsSection(input: ReportInput, table: Standings | undefined, pictures: Pictures): string {
  if (!table) return '';
  const { snapshot } = input;
  const { metric } = snapshot.spec.objective;
  const other = companionMetric(snapshot.spec);
  const rows = standingRows(snapshot, table)
    .map((row) => {
      const role = row.trial === table.best ? 'best' : row.trial === table.standard ? 'standard' : 'baseline';
      const tone = row.outcome === 'better' ? ' good' : row.outcome === 'worse' ? ' bad' : '';
      return `<tr${row.trial === table.best ? ' class="best"' : ''}><th scope="row"><span class="dot" style="--dot:var(--${role})"></span>${htmlText(row.name, 130)}</th><td class="number">${row.figure}</td><td class="number">${row.other}</td><td class="number${tone}">${row.against}</td><td class="number">${row.stepsPaid}</td></tr>`;
    })
    .join('\n');
  return section(
    'baselines',
    table.best ? 'The best of the search against the baselines' : 'The baselines',
    `<p class="lead">${escapeHtml(metricTitle(metric))}, ${directionWords(snapshot.spec.objective)}, ${escapeHtml(
      sourceWords(table.source),
    )}.</p>
${figure(pictures.standings, captions.standings(snapshot))}
<div class="scroll"><table><thead><tr><th scope="col">schedule</th><th scope="col" class="number">${escapeHtml(metricTitle(metric))}</th><th scope="col" class="number">${escapeHtml(metricTitle(other))}</th><th scope="col" class="number">against standard</th><th scope="col" class="number">steps paid</th></tr></thead>
<tbody>${rows}</tbody></table></div>`,
  );
}

/** What the colours of dots mean where they stand for rungs. */
function rungKeys({ snapshot }: ReportInput): string {
  const { rungs } = snapshot.spec.pruner;
  const keys = rungs.map((step, i) =>
    dot(i === rungs.length - 1 ? 'best' : `rung${Math.min(i, 3)}`, `after ${formatCount(step)} steps`),
  );
  return `<ul class="keys">${keys.join('')}</ul>`;
}

function searchSection(input: ReportInput, pictures: Pictures, more: GalleryFigures): string {
  const { snapshot } = input;
  const charts = [
    figure(pictures.overSteps, captions.overSteps),
    figure(pictures.overTime, captions.overTime),
  ].join('\n');
  const learning = [
    figure(pictures.rungs, escapeHtml(captions.rungs(snapshot))),
    figure(pictures.loss?.chart, captions.loss(pictures.loss)),
  ].join('\n');
  return section(
    'search',
    'How the search went',
    pictures.overSteps || pictures.loss || pictures.rungs
      ? `${pictures.overSteps ? `${rungKeys(input)}<div class="pair">${charts}</div>` : ''}
${pictures.rungs || pictures.loss ? `<h3>Learning</h3><div class="pair">${learning}</div>` : ''}
${more.timeline ?? ''}
${more.pareto ?? ''}`
      : '',
  );
}

function parametersSection(input: ReportInput, pictures: Pictures, more: GalleryFigures): string {
  if (pictures.parameters.length === 0) return '';
  return section(
    'parameters',
    `${escapeHtml(metricWords(input.snapshot.spec.objective.metric).name)} against each parameter`,
    `<p class="lead">${captions.slices}</p>
${rungKeys(input)}
<div class="small">${pictures.parameters.map(({ svg }) => `<figure>${svg}</figure>`).join('\n')}</div>
${more.parallel ?? ''}
${more.contour ?? ''}`,
  );
}

function scheduleSection(input: ReportInput, pictures: Pictures, more: GalleryFigures): string {
  const best = bestSearched(input.snapshot);
  const problem = pictures.scheduleProblem
    ? `<p class="lead">Not drawn: ${htmlText(pictures.scheduleProblem, 300)}.</p>`
    : '';
  const hierarchies = pictures.hierarchies
    .map(({ name, value }) => `${htmlText(name, 60)} ${value.toFixed(2)}`)
    .join(', ');
  const parameters = best
    ? `<dl class="pairs"><div><dt>trial</dt><dd>${best.trial}</dd></div>${Object.entries(best.parameters)
        .slice(0, 40)
        .map(
          ([name, value]) =>
            `<div><dt>${htmlText(name, 60)}</dt><dd>${htmlText(parameterText(value), 80)}</dd></div>`,
        )
        .join('')}</dl>`
    : '';
  const effects = pictures.inEffect
    .map(({ name, text }) => `<p>${htmlText(`${name}: ${text}.`, 200)}</p>`)
    .join('');
  const charts = pictures.gamma
    ? `<ul class="keys"><li>|k̂| = 0<span class="ramp" style="background:linear-gradient(to right,${Array.from({ length: 10 }, (_, i) => `var(--s${i})`).join(',')})"></span>${formatNumber(pictures.largestMomentum)} (lattice units)</li></ul>
${figure(pictures.gamma, captions.gamma)}
${figure(pictures.noise, captions.noise)}
${more.cutoff ?? ''}
${hierarchies ? `<p class="lead">Hierarchy (0: all scales lose their information together, 1: one after the other): ${hierarchies}.</p>` : ''}`
    : '';
  return section(
    'schedule',
    best ? 'The best schedule of the search' : 'The schedules',
    best || charts ? `${problem}${parameters}${effects}${charts}` : '',
  );
}

function fieldsSection(input: ReportInput, pictures: Pictures): string {
  const { task } = input.snapshot.spec;
  const isPhi4 = task.name === 'phi4';
  const isLattice = isLatticeField(task);
  const grids = pictures.grids
    .map(
      ({ name, grid }) =>
        `<figure><img src="${grid.source}" width="${grid.width}" height="${grid.height}" alt="${grid.shown} fields, ${htmlText(name, 80)}, ${isLattice ? 'as small maps of φ' : 'as images'}"><figcaption>${htmlText(name, 80)}</figcaption></figure>`,
    )
    .join('\n');
  const legend = !isLattice
    ? ''
    : `<ul class="keys"><li>φ = −${formatNumber(pictures.limit)}<span class="ramp" style="background:${fieldGradient()}"></span>+${formatNumber(pictures.limit)}</li></ul>`;
  const observables = observablesTable(input, shownTrials(input));
  return section(
    'fields',
    isPhi4 ? 'Samples and observables against HMC' : 'Samples beside the data',
    [
      grids
        ? `<div class="grids">${grids}</div>${legend}<p class="lead">Independent fields, evenly chosen, none left out. Fields that look right are easily had; the numbers ${isPhi4 ? 'below' : 'above'} are what counts.</p>`
        : '',
      figure(
        pictures.propagator,
        'Left: the propagator G(k) of the models’ samples (dots) and of HMC (line). Right: their ratio; bars are ± 2 standard errors, dots are set side by side where they share a momentum.',
      ),
      observables,
    ].join('\n'),
  );
}

function methodSection(input: ReportInput): string {
  const { snapshot } = input;
  const file = sweepFileOf(snapshot.spec);
  const facts = methodFacts(input)
    .map(([name, text]) => `<dt>${escapeHtml(name)}</dt><dd>${htmlText(text, 600)}</dd>`)
    .join('\n');
  const commands = reproduceCommands(snapshot, bestSearched(snapshot)).map(escapeHtml).join('\n');
  return `${section('method', 'Method', `<dl class="facts">${facts}</dl>`)}
${section(
  'reproduce',
  'How to reproduce',
  `<p>Save the sweep file below as <code>${htmlText(snapshot.spec.name, 80)}.yaml</code>. Suggestions, batches, times and noise are addressed by the seeds, so the same versions on the same backend suggest and train the same trials where results come in the same order; with one trial at a time they always do.</p>
<pre tabindex="0">${commands}</pre>
<details><summary>The sweep file, every default written out</summary><pre class="wrap" tabindex="0">${escapeHtml(file.slice(0, 60_000))}</pre></details>`,
)}`;
}

/**
 * A sweep's report as one HTML file that needs nothing else: the answer first, then the comparison with the baselines,
 * the search, its best schedule, samples, every trial, failures, method and how to reproduce. Works from the first
 * second of a sweep on; names and messages from outside are cleaned, shortened and escaped, and a content security
 * policy keeps the page from running or loading anything but itself.
 */
export async function renderReport(input: ReportInput): Promise<string> {
  const { snapshot } = input;
  const now = input.now ?? new Date();
  const perConfiguration = perConfigurationOf(input);
  const table = standings(snapshot, perConfiguration);
  const pictures = await drawPictures(input, table);
  const more = await galleryFigures(input, now);
  const best = bestSearched(snapshot);
  const open = unsettled(snapshot, perConfiguration);
  const sections: [string, string, string][] = [
    ['baselines', 'Baselines', standingsSection(input, table, pictures)],
    ['front', 'Front', section('front', 'The Pareto front', await frontBody(snapshot))],
    [
      'unsettled',
      'Not settled',
      section(
        'unsettled',
        'What the search did not settle',
        open.length > 0 ? `<ul>${open.map((line) => `<li>${htmlText(line, 600)}</li>`).join('\n')}</ul>` : '',
      ),
    ],
    ['search', 'Search', searchSection(input, pictures, more)],
    ['parameters', 'Parameters', parametersSection(input, pictures, more)],
    ['importance', 'Importance', section('importance', 'What mattered', await importanceBody(snapshot))],
    ['schedule', 'Schedule', scheduleSection(input, pictures, more)],
    ['fields', 'Samples', fieldsSection(input, pictures)],
    [
      'trials',
      'All trials',
      section(
        'trials',
        'All trials',
        snapshot.trials.length > 0
          ? trialsTable(snapshot, best)
          : '<p class="lead">No trial has been made yet.</p>',
      ),
    ],
    ['failures', 'Failures', section('failures', 'Failures', failuresBody(snapshot))],
    ['method', 'Method', methodSection(input)],
  ];
  const name = htmlText(snapshot.spec.name, 100);
  const links = sections
    .filter(([, , body]) => body !== '')
    .map(([id, title]) => `<a href="#${id}">${title}</a>`)
    .join('\n');
  const glance = tiles(snapshot, table, now)
    .map(
      ({ title, value, remark }) =>
        `<div><dt>${escapeHtml(title)}</dt><dd>${escapeHtml(value).replace(/ (± \S+)$/, ' <span>$1</span>')}${remark === undefined ? '' : `<small>${escapeHtml(fitLine(remark, 80))}</small>`}</dd></div>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}: which noise schedule won</title>
<style>${styleSheet}</style>
</head>
<body>
<header>
<p class="kicker">${escapeHtml(taskWords(snapshot))} · sweep ${htmlText(snapshot.state, 20)}</p>
<h1>${name}</h1>
<p class="answer">${htmlText(verdict(snapshot, perConfiguration), 900)}</p>
<dl class="tiles">${glance}</dl>
<nav aria-label="Sections">${links}</nav>
</header>
<main>
${sections.map(([, , body]) => body).join('\n')}
</main>
<footer>Made by rgsweep${input.versions['rgsweep'] === undefined ? '' : ` ${htmlText(input.versions['rgsweep'], 40)}`} at ${htmlText(formatTime(now.toISOString()), 40)} from the sweep’s store alone. One file, nothing loaded from elsewhere.</footer>
<script>${tableScript}</script>
</body>
</html>
`;
}
