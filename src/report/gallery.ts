import type { DataStatistics } from '../basis/types.js';
import { messageOf } from '../errors.js';
import { createProcess } from '../schedule/process.js';
import type { SweepSnapshot, TrialRecord } from '../sweep/types.js';
import { captions } from './captions.js';
import { contourAxes, contourChart } from './charts/contour.js';
import { frontChart } from './charts/front.js';
import { importanceChart } from './charts/importance.js';
import { curveTrials, lossChart, rungsChart } from './charts/learning.js';
import { parallelChart } from './charts/parallel.js';
import { axisTitle } from './charts/parameterAxis.js';
import { parameterCharts } from './charts/parameters.js';
import type { Chart } from './charts/render.js';
import { cutoffChart, scheduleChart, type NamedProcess } from './charts/schedules.js';
import { bestSoFarChart } from './charts/search.js';
import { timelineChart } from './charts/timeline.js';
import { formatCount, metricTitle } from './figures.js';
import { frontMetrics, frontOf, objectiveFor } from './front.js';
import { shownTrials } from './pictures.js';
import { importanceOrWhy } from './understanding.js';

/** What a chart is drawn from. */
export interface GalleryInput {
  snapshot: SweepSnapshot;
  /** Of the training data; without them schedules cannot be drawn. */
  statistics?: DataStatistics;
  now: Date;
  /** Choices of a chart's axes by parameter. */
  choices?: Readonly<Record<string, string>>;
  /** Trials whose schedules are compared; default: the best and standard diffusion. */
  compared?: readonly number[];
}

export interface GalleryChoice {
  parameter: string;
  title: string;
  options: { value: string; title: string }[];
  chosen: string;
}

/** A chart that can be drawn of any sweep; without anything to draw it says why. */
export interface GalleryChart {
  id: string;
  title: string;
  /** May stand beside another one. */
  small: boolean;
  caption: (snapshot: SweepSnapshot) => string;
  choices?: (input: GalleryInput) => GalleryChoice[];
  draw: (input: GalleryInput) => Promise<Chart[] | string>;
  /** Whose learning curves it needs. */
  curves?: (snapshot: SweepSnapshot) => TrialRecord[];
  /** Costs seconds of a processor in a large sweep: a picture this young is good enough. */
  patienceMilliseconds?: number;
  /** Depends on the trials that are chosen for comparison. */
  compares?: boolean;
}

export interface GallerySection {
  id: string;
  title: string;
  lead?: string;
  keys: (snapshot: SweepSnapshot) => { color: string; text: string }[];
  charts: GalleryChart[];
}

const one = (chart: Chart | undefined, why: string): Chart[] | string => (chart ? [chart] : why);
const noKeys = () => [];
const noResult = 'No trial has a result yet.';

/** What the colours of results stand for. */
export function rungKeys({ spec }: SweepSnapshot): { color: string; text: string }[] {
  const { rungs } = spec.pruner;
  return rungs.map((step, i) => ({
    color: i === rungs.length - 1 ? 'best' : `rung${Math.min(i, 3)}`,
    text: `after ${formatCount(step)} steps`,
  }));
}

/** What the colours of a Pareto front stand for. */
export const frontKeys = () => [
  { color: 'best', text: 'Pareto front' },
  { color: 'trial', text: 'other trials' },
  { color: 'baseline', text: 'baselines' },
];

/** Schedules to compare, and why one of them cannot be drawn. */
function comparedProcesses(input: GalleryInput): { processes: NamedProcess[]; problem?: string } {
  const { snapshot, statistics, compared } = input;
  if (!statistics)
    return { processes: [], problem: 'The statistics of the data set are not in the store yet.' };
  const byNumber = new Map(snapshot.trials.map((trial) => [trial.trial, trial]));
  const chosen = compared?.length
    ? compared.flatMap((number) => {
        const trial = byNumber.get(number);
        return trial
          ? [{ name: trial.baseline === undefined ? `trial ${number}` : trial.baseline.slice(0, 40), trial }]
          : [];
      })
    : shownTrials({ snapshot, versions: {} });
  const processes: NamedProcess[] = [];
  let problem: string | undefined;
  for (const { name, trial } of chosen)
    try {
      processes.push({
        name,
        process: createProcess({ ...snapshot.spec.defaults, ...trial.parameters }, statistics),
      });
    } catch (error) {
      problem = `The schedule of ${name} cannot be drawn: ${messageOf(error)}`;
    }
  return { processes, ...(problem === undefined ? {} : { problem }) };
}

function scheduleGalleryChart(
  id: string,
  title: string,
  caption: string,
  draw: (processes: NamedProcess[]) => Promise<Chart>,
): GalleryChart {
  return {
    id,
    title,
    small: false,
    compares: true,
    caption: () => caption,
    draw: async (input) => {
      const { processes, problem } = comparedProcesses(input);
      return processes.length > 0 ? [await draw(processes)] : (problem ?? noResult);
    },
  };
}

