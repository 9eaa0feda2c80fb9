import { importanceTable } from '../../src/report/markdown.js';
import { markdownText } from '../../src/report/text.js';
import { ablationTable } from './ablation.js';
import { contenderTable, finalsAnswer, referenceOf, sweepSentence } from './answer.js';
import { axesTable } from './axes.js';
import { contendersOf } from './contenders.js';
import { datasetTable } from './datasets.js';
import { effectsTable } from './effects.js';
import { experiments } from './experiments.js';
import { finalsOf } from './joined.js';
import type { KeptSweep } from './kept.js';
import { sweepsOf } from './pending.js';
import { pictureMarkdown } from './pictures.js';
import { costTable, rungTable } from './rungs.js';

/** Sweeps in the order of the experiment; others come after them by name. */
const order = [...experiments.flatMap((one) => sweepsOf(one)), 'cifar10-headline'];
const sweepOfPart = (part: string) =>
  /^(?:contenders|axes|training|importance|ablation|effects)\.(.+)$/.exec(part)?.[1];
const noSweep = 'No sweep is kept yet.';
const notRun = (name: string) => `\`${name}\` has not been run.`;
const training = (name: string) => name === 'weighting' || name === 'timeSampling';

/**
 * The generated parts of docs/results.md: `answer`, `sweeps`, `datasets`, `cost`, `rungs`, and of single sweeps `contenders.SWEEP`,
 * `axes.SWEEP`, `training.SWEEP`, `importance.SWEEP`, `ablation.SWEEP`, `effects.SWEEP`, `picture.SWEEP-CHART` of `pictures`, the names of
 * the files that are kept. Undefined for a part of any other name; a sweep that is not kept has not been run.
 */
export function partsOf(
  kept: ReadonlyMap<string, KeptSweep>,
  pictures: ReadonlySet<string> = new Set(),
): (part: string) => string | undefined {
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  const sweeps = [...kept.values()].sort(
    (a, b) =>
      place(a.snapshot.spec.name) - place(b.snapshot.spec.name) ||
      (a.snapshot.spec.name < b.snapshot.spec.name ? -1 : 1),
  );
  return (part) => {
    if (part === 'answer') {
      const answers = experiments.flatMap((experiment) => {
        const found = finalsOf(experiment, kept);
        const said = found && finalsAnswer(found);
        return said === undefined ? [] : [`- ${experiment.title}: ${said}`];
      });
      const unanswered =
        'The finals, five fresh seeds of the winners and of every baseline, have not been run: **there is no answer yet whose errors know of other seeds.**';
      return answers.length > 0 ? answers.join('\n') : unanswered;
    }
    if (part === 'sweeps') return sweeps.map((one) => `- ${sweepSentence(one)}`).join('\n') || noSweep;
    if (part === 'datasets') return datasetTable(experiments, kept);
    if (part === 'cost') return sweeps.length > 0 ? costTable(sweeps) : noSweep;
    if (part === 'rungs') return sweeps.length > 0 ? rungTable(sweeps) : noSweep;
    if (part.startsWith('picture.')) return pictureMarkdown(part.slice('picture.'.length), pictures, kept);
    const name = sweepOfPart(part);
    if (name === undefined) return undefined;
    const ends = experiments.find(({ finals }) => finals === name);
    const sweep = ends ? finalsOf(ends, kept) : kept.get(name);
    if (!sweep) return notRun(name);
    if (part.startsWith('contenders.')) return contenderTable(sweep, referenceOf(contendersOf(sweep))?.name);
    if (part.startsWith('ablation.')) return ablationTable(sweep);
    if (part.startsWith('effects.')) return effectsTable(sweep);
    if (part.startsWith('axes.')) return axesTable(sweep, (axis) => !training(axis));
    if (part.startsWith('training.')) return axesTable(sweep, training);
    const found = importanceTable(sweep.snapshot);
    return typeof found === 'string' ? `Not known: ${markdownText(found, 300)}.` : found.join('\n\n');
  };
}
