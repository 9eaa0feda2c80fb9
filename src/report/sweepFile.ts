import { stringify } from 'yaml';
import type { SearchSpace } from '../space/types.js';
import { formatDuration } from '../sweep/duration.js';
import { replicatesOf } from '../sweep/rows.js';
import type { SweepSpec } from '../sweep/types.js';
import type { SweepTask } from '../train/protocol.js';

function spaceOf(space: SearchSpace): Record<string, unknown> {
  return {
    parameters: Object.fromEntries(
      space.parameters.map((parameter) => {
        if (parameter.type === 'fixed' && !parameter.when) return [parameter.name, parameter.value];
        const { name, ...rest } = parameter;
        return [name, rest];
      }),
    ),
  };
}

/** The task without what was read of it at launch. */
function taskOfFile(task: SweepTask): object {
  if (task.name !== 'module') return task;
  const { name, module, settings } = task;
  return { name, module, settings };
}

/** The sweep file (YAML) that launches this sweep again, with its search space and every default written out. */
export function sweepFileOf(spec: SweepSpec): string {
  const { wallClockSeconds, ...budget } = spec.budget;
  return stringify({
    name: spec.name,
    task: taskOfFile(spec.task),
    space: spaceOf(spec.space),
    objective: spec.objectives ?? spec.objective,
    sampler: spec.sampler,
    pruner: spec.pruner,
    budget: {
      ...budget,
      ...(wallClockSeconds === undefined ? {} : { wallClock: formatDuration(wallClockSeconds) }),
    },
    replicates: replicatesOf(spec),
    reproducible: spec.reproducible ?? false,
    ...(spec.warmStart ? { warmStart: spec.warmStart } : {}),
    baselines: spec.baselines.filter((name) => !Object.hasOwn(spec.contenders ?? {}, name)),
    ...(spec.contenders ? { contenders: spec.contenders } : {}),
    defaults: spec.defaults,
    train: {
      checkpointEverySteps: spec.checkpointEverySteps,
      backend: spec.backend,
      retries: spec.retries,
      ...spec.retention,
      ...spec.supervision,
    },
    evaluation: spec.evaluation,
    ...(spec.resources ? { resources: spec.resources } : {}),
  });
}
