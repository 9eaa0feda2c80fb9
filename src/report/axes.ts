import type { ParameterValue, SearchSpace } from '../space/types.js';
import type { SweepSnapshot } from '../sweep/types.js';

/** A parameter that is searched over numbers. */
export interface NumericAxis {
  kind: 'numeric';
  name: string;
  low: number;
  high: number;
  log: boolean;
}
/** A parameter that is searched over choices. */
export interface CategoricalAxis {
  kind: 'categorical';
  name: string;
  choices: readonly ParameterValue[];
}
export type Axis = NumericAxis | CategoricalAxis;

/** The searched parameters over numbers, in the order of the search space. */
export function numericAxes(space: SearchSpace): NumericAxis[] {
  return space.parameters.flatMap((parameter) =>
    parameter.type === 'float' || parameter.type === 'int'
      ? [
          {
            kind: 'numeric' as const,
            name: parameter.name,
            low: parameter.low,
            high: parameter.high,
            log: (parameter.log ?? false) && parameter.low > 0,
          },
        ]
      : [],
  );
}

/** Every searched parameter, in the order of the search space; fixed values are left out. */
export function axesOf(space: SearchSpace): Axis[] {
  const numeric = new Map(numericAxes(space).map((axis) => [axis.name, axis]));
  return space.parameters.flatMap((parameter): Axis[] => {
    if (parameter.type === 'categorical')
      return [{ kind: 'categorical', name: parameter.name, choices: parameter.choices }];
    const axis = numeric.get(parameter.name);
    return axis ? [axis] : [];
  });
}

/** Names of all parameters that any trial has, searched ones first, then those that differ between trials, then the rest. */
export function parameterColumns(snapshot: SweepSnapshot): { varying: string[]; constant: string[] } {
  const searched = axesOf(snapshot.spec.space).map((axis) => axis.name);
  const values = new Map<string, Set<ParameterValue>>();
  for (const trial of snapshot.trials)
    for (const [name, value] of Object.entries(trial.parameters)) {
      const seen = values.get(name) ?? new Set<ParameterValue>();
      seen.add(value);
      values.set(name, seen);
    }
  const others = [...values.keys()].filter((name) => !searched.includes(name));
  const varies = (name: string) => (values.get(name)?.size ?? 0) > 1;
  return {
    varying: [...searched.filter((name) => values.has(name)), ...others.filter(varies)],
    constant: others.filter((name) => !varies(name)),
  };
}
