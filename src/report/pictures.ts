import { isLatticeField } from './fieldKind.js';
import { sweepShape } from '../data/sweepData.js';
import { messageOf } from '../errors.js';
import { hierarchy } from '../schedule/hierarchy.js';
import { inEffectWords } from '../schedule/inEffect.js';
import { createProcess } from '../schedule/process.js';
import type { TrialRecord } from '../sweep/types.js';
import type { FieldArtifacts, ReportInput } from './artifacts.js';
import { lossChart, rungsChart } from './charts/learning.js';
import { parameterCharts } from './charts/parameters.js';
import { propagatorChart, type NamedObservables } from './charts/propagator.js';
import type { Chart } from './charts/render.js';
import { scheduleChart, type NamedProcess } from './charts/schedules.js';
import { bestSoFarChart } from './charts/search.js';
import { standingsChart } from './charts/standings.js';
import { fieldGrid, fieldLimit, type FieldGrid } from './fields.js';
import { baselineTrial, bestSearched, type Standings } from './ranking.js';

/** Fields of one kind as a picture. */
export interface NamedGrid {
  name: string;
  grid: FieldGrid;
}

/** Every picture of a report; one that there is nothing for is undefined or empty. */
export interface Pictures {
  standings?: Chart;
  overSteps?: Chart;
  overTime?: Chart;
  loss?: { chart: Chart; drawn: number; of: number };
  rungs?: Chart;
  parameters: Chart[];
  gamma?: Chart;
  noise?: Chart;
  /** Largest |k̂| of the basis: what the last colour of the schedules' lines stands for. */
  largestMomentum: number;
  /** How far each drawn schedule destroys one scale after the other: 0 all at once, 1 one by one. */
  hierarchies: { name: string; value: number }[];
  /** What a drawn schedule comes to, where its family does not say so. */
  inEffect: { name: string; text: string }[];
  /** Why the schedules cannot be drawn, where they cannot. */
  scheduleProblem?: string;
  propagator?: Chart;
  grids: NamedGrid[];
  /** Values ± this are the ends of the fields' colour scale. */
  limit: number;
}

/** The trials whose schedules, samples and observables are shown side by side, with their names in legends. */
export function shownTrials(
  input: ReportInput,
): { name: string; role: 'best' | 'standard' | 'baseline'; trial: TrialRecord }[] {
  const { snapshot } = input;
  const best = bestSearched(snapshot);
  const standard =
    baselineTrial(snapshot, 'standard') ?? snapshot.trials.find((trial) => trial.baseline !== undefined);
  return [
    ...(best ? [{ name: `best (trial ${best.trial})`, role: 'best' as const, trial: best }] : []),
    ...(standard
      ? [
          {
            name: standard.baseline === 'standard' ? 'standard diffusion' : `baseline ${standard.baseline}`,
            role: standard.baseline === 'standard' ? ('standard' as const) : ('baseline' as const),
            trial: standard,
          },
        ]
      : []),
  ];
}

async function drawSchedules(input: ReportInput, out: Pictures): Promise<void> {
  const { statistics, snapshot } = input;
  if (!statistics) {
    out.scheduleProblem = 'the statistics of the data set are not at hand';
    return;
  }
  const processes: NamedProcess[] = [];
  for (const { name, trial } of shownTrials(input)) {
    try {
      const process = createProcess({ ...snapshot.spec.defaults, ...trial.parameters }, statistics);
      processes.push({ name, process });
      out.hierarchies.push({ name, value: hierarchy(process, statistics) });
      const text = inEffectWords(process);
      if (text !== undefined) out.inEffect.push({ name, text });
    } catch (error) {
      // One trial's odd parameters must not cost the whole report.
      out.scheduleProblem = `the schedule of ${name} cannot be drawn: ${messageOf(error)}`;
    }
  }
  if (processes.length === 0) return;
  out.largestMomentum = Math.max(
    ...processes.flatMap(({ process }) => process.basis.components.map(({ momentum }) => momentum)),
  );
  out.gamma = await scheduleChart(processes, 'gamma');
  out.noise = await scheduleChart(processes, 'noise');
}

async function drawFields(input: ReportInput, out: Pictures): Promise<void> {
  const { artifacts, snapshot } = input;
  const shape = sweepShape(snapshot.spec.task);
  if (!shape) return;
  const reference = artifacts?.reference;
  const sets: { name: string; role: NamedObservables['role']; fields: FieldArtifacts }[] = [
    ...shownTrials(input).flatMap(({ name, role, trial }) => {
      const fields = artifacts?.trials.get(trial.trial);
      return fields ? [{ name, role, fields }] : [];
    }),
  ];
  if (reference?.observables) {
    const models = sets.flatMap(({ name, role, fields }) =>
      fields.observables ? [{ name, role, observables: fields.observables }] : [],
    );
    const chart = await propagatorChart(
      { name: 'HMC', role: 'reference', observables: reference.observables },
      models,
      shape.height,
    );
    if (chart) out.propagator = chart;
  }
  const { task } = snapshot.spec;
  const isLattice = isLatticeField(task);
  const pictured = [
    ...(reference ? [{ name: task.name === 'phi4' ? 'HMC (data)' : 'test data', fields: reference }] : []),
    ...sets,
  ];
  const first = pictured.find(({ fields }) => fields.samples?.length)?.fields.samples;
  if (!first || !sets.some(({ fields }) => fields.samples?.length)) return;
  out.limit = isLattice ? fieldLimit(first) : Math.max(1, fieldLimit(first));
  for (const { name, fields } of pictured) {
    const grid =
      fields.samples &&
      fieldGrid(fields.samples, shape, {
        rows: 4,
        columns: 5,
        limit: out.limit,
        tones: isLattice ? 'diverging' : 'image',
      });
    if (grid) out.grids.push({ name, grid });
  }
}

/** Draws everything a report shows. */
export async function drawPictures(input: ReportInput, table: Standings | undefined): Promise<Pictures> {
  const { snapshot } = input;
  const out: Pictures = {
    parameters: [],
    grids: [],
    hierarchies: [],
    inEffect: [],
    limit: 1,
    largestMomentum: 0,
  };
  if (table) out.standings = await standingsChart(snapshot, table);
  const overSteps = await bestSoFarChart(snapshot, 'steps');
  if (overSteps) out.overSteps = overSteps;
  const overTime = await bestSoFarChart(snapshot, 'time');
  if (overTime) out.overTime = overTime;
  const loss = await lossChart(snapshot);
  if (loss) out.loss = loss;
  const rungs = await rungsChart(snapshot);
  if (rungs) out.rungs = rungs;
  out.parameters = await parameterCharts(snapshot);
  await drawSchedules(input, out);
  await drawFields(input, out);
  return out;
}
