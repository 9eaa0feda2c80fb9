import { RgsweepError } from '../errors.js';
import { presets } from '../schedule/presets.js';
import type { Parameters, SearchSpace } from '../space/types.js';
import { trialParameterNames } from './parameters.js';
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

/** @throws RgsweepError('bad-configuration') for a parameter that the built-in tasks do not have */
export function checkSpaceNames({ parameters }: SearchSpace, where: string): void {
  for (const { name } of parameters)
    if (!trialParameterNames.includes(name))
      throw new RgsweepError(
        'bad-configuration',
        `${where}space: no parameter is called ${JSON.stringify(name)}`,
        { remedy: `parameters: ${trialParameterNames.join(', ')}` },
      );
}

/** @throws RgsweepError('bad-configuration') for a baseline that is no preset, or that is listed twice */
export function checkBaselines(baselines: readonly string[], where: string): void {
  baselines.forEach((name, index) => {
    if (!Object.hasOwn(presets, name))
      throw new RgsweepError(
        'bad-configuration',
        `${where}baselines.${index}: no preset is called ${JSON.stringify(name)}`,
        { remedy: `presets: ${Object.keys(presets).join(', ')}` },
      );
    if (baselines.indexOf(name) !== index)
      throw new RgsweepError('bad-configuration', `${where}baselines.${index}: "${name}" is listed twice`);
  });
}

/** @throws RgsweepError('bad-configuration') for a parameter set that cannot be, or that has a preset's name */
export function checkContenders(
  contenders: Readonly<Record<string, Parameters>>,
  where: string,
  check: (parameters: Parameters, where: string) => void,
): void {
  for (const [name, parameters] of Object.entries(contenders)) {
    if (Object.hasOwn(presets, name))
      throw new RgsweepError('bad-configuration', `${where}contenders.${name}: a preset has that name`, {
        remedy: 'give it another name, or list the preset under baselines',
      });
    check(parameters, `${where}contenders.${name}`);
  }
}

/** @throws RgsweepError('bad-configuration') for rungs that do not ascend */
export function checkRungs(rungs: readonly number[], where: string): void {
  for (let i = 1; i < rungs.length; i++)
    if (rungs[i]! <= rungs[i - 1]!)
      throw new RgsweepError(
        'bad-configuration',
        `${where}pruner.rungs.${i}: ${rungs[i]} is not above ${rungs[i - 1]}`,
        { remedy: 'list the rungs in ascending training steps' },
      );
}
