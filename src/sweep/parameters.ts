import { RgsweepError } from '../errors.js';
import { readScheduleParameters, scheduleParameterNames } from '../schedule/parameters.js';
import type { Parameters, SearchSpace } from '../space/types.js';
import { activeParameters, extremesOf, requireValidParameters } from '../space/validate.js';
import { readTrainingParameters, trainingParameterNames } from '../train/parameters.js';

/** Every parameter a trial can have: the schedule's and the training's. */
export const trialParameterNames: readonly string[] = [...scheduleParameterNames, ...trainingParameterNames];

/**
 * Checks names and values of a parameter set (others take their defaults).
 * @throws RgsweepError('bad-configuration') naming place, parameter, value and what is allowed
 */
export function checkTrialParameters(parameters: Parameters, where: string): void {
  const unknown = Object.keys(parameters).find((name) => !trialParameterNames.includes(name));
  if (unknown !== undefined)
    throw new RgsweepError('bad-configuration', `${where}: no parameter is called "${unknown}"`, {
      remedy: `parameters: ${trialParameterNames.join(', ')}`,
    });
  try {
    readScheduleParameters(parameters);
    readTrainingParameters(parameters);
  } catch (error) {
    if (!(error instanceof RgsweepError)) throw error;
    throw new RgsweepError('bad-configuration', `${where}: ${error.message}`, {
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      cause: error,
    });
  }
}

/**
 * Defaults of a sweep whose cosine ends at its longest rung, where nobody says otherwise: a rate that falls to its end with the
 * training is worth more than most of what is searched. The longest rung is known from the start and the same for all trials, so that those
 * which stop earlier are compared at equal rates.
 */
export function withDecayToLongestRung(
  defaults: Parameters,
  space: SearchSpace,
  rungs: readonly number[],
): Parameters {
  const searched = new Map(space.parameters.map((parameter) => [parameter.name, parameter]));
  const schedule = searched.get('learningRateSchedule');
  const decays =
    schedule === undefined
      ? defaults.learningRateSchedule === 'cosine'
      : extremesOf(schedule).includes('cosine');
  const longest = rungs.at(-1);
  if (!decays || longest === undefined || searched.has('decaySteps')) return defaults;
  return { decaySteps: longest, ...defaults };
}

/**
 * A parameter set of the user's own, completed with the space's constants.
 * @throws RgsweepError('bad-configuration') when it does not belong to the space
 */
export function completeEnqueued(space: SearchSpace, parameters: Parameters, where: string): Parameters {
  const constants = space.parameters.filter((parameter) => parameter.type === 'fixed');
  const given = { ...Object.fromEntries(constants.map(({ name, value }) => [name, value])), ...parameters };
  const active = new Set(activeParameters(space, given).map((parameter) => parameter.name));
  const completed = Object.fromEntries(
    Object.entries(given).filter(([name]) => name in parameters || active.has(name)),
  );
  requireValidParameters(space, completed, where);
  return completed;
}
