import { formatDuration } from '../sweep/duration.js';
import { plannedSteps } from '../sweep/plannedSteps.js';
import { replicatesOf } from '../sweep/rows.js';
import type { SweepSpec } from '../sweep/types.js';

export interface Plan {
  sweep: string;
  searchedTrials: number;
  baselines: number;
  /** Seeds of each configuration and baseline. */
  replicates: number;
  /** Training steps if every rung promotes its share and nothing fails. */
  steps: number;
  /** Training steps that it can never be more than, repeats after failures apart. */
  mostSteps: number;
  text: string;
}

/** What a sweep would train, in words. */
export function describePlan(spec: SweepSpec): Plan {
  const { rungs, steps, most } = plannedSteps(spec);
  const { budget, pruner, sampler } = spec;
  const replicates = replicatesOf(spec);
  const last = rungs.at(-1)!.to;
  const lines = rungs.map(({ from, to, trials }, rung) =>
    pruner.name === 'hyperband'
      ? `  rung ${rung}: about ${trials} searched trials reach step ${to}`
      : `  rung ${rung}: ${rung === 0 ? '' : 'about '}${trials} searched trials, steps ${from} to ${to}`,
  );
  const limits = [
    ...(budget.steps === undefined ? [] : [`${budget.steps} steps`]),
    ...(budget.wallClockSeconds === undefined ? [] : [formatDuration(budget.wallClockSeconds)]),
    ...(budget.gpuHours === undefined ? [] : [`${budget.gpuHours} GPU hours`]),
  ];
  const text = [
    `${spec.name}: ${budget.trials} searched trials (${sampler.name}, ${pruner.name}) and ${spec.baselines.length} ${spec.baselines.length === 1 ? 'baseline' : 'baselines'}${replicates > 1 ? `, each with ${replicates} seeds` : ''}`,
    `  judged by ${(spec.objectives ?? [spec.objective]).map(({ metric, direction }) => `${metric} (${direction})`).join(', ')}`,
    ...(spec.warmStart
      ? [`  starts from what was found by ${spec.warmStart.join(', ')}, read at its launch`]
      : []),
    ...lines,
    `  baselines (${spec.baselines.join(', ') || 'none'}): ${last} steps each`,
    ...(replicates > 1 && budget.trials > 0
      ? [`  a candidate is trained with ${replicates} fresh seeds before it is called best`]
      : []),
    `  about ${steps} training steps in all, and never more than ${most}, repeats after failures apart`,
    ...(budget.trials > 0 && rungs.at(-1)!.trials === 0
      ? [
          `  so few trials that none may be trained for ${last} steps, as baselines are: take more trials, a smaller pruner.reduction or fewer rungs`,
        ]
      : []),
    ...(limits.length > 0 ? [`  ends earlier when its budget is used up: ${limits.join(', ')}`] : []),
  ].join('\n');
  return {
    sweep: spec.name,
    searchedTrials: budget.trials,
    baselines: spec.baselines.length,
    replicates,
    steps,
    mostSteps: most,
    text,
  };
}
