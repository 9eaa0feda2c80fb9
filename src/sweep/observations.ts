import type { Observation } from '../samplers/types.js';
import type { Parameters } from '../space/types.js';
import { configurationsOf, foldSeeds, hideAfter, isSettled, seedsOf } from './configurations.js';
import { replicatesOf, type TrialRow } from './rows.js';
import type { SweepSpec } from './types.js';

/**
 * What was made of each settled row, for whoever asks again and again: rows are never altered, and of ten thousand few
 * differ from one suggestion to the next.
 */
export type SeenRows = WeakMap<TrialRow, Observation>;

/**
 * The searched configurations as the sampler sees them, one observation each whatever its number of seeds. One that was
 * not trained, since an earlier trial is the same, has that trial's values: its parameters are as good.
 *
 * @param rows all trials
 * @param parametersOf a trial's parameters, the same each time; undefined leaves it out
 * @param visible of a reproducible sweep: the outcomes of this decision and later ones are hidden. Baselines are no
 * decisions, so a twin of one is then seen as running.
 * @param seen of the same sweep
 */
export function observationsOf(
  spec: SweepSpec,
  rows: readonly TrialRow[],
  parametersOf: (trial: number) => Parameters | undefined,
  visible?: number,
  seen: SeenRows = new WeakMap(),
): Observation[] {
  const replicates = replicatesOf(spec);
  const all = configurationsOf(rows, replicates);
  const configurations = visible === undefined ? all : hideAfter(all, visible);
  let byTrial: Map<number, TrialRow> | undefined;
  const observations: Observation[] = [];
  for (const row of configurations) {
    const observation = seen.get(row) ?? look(row);
    if (observation) observations.push(observation);
  }
  return observations;

  function look(row: TrialRow): Observation | undefined {
    const parameters = parametersOf(row.trial);
    if (!parameters) return undefined;
    const observation = observe(spec, row.trial, parameters, twinOf(row));
    // What a twin is seen with depends on more than its own row; a folded or hidden row is not met again.
    if (isSettled(row) && row.equals === undefined && rows[row.trial] === row) seen.set(row, observation);
    return observation;
  }

  function twinOf(row: TrialRow): TrialRow {
    if (row.equals === undefined) return row;
    byTrial ??= new Map(configurations.map((one) => [one.trial, one]));
    const twin = byTrial.get(row.equals) ?? baselineTwin(row.equals);
    return twin && twin.equals === undefined ? twin : { ...row, state: 'running' };
  }

  function baselineTwin(trial: number): TrialRow | undefined {
    const leader = rows[trial];
    if (visible !== undefined || !leader) return undefined;
    return replicates === 1 ? leader : foldSeeds(leader, seedsOf(rows).get(trial) ?? [], replicates);
  }
}

function observe(spec: SweepSpec, trial: number, parameters: Parameters, row: TrialRow): Observation {
  const { rungs } = spec.pruner;
  const first = row.firstRung ?? 0;
  const { state } = row;
  return {
    trial,
    parameters,
    state: state === 'complete' || state === 'failed' || state === 'pruned' ? state : 'running',
    values: row.values.map((value, place) => ({
      step: rungs[first + place]!,
      objectives: row.others ? [value, ...row.others[place]!] : [value],
    })),
  };
}

/** The place of a new configuration among baselines and searched ones: with one seed each its trial number. */
export function configurationIndex(rows: readonly TrialRow[]): number {
  let count = 0;
  for (const row of rows) if (row.replicateOf === undefined) count++;
  return count;
}
