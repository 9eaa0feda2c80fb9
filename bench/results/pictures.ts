import { captions } from '../../src/report/captions.js';
import { chartFiles, type ChartFile } from '../../src/report/chartFiles.js';
import { galleryCharts } from '../../src/report/gallery.js';
import { loadReport } from '../../src/report/report.js';
import { markdownText } from '../../src/report/text.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { experiments } from './experiments.js';
import type { KeptSweep } from './kept.js';

/** Charts of a sweep that are kept beside its figures, by their ids; `slices-ess` is ESS instead of the objective. */
function chartsOf(sweep: string): readonly string[] {
  if (experiments.some(({ rungs }) => rungs === sweep)) return ['rungs'];
  const [first] = experiments;
  if (experiments.some(({ finals }) => finals === sweep)) return ['standings', 'gamma', 'noise', 'cutoff'];
  if (sweep === first!.search) return ['over-steps', 'slices', 'slices-ess', 'importance'];
  if (experiments.some(({ search }) => search === sweep)) return ['slices'];
  return [];
}

/**
 * Whose schedules stand side by side in finals: the winner, what it is judged by, the best finalist that treats scales differently, and
 * standard diffusion as it comes.
 */
function comparedIn({ trials }: SweepSnapshot): number[] {
  const named = (name: string) => trials.find(({ baseline }) => baseline === name);
  const byScale = trials.find(
    ({ baseline, family }) => baseline?.startsWith('finalist-') && family !== 'standard',
  );
  const shown = [named('finalist-1'), named('standard-searched'), byScale, named('standard')];
  return [...new Set(shown.flatMap((trial) => trial?.trial ?? []))];
}

/** The same sweep, as if it had been judged by ESS. */
const byEss = (snapshot: SweepSnapshot): SweepSnapshot => ({
  ...snapshot,
  spec: { ...snapshot.spec, objective: { metric: 'ess', direction: 'maximize' } },
});

/** The pictures of a sweep in a store, named SWEEP-CHART; none for a sweep that is no part of the experiment. */
export async function picturesOf(
  store: ObjectStore,
  sweep: string,
  onWarning: (message: string) => void,
): Promise<ChartFile[]> {
  const wanted = chartsOf(sweep);
  if (wanted.length === 0) return [];
  const input = await loadReport(store, sweep, { onWarning });
  const files = await chartFiles(input, {
    only: wanted,
    ...(wanted.includes('gamma') ? { compared: comparedIn(input.snapshot) } : {}),
  });
  if (wanted.includes('slices-ess')) {
    const [slices] = await chartFiles({ ...input, snapshot: byEss(input.snapshot) }, { only: ['slices'] });
    if (slices) files.push({ ...slices, name: 'slices-ess' });
  }
  return files.map(({ name, svg }) => ({ name: `${sweep}-${name}`, svg }));
}

/** A kept picture with its caption for the page. `file` is its name without an ending, `shown` are those that are kept. */
export function pictureMarkdown(
  file: string,
  shown: ReadonlySet<string>,
  kept: ReadonlyMap<string, KeptSweep>,
): string | undefined {
  const sweep = experiments
    .flatMap(({ search, finals, rungs = [] }) => [search, finals].concat(rungs))
    .find((name) => chartsOf(name).some((chart) => `${name}-${chart}` === file));
  if (sweep === undefined) return undefined;
  const one = kept.get(sweep);
  if (!one || !shown.has(file)) return `\`${sweep}\` has not been run.`;
  const chart = file.slice(sweep.length + 1);
  const known = galleryCharts.get(chart === 'slices-ess' ? 'slices' : chart);
  const title = chart === 'slices-ess' ? 'ESS against each parameter' : (known?.title ?? 'Standings');
  const caption = known ? known.caption(one.snapshot) : captions.standings(one.snapshot);
  return `![${title}, ${sweep}](results/pictures/${file}.svg)\n\n${markdownText(caption, 600)}`;
}