/** Choices of a chart's two axes: what was asked for where there is such an axis, else the first two. */
function axisChoices(
  axes: readonly string[],
  titleOf: (name: string) => string,
  choices: GalleryInput['choices'],
): GalleryChoice[] {
  const options = axes.map((name) => ({ value: name, title: titleOf(name) }));
  const pick = (parameter: string, fallback: string | undefined) => {
    const wanted = choices?.[parameter];
    return wanted !== undefined && axes.includes(wanted) ? wanted : (fallback ?? '');
  };
  const x = pick('x', axes[0]);
  const y = pick(
    'y',
    axes.find((name) => name !== x),
  );
  return [
    { parameter: 'x', title: 'across', options, chosen: x },
    { parameter: 'y', title: 'up', options, chosen: y },
  ];
}

const contourChoices = ({ snapshot, choices }: GalleryInput) =>
  axisChoices(contourAxes(snapshot), axisTitle, choices);
const frontChoices = ({ snapshot, choices }: GalleryInput) =>
  axisChoices(frontMetrics(snapshot), metricTitle, choices);

/** Every chart of the live page, by section. A report draws the same ones, all at once. */
export const gallery: readonly GallerySection[] = [
  {
    id: 'search',
    title: 'How the search goes',
    keys: rungKeys,
    charts: [
      {
        id: 'over-steps',
        title: 'Best so far over training steps',
        small: true,
        caption: () => captions.overSteps,
        draw: async ({ snapshot }) => one(await bestSoFarChart(snapshot, 'steps'), noResult),
      },
      {
        id: 'over-time',
        title: 'Best so far over time',
        small: true,
        caption: () => captions.overTime,
        draw: async ({ snapshot }) => one(await bestSoFarChart(snapshot, 'time'), noResult),
      },
      {
        id: 'rungs',
        title: 'Rung by rung',
        small: true,
        caption: captions.rungs,
        draw: async ({ snapshot }) => one(await rungsChart(snapshot), noResult),
      },
      {
        id: 'loss',
        title: 'Learning curves',
        small: true,
        caption: (snapshot) => {
          const { trials, of } = curveTrials(snapshot);
          return captions.loss({ drawn: trials.length, of });
        },
        curves: (snapshot) => curveTrials(snapshot).trials,
        draw: async ({ snapshot }) =>
          one((await lossChart(snapshot))?.chart, 'No trial has a learning curve yet.'),
      },
      {
        id: 'timeline',
        title: 'Timeline of trainers',
        small: false,
        caption: () => captions.timeline,
        draw: async ({ snapshot, now }) =>
          one(await timelineChart(snapshot, now), 'Nothing has been trained yet.'),
      },
    ],
  },
  {
    id: 'parameters',
    title: 'What the parameters do',
    keys: rungKeys,
    charts: [
      {
        id: 'importance',
        title: 'Which parameters matter',
        small: false,
        caption: () => captions.importance,
        patienceMilliseconds: 60_000,
        draw: async ({ snapshot }) => {
          const found = importanceOrWhy(snapshot);
          return typeof found === 'string' ? `${found}.` : [await importanceChart(found)];
        },
      },
      {
        id: 'parallel',
        title: 'Parallel coordinates',
        small: false,
        caption: () => captions.parallel,
        draw: async ({ snapshot }) =>
          one(await parallelChart(snapshot), 'It takes two trials with a result and a searched parameter.'),
      },
      {
        id: 'slices',
        title: 'The objective against each parameter',
        small: false,
        caption: () => captions.slices,
        draw: async ({ snapshot }) => {
          const charts = await parameterCharts(snapshot);
          return charts.length > 0 ? charts : noResult;
        },
      },
      {
        id: 'contour',
        title: 'Two parameters at once',
        small: false,
        caption: () => captions.contour,
        choices: contourChoices,
        draw: async (input) => {
          const [x, y] = contourChoices(input).map(({ chosen }) => chosen);
          if (!x || !y) return 'The search space has fewer than two parameters to draw.';
          if (x === y) return 'Choose two different parameters.';
          return one(
            await contourChart(input.snapshot, x, y),
            'Fewer than two trials with a result have both parameters.',
          );
        },
      },
    ],
  },
  {
    id: 'trade-off',
    title: 'Two figures at once',
    keys: frontKeys,
    charts: [
      {
        id: 'pareto',
        title: 'Pareto front',
        small: false,
        caption: () => captions.front,
        choices: frontChoices,
        draw: async (input) => {
          const [x, y] = frontChoices(input).map(({ chosen }) => chosen);
          if (!x || !y) return noResult;
          if (x === y) return 'Choose two different figures.';
          const { snapshot } = input;
          const front = frontOf(snapshot, [objectiveFor(snapshot, x), objectiveFor(snapshot, y)]);
          return front ? [await frontChart(front)] : 'No searched trial has both figures.';
        },
      },
    ],
  },
  {
    id: 'schedules',
    title: 'Schedules compared',
    lead: 'The best trial beside standard diffusion; tick trials in the table to compare others.',
    keys: noKeys,
    charts: [
      scheduleGalleryChart('gamma', 'γᵢ(t)', captions.gamma, (all) => scheduleChart(all, 'gamma')),
      scheduleGalleryChart('noise', 'nᵢ(t)', captions.noise, (all) => scheduleChart(all, 'noise')),
      scheduleGalleryChart('cutoff', 'K over momentum', captions.cutoff, cutoffChart),
    ],
  },
];

export const galleryCharts: ReadonlyMap<string, GalleryChart> = new Map(
  gallery.flatMap((section) => section.charts.map((chart) => [chart.id, chart] as const)),
);
