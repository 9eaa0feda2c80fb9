import { createHash } from 'node:crypto';
import * as vega from 'vega';
import { compile, type Config, type TopLevelSpec } from 'vega-lite';
import { displayWidth, escapeHtml, fitLine } from '../text.js';

/** A chart as inline SVG, its number of marks at least one. */
export interface Chart {
  svg: string;
  /** Width in CSS pixels at which its text has its nominal size. */
  width: number;
}

/**
 * Colours are CSS variables of the page, so that one SVG serves light and dark. Names say the role, never the hue.
 */
export const palette = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  grid: 'var(--grid)',
  paper: 'var(--paper)',
  best: 'var(--best)',
  standard: 'var(--standard)',
  baseline: 'var(--baseline)',
  trial: 'var(--trial)',
  reference: 'var(--reference)',
} as const;

/** The i-th of n places on the page's sequential scale of ten colours (`--s0` … `--s9`). */
export function sequential(index: number, count: number): string {
  return `var(--s${count <= 1 ? 0 : Math.round((9 * index) / (count - 1))})`;
}

/**
 * Without a canvas vega guesses 0.8 em a character, which tears wide holes beside labels; with one, layout would depend
 * on the machine's fonts. This is the mean of common sans-serif faces, the same everywhere.
 */
const textMetrics = (
  vega as unknown as { textMetrics: { width: (item: { fontSize?: number }, text: unknown) => number } }
).textMetrics;
textMetrics.width = (item, text) => {
  const lines = (Array.isArray(text) ? text : [text]) as (string | number | undefined)[];
  return Math.max(0, ...lines.map((line) => textWidth(String(line ?? ''), item.fontSize ?? 11)));
};

/** Pixels that a line of a chart's text takes. */
export function textWidth(line: string, fontSize: number): number {
  return 0.57 * fontSize * displayWidth(line);
}

const config: Config = {
  background: 'transparent',
  font: 'inherit',
  padding: { left: 2, right: 4, top: 4, bottom: 2 },
  view: { stroke: null },
  // The picture has one description; a thousand labelled points help nobody who listens.
  aria: false,
  axis: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelColor: palette.muted,
    titleColor: palette.ink,
    gridColor: palette.grid,
    domainColor: palette.muted,
    tickColor: palette.muted,
    tickSize: 4,
    labelPadding: 4,
    titlePadding: 10,
    labelLimit: 260,
    labelOverlap: 'greedy',
    labelFlush: false,
  },
  axisX: { grid: false },
  axisY: {
    domain: false,
    ticks: false,
    titleAngle: 0,
    titleAlign: 'left',
    titleAnchor: 'start',
    titleBaseline: 'bottom',
  },
  legend: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelColor: palette.ink,
    titleColor: palette.ink,
    symbolStrokeWidth: 2,
    labelLimit: 300,
  },
  header: { labelFontSize: 13, labelColor: palette.ink, titleColor: palette.ink, labelFontWeight: 600 },
  title: { fontSize: 13, color: palette.ink, fontWeight: 600, anchor: 'start', offset: 8 },
  text: { fontSize: 12, color: palette.ink },
};

/**
 * Draws a vega-lite chart as one SVG element that fits its container and says in words what it shows. Equal input gives
 * equal text, on any page and at any time.
 * @param label what a reader who cannot see it is told
 */
export async function renderChart(spec: TopLevelSpec, label: string): Promise<Chart> {
  const { spec: compiled } = compile(spec, { config });
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Error });
  const raw = await view.toSVG();
  view.finalize();
  return frame(raw, label);
}

/** Given as `href` of a mark that stands for a trial: a press on it leads to the trial's row in a report, to its page where there is one. */
export const trialReference = (trial: number): string => `#trial-${trial}`;

/**
 * Ids must be unique in the page, and the size give way to the page's width (without a style attribute, which a strict
 * content policy forbids). To who listens the picture is one thing with one description; so there is nothing in it to reach by
 * the tab key, and marks of trials are no links but `data-trial`: a table has the links.
 */
function frame(raw: string, label: string): Chart {
  const head = /^<svg[^>]*?width="([\d.]+)" height="([\d.]+)" viewBox="([^"]+)"[^>]*>/.exec(raw);
  if (!head) throw new Error('vega returned something that is no SVG element');
  const width = Math.ceil(Number(head[1]));
  const text = escapeHtml(fitLine(label, 600));
  const prefix = `c${createHash('sha256').update(text).update(raw).digest('hex').slice(0, 10)}-`;
  const body = raw
    .slice(head[0].length)
    .replace(/ id="([^"]+)"/g, ` id="${prefix}$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${prefix}$1)`)
    .replace(/<a xlink:href="#trial-(\d+)">(.*?)<\/a>/gs, '<g data-trial="$1">$2</g>')
    .replace(/<\/svg>$/, '</g></svg>');
  const size = width > 640 ? 'chart wide' : 'chart';
  return {
    width,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" class="${size}" role="img" aria-label="${text}" viewBox="${head[3]}" width="${width}"><g aria-hidden="true">${body}`,
  };
}
