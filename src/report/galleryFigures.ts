import { objectivesOf } from '../sweep/types.js';
import type { ReportInput } from './artifacts.js';
import { galleryCharts } from './gallery.js';
import { escapeHtml } from './text.js';

/** Charts of the live page that a report shows too, beside those it lays out in its own way. */
const shown = ['timeline', 'parallel', 'contour', 'pareto', 'cutoff'] as const;

export type GalleryFigures = Partial<Record<(typeof shown)[number], string>>;

/** Each chart as a figure with its title and caption; one that there is nothing to draw for is left out. */
export async function galleryFigures(input: ReportInput, now: Date): Promise<GalleryFigures> {
  const { snapshot, statistics } = input;
  const out: GalleryFigures = {};
  for (const id of shown) {
    const chart = galleryCharts.get(id)!;
    // With several objectives the front has a section of its own.
    if (id === 'pareto' && objectivesOf(snapshot.spec).length > 1) continue;
    const drawn = await chart.draw({ snapshot, now, ...(statistics ? { statistics } : {}) });
    if (typeof drawn === 'string') continue;
    const pictures = drawn.map(({ svg }) => svg).join('\n');
    out[id] =
      `<figure id="chart-${id}"><h3>${escapeHtml(chart.title)}</h3>${pictures}<figcaption>${escapeHtml(chart.caption(snapshot))}</figcaption></figure>`;
  }
  return out;
}
