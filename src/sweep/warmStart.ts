import type { Observation } from '../samplers/types.js';
import { scheduleParameterRules } from '../schedule/parameters.js';
import type { Parameters, ParameterValue, SearchSpace } from '../space/types.js';
import { isValueOf } from '../space/validate.js';
import { trainingParameterRules } from '../train/parameters.js';
import { observationsOf } from './observations.js';
import { rebuildMachine } from './rebuild.js';
import { objectivesOf, type PriorSource, type SweepSpec, type TrialRecord } from './types.js';

/** Trials taken from one earlier sweep at most: its newest. */
export const mostPriorTrials = 500;

/** prior.json: what a sweep with `warmStart` begins with; read once at its launch, so that nothing later can change it. */
export interface Prior {
  sources: PriorSource[];
  /** By source, then by trial; values are minimized. */
  observations: Observation[];
}

/** Why an earlier sweep has nothing to give; undefined when it has. */
export type PriorProblem = string;

/**
 * The trials of an earlier sweep as prior observations of a sweep: configurations that were searched there, judged by the
 * objective of this sweep, with the parameters that this sweep's space knows. Baselines are left out: every sweep has its own.
 *
 * Of the same task a parameter that was not named there had its default, and is known. Across tasks it is not: defaults may mean another
 * thing there, and the sampler takes it as unknown.
 */
export function priorOf(
  spec: SweepSpec,
  source: SweepSpec,
  records: readonly TrialRecord[],
): { source: PriorSource; observations: Observation[] } | PriorProblem {
  const objectives = objectivesOf(spec);
  const measured = new Set(
    records.flatMap(({ rungs }) => rungs.flatMap(({ metrics }) => Object.keys(metrics))),
  );
  if (measured.size === 0) return 'none of its trials has a result';
  const missing = objectives.find(({ metric }) => !measured.has(metric));
  if (missing)
    return `its trials have no ${missing.metric}; they have ${[...measured]
      .filter((name) => !name.endsWith('Error'))
      .sort()
      .join(', ')}`;

  const { objectives: _own, ...rest } = source;
  const judged: SweepSpec = {
    ...rest,
    objective: spec.objective,
    ...(spec.objectives ? { objectives: spec.objectives } : {}),
  };
  const sameTask = JSON.stringify(spec.task) === JSON.stringify(source.task);
  const byTrial = new Map(records.map((record) => [record.trial, record]));
  const machine = rebuildMachine(judged, 1, records);
  const ended = observationsOf(judged, machine.trials, (trial) => byTrial.get(trial)?.parameters).filter(
    ({ values, state, trial }) => values.length > 0 || (state === 'failed' && !byTrial.get(trial)!.invalid),
  );
  const found: Observation[] = [];
  const shared = new Set<string>();
  for (const one of ended) {
    const parameters = sharedParameters(
      spec.space,
      sameTask ? { ...defaultsOf(spec.space), ...one.parameters } : one.parameters,
    );
    if (!parameters) continue;
    for (const name of Object.keys(parameters)) shared.add(name);
    found.push({
      ...one,
      parameters,
      // What stopped at a lower rung is worse than what went on, as far as is known.
      state: one.state === 'running' ? 'pruned' : one.state,
      prior: source.name,
    });
  }
  const searched = spec.space.parameters.filter(({ name, type }) => type !== 'fixed' && shared.has(name));
  if (found.length === 0) return `none of its ${ended.length} trials lies in this sweep’s space`;
  if (searched.length === 0) return 'it shares no searched parameter with this sweep';
  const observations = found.slice(-mostPriorTrials);
  return {
    source: {
      sweep: source.name,
      sameTask,
      of: ended.length,
      taken: observations.length,
      outside: ended.length - found.length,
      shared: searched.map(({ name }) => name),
    },
    observations,
  };
}

/** Values of parameters that a trial does not name, of those that this space has. */
function defaultsOf(space: SearchSpace): Parameters {
  const rules: Record<string, { default: ParameterValue }> = {
    ...scheduleParameterRules,
    ...trainingParameterRules,
  };
  return Object.fromEntries(
    space.parameters.flatMap(({ name }) => (rules[name] ? [[name, rules[name].default]] : [])),
  );
}

/**
 * Of a parameter set those that are active in a space, or undefined where one of these has a value that the space does not
 * have. Parents come before children in a space; a child whose parent is not known is not known either.
 */
function sharedParameters(space: SearchSpace, stated: Parameters): Parameters | undefined {
  const own: Record<string, ParameterValue> = {};
  for (const parameter of space.parameters) {
    const { name, when = {} } = parameter;
    if (!Object.hasOwn(stated, name)) continue;
    const active = Object.entries(when).every(
      ([parent, values]) => Object.hasOwn(own, parent) && values.includes(own[parent]!),
    );
    if (!active) continue;
    const value = stated[name]!;
    if (!isValueOf(parameter, value)) return undefined;
    own[name] = value;
  }
  return own;
}
