import type { SweepSnapshot } from '../sweep/types.js';
import type { ReportInput } from './artifacts.js';
import { parameterColumns } from './axes.js';
import { failuresOf, methodFacts, parameterText, reproduceCommands, standingRows } from './content.js';
import { taskWords } from './taskWords.js';
import {
  companionMetric,
  directionWords,
  formatCount,
  formatFigure,
  formatTime,
  metricFigure,
  metricTitle,
} from './figures.js';
import { frontOf, frontRows, frontWords, hypervolumeWords, objectiveHeads } from './front.js';
import { observableRows } from './observablesTable.js';
import { shownTrials } from './pictures.js';
import { perConfigurationOf } from './pairs.js';
import { rowName } from './names.js';
import { bestSearched, highestResult, standings } from './ranking.js';
import { sweepFileOf } from './sweepFile.js';
import { rankTrials } from './table.js';
import { markdownText } from './text.js';
import { tiles } from './tiles.js';
import { mostChance } from './importance.js';
import { importanceSource } from './importanceText.js';
import { importanceOrWhy, pairsText } from './understanding.js';
import { unsettled } from './unsettled.js';
import { capital, sourceWords, verdict } from './verdict.js';

/** A table in Markdown; whoever fills it escapes its cells. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A block of text as it is: the fence is longer than any run of backticks in it. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}

/** What mattered, as a sentence and a table; the reason in words where nothing is known of it. */
export function importanceTable(snapshot: SweepSnapshot): [string, string] | string {
  const found = importanceOrWhy(snapshot);
  if (typeof found === 'string') return found;
  const best = new Map(found.pedAnova.main.map((row) => [row.name, row]));
  return [
    `${capital(importanceSource(found))}. ${markdownText(pairsText(found), 600)}`,
    markdownTable(
      ['parameter', 'share of variance (fANOVA)', `share for the best ${found.pedAnova.good} (PED-ANOVA)`],
      found.fanova.main.map(({ name, ...share }) => {
        const other = best.get(name);
        const chance = other && other.value > 0 && other.chance > mostChance ? ', may be chance' : '';
        return [markdownText(name, 60), formatFigure(share), other ? `${formatFigure(other)}${chance}` : '–'];
      }),
    ),
  ];
}

function importanceParts(snapshot: SweepSnapshot): string[] {
  const found = importanceTable(snapshot);
  return typeof found === 'string' ? [] : ['## What mattered', ...found];
}

/** The report as Markdown: the same answer, tables and method as the HTML file, without pictures. */
export function renderMarkdown(input: ReportInput): string {
  const { snapshot } = input;
  const now = input.now ?? new Date();
  const perConfiguration = perConfigurationOf(input);
  const standing = standings(snapshot, perConfiguration);
  const best = bestSearched(snapshot);
  const { metric } = snapshot.spec.objective;
  const other = companionMetric(snapshot.spec);
  const parts: string[] = [
    `# ${markdownText(snapshot.spec.name, 100)}`,
    `${markdownText(taskWords(snapshot))}; sweep ${snapshot.state}.`,
    `**${markdownText(verdict(snapshot, perConfiguration), 900)}**`,
    tiles(snapshot, standing, now)
      .map(
        ({ title, value, remark }) =>
          `- ${markdownText(title)}: ${markdownText(value)}${remark === undefined ? '' : ` (${markdownText(remark)})`}`,
      )
      .join('\n'),
  ];
  if (standing) {
    const where = sourceWords(standing.source);
    parts.push(
      standing.best ? '## The best of the search against the baselines' : '## The baselines',
      `${markdownText(metricTitle(metric))}, ${directionWords(snapshot.spec.objective)}, ${where}.`,
      markdownTable(
        ['schedule', metricTitle(metric), metricTitle(other), 'against standard', 'steps paid'].map((head) =>
          markdownText(head),
        ),
        standingRows(snapshot, standing).map((row) => [
          markdownText(row.name),
          row.figure,
          row.other,
          row.against,
          row.stepsPaid,
        ]),
      ),
    );
  }
  const front = frontOf(snapshot);
  if (front) {
    const heads = objectiveHeads(front);
    parts.push(
      '## The Pareto front',
      `${markdownText(frontWords(front))}, on validation data; ${markdownText(hypervolumeWords(front))}.`,
      markdownTable(
        ['trial', 'schedule', ...heads, ...heads.map((head) => `${head}, test`)].map((head) =>
          markdownText(head),
        ),
        frontRows(front).map((cells) => cells.map((cell) => markdownText(cell, 100))),
      ),
    );
  }
  const open = unsettled(snapshot, perConfiguration);
  if (open.length > 0)
    parts.push(
      '## What the search did not settle',
      open.map((line) => `- ${markdownText(line, 600)}`).join('\n'),
    );

  const models = shownTrials(input).filter(
    ({ trial }) => input.artifacts?.trials.get(trial.trial)?.observables,
  );
  const observables = observableRows(input, models);
  if (observables.length > 0)
    parts.push(
      '## Observables against HMC',
      markdownTable(
        ['observable', 'HMC', ...models.flatMap(({ name }) => [markdownText(name, 60), 'z'])],
        observables.map(({ symbol, reference, models: figures }) => [
          markdownText(symbol),
          reference,
          ...figures.flatMap(({ figure, z }) => [
            figure,
            z === undefined ? '–' : z.toFixed(1).replace('-', '−'),
          ]),
        ]),
      ),
    );

  parts.push(...importanceParts(snapshot));
  if (snapshot.trials.length > 0) {
    const columns = parameterColumns(snapshot).varying.slice(0, 24);
    parts.push(
      '## All trials',
      markdownTable(
        [
          'trial',
          'schedule',
          metricTitle(metric),
          metricTitle(other),
          'at step',
          'steps paid',
          'state',
          ...columns,
        ].map((head) => markdownText(head, 60)),
        rankTrials(snapshot, snapshot.trials).map((trial) => {
          const result = highestResult(snapshot, trial);
          const figure = (name: string) => {
            const found = result && metricFigure(result.metrics, name);
            return found ? formatFigure(found) : '–';
          };
          return [
            `${trial.trial}${trial === best ? ' ★' : ''}`,
            markdownText(rowName(trial), 100),
            figure(metric),
            figure(other),
            result ? formatCount(result.step) : '–',
            formatCount(trial.stepsPaid),
            trial.equals === undefined ? trial.state : `same as trial ${trial.equals}`,
            ...columns.map((name) => markdownText(parameterText(trial.parameters[name]), 60)),
          ];
        }),
      ),
    );
  }
  const failures = failuresOf(snapshot);
  if (failures.length > 0)
    parts.push(
      '## Failures',
      markdownTable(
        ['trial', 'kind', 'step', 'message', 'when'],
        failures
          .slice(-200)
          .map(({ trial, failure }) => [
            String(trial.trial),
            failure.kind,
            formatCount(failure.step),
            markdownText(failure.message, 300),
            markdownText(formatTime(failure.at), 40),
          ]),
      ),
    );
  parts.push(
    '## Method',
    methodFacts(input)
      .map(([name, text]) => `- **${name}**: ${markdownText(text, 600)}`)
      .join('\n'),
    '## How to reproduce',
    fenced(reproduceCommands(snapshot, best).join('\n'), 'sh'),
    `The sweep file, every default written out:`,
    fenced(sweepFileOf(snapshot.spec), 'yaml'),
  );
  return `${parts.join('\n\n')}\n`;
}
