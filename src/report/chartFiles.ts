import type { SweepSnapshot } from '../sweep/types.js';
import type { ReportInput } from './artifacts.js';
import { sequential, textWidth, type Chart } from './charts/render.js';
import { standingsChart } from './charts/standings.js';
import { frontKeys, gallery, rungKeys } from './gallery.js';
import { perConfigurationOf } from './pairs.js';
import { standings } from './ranking.js';
import { lightColors } from './style.js';
import { escapeHtml } from './text.js';

/** A picture that needs no page around it; the name has no ending. */
export interface ChartFile {
  name: string;
  svg: string;
}

const gap = 24;
/** Charts side by side at most, and the width that they share. */
const columns = 3;
const widest = 1100;

/** What a colour stands for: of one, or of a sequence between two ends. */
type Key = { color: string; text: string } | { from: string; to: string };

const rank: Key[] = [
  { color: 'trial', text: 'low in the ranking' },
  { color: 'best', text: 'high in the ranking' },
];
const scales: Key[] = [{ from: 'small |k̂|', to: 'large |k̂|' }];

/** By the chart's id; others name their lines themselves. */
const chartKeys: Readonly<Record<string, (snapshot: SweepSnapshot) => Key[]>> = {
  'over-steps': rungKeys,
  'over-time': rungKeys,
  timeline: rungKeys,
  slices: rungKeys,
  importance: () => [
    { color: 'baseline', text: 'of the variance over the whole space (fANOVA)' },
    { color: 'best', text: 'of what makes a trial one of the best (PED-ANOVA)' },
  ],
  parallel: () => rank,
  contour: () => rank,
  pareto: frontKeys,
  gamma: () => scales,
  noise: () => scales,
  cutoff: () => [{ from: 't = 0', to: 't = 1' }],
};

const keyFont = 12;
const keyHeight = 28;
const rampWidth = 120;

/** Keys in one line from the left, the baseline of their text at `y`, and where the line ends. */
function keyLine(keys: readonly Key[], y: number): { svg: string; right: number } {
  let x = gap;
  const text = (words: string) => {
    const at = x;
    x += textWidth(words, keyFont) + 8;
    return `<text x="${at}" y="${y}" font-size="${keyFont}" fill="var(--ink)">${escapeHtml(words)}</text>`;
  };
  const svg = keys
    .map((key) => {
      let out: string;
      if ('color' in key) {
        const dot = `<circle cx="${x + 5}" cy="${y - 4}" r="5" fill="var(--${key.color})"/>`;
        x += 16;
        out = dot + text(key.text);
      } else {
        const before = text(key.from);
        const squares = Array.from(
          { length: 10 },
          (_, n) =>
            `<rect x="${x + (n * rampWidth) / 10}" y="${y - 10}" width="${rampWidth / 10}" height="11" fill="${sequential(n, 10)}"/>`,
        ).join('');
        x += rampWidth + 8;
        out = before + squares + text(key.to);
      }
      x += 12;
      return out;
    })
    .join('');
  return { svg, right: x };
}

/** Attributes that are places and sizes: a hundredth of a pixel is enough. */
const places = / (?:d|transform|x|y|x1|x2|y1|y2|cx|cy)="[^"]*"/g;

/** What stands before a chart's marks, and its size in its own units. */
const head =
  /^<svg xmlns="[^"]*" class="[^"]*" role="img" aria-label="([^"]*)" viewBox="([\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+))" width="\d+">/;

/**
 * One or several charts as one SVG file, on white paper and in the colours of a report in light, which any viewer and any
 * typesetting program shows: charts take their colours and font from the page otherwise. Several stand in rows of up to three, what colours mean below them.
 * @throws Error for what is no chart of ours
 */
export function standaloneSvg(charts: readonly Chart[], keys: readonly Key[] = []): string {
  const parts = charts.map(({ svg }) => {
    const match = head.exec(svg);
    if (!match) throw new Error('a chart does not begin as charts do');
    const [opening, label, viewBox, width, height] = match;
    return {
      label: label!,
      viewBox: viewBox!,
      width: Number(width),
      height: Number(height),
      body: svg.slice(opening.length),
    };
  });
  const broadest = Math.max(...parts.map(({ width }) => width));
  const perRow = Math.max(1, Math.min(columns, parts.length, Math.floor((widest + gap) / (broadest + gap))));
  let top = gap / 2;
  const placed: string[] = [];
  for (let first = 0; first < parts.length; first += perRow) {
    const row = parts.slice(first, first + perRow);
    placed.push(
      ...row.map(
        ({ label, viewBox, width, height, body }, column) =>
          `<svg x="${gap / 2 + column * (broadest + gap)}" y="${top}" width="${width}" height="${height}" viewBox="${viewBox}" role="img" aria-label="${label}">${body}`,
      ),
    );
    top += Math.max(...row.map(({ height }) => height)) + gap;
  }
  const line = keyLine(keys, top - gap + keyHeight);
  const width = Math.ceil(Math.max(perRow * (broadest + gap), line.right));
  const height = Math.ceil(top - gap / 2 + (keys.length === 0 ? 0 : keyHeight));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"><rect width="${width}" height="${height}" fill="var(--paper)"/>${placed.join('\n')}${line.svg}</svg>\n`;
  const rounded = svg.replace(places, (attribute) => attribute.replace(/(\.\d\d)\d+/g, '$1'));
  return rounded.replace(/var\(--([a-z0-9]+)\)/g, (_, name: string) => {
    const color = lightColors.get(name);
    if (color === undefined) throw new Error(`the report has no colour called ${name}`);
    return color;
  });
}

/**
 * Every chart of a report and of the live page as a file of its own: `standings`, then the gallery's by their ids (`over-steps`, `slices`,
 * `importance`, `gamma` …). Those that there is nothing to draw for are left out.
 * @param only ids of those that are wanted; default: all
 * @param compared trials whose schedules stand side by side; default: the best and standard diffusion
 */
export async function chartFiles(
  input: ReportInput,
  { only, compared }: { only?: readonly string[]; compared?: readonly number[] } = {},
): Promise<ChartFile[]> {
  const { snapshot, statistics, now = new Date() } = input;
  const wanted = (id: string) => only === undefined || only.includes(id);
  const files: ChartFile[] = [];
  const table = standings(snapshot, perConfigurationOf(input));
  if (table && wanted('standings'))
    files.push({ name: 'standings', svg: standaloneSvg([await standingsChart(snapshot, table)]) });
  for (const { id, draw } of gallery.flatMap(({ charts }) => charts)) {
    if (!wanted(id)) continue;
    const drawn = await draw({
      snapshot,
      now,
      ...(statistics ? { statistics } : {}),
      ...(compared ? { compared } : {}),
    });
    if (typeof drawn !== 'string')
      files.push({ name: id, svg: standaloneSvg(drawn, chartKeys[id]?.(snapshot)) });
  }
  return files;
}
