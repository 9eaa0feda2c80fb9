import { RgsweepError } from '../errors.js';
import type { Objective } from './types.js';

/** @throws RgsweepError('bad-configuration') naming the place of a sweep that cannot be warmed up from */
export function checkWarmStart(names: readonly string[], own: string, where: string): void {
  names.forEach((name, index) => {
    const problem =
      name === own ? 'is this sweep itself' : names.indexOf(name) !== index ? 'is listed twice' : undefined;
    if (problem)
      throw new RgsweepError('bad-configuration', `${where}warmStart.${index}: "${name}" ${problem}`, {
        remedy: 'name earlier sweeps of the store, each once',
      });
  });
}

/** @throws RgsweepError('bad-configuration') for a metric that is listed twice */
export function checkObjectives(objectives: readonly Objective[], where: string): void {
  objectives.forEach(({ metric }, index) => {
    if (objectives.findIndex((other) => other.metric === metric) !== index)
      throw new RgsweepError(
        'bad-configuration',
        `${where}objective.${index}.metric: "${metric}" is listed twice`,
      );
  });
}
