import type { FailureKind } from '../errors.js';
import { trainerProtocolVersion, type TrainerMessage, type TrainerTask } from './protocol.js';

/** Why a run cannot go on after a message. */
export interface Objection {
  kind: FailureKind;
  message: string;
}

/**
 * Follows what one trainer says and objects to what cannot be: steps that go back or past the end, a checkpoint or an end
 * that was not reached, figures of a training, another version of the protocol, a loss that is not finite.
 *
 * @returns a function to be told each message in order; it returns the first objection, or undefined
 */
export function createConversation({
  mode,
  fromStep,
  toStep,
}: Pick<TrainerTask, 'mode' | 'fromStep' | 'toStep'>): (message: TrainerMessage) => Objection | undefined {
  let started = false;
  let ended = false;
  let measured = false;
  let last = fromStep;
  let kept = fromStep;

  const objection = (message: string, kind: FailureKind = 'crashed'): Objection => ({
    kind,
    message: `the trainer ${message}`,
  });
  const outOfPlace = (step: number, what: string): Objection | undefined => {
    const where = `a segment from ${fromStep} to ${toStep}`;
    if (step > toStep) return objection(`${what} step ${step} in ${where}`);
    if (step < last)
      return objection(`${what} step ${step} after step ${last}, in ${where}: steps never go back`);
    last = step;
    return undefined;
  };

  return (message) => {
    const { type } = message;
    if (ended) return objection(`said ${type} after done`);
    if (!started && ['progress', 'checkpoint', 'metrics', 'done'].includes(type))
      return objection(`said ${type} before started`);
    switch (type) {
      case 'started': {
        const { protocol = trainerProtocolVersion, step } = message;
        if (protocol !== trainerProtocolVersion)
          return objection(
            `speaks version ${protocol} of the protocol; this rgsweep speaks ${trainerProtocolVersion}`,
            'bad-configuration',
          );
        if (started) return objection('said started twice');
        started = true;
        return step === fromStep
          ? undefined
          : objection(`started at step ${step}; its task begins at ${fromStep}`);
      }
      case 'progress':
        return (
          outOfPlace(message.step, 'reports') ??
          (Number.isFinite(message.loss)
            ? undefined
            : objection(`reports a loss that is not a finite number at step ${message.step}`, 'diverged'))
        );
      case 'checkpoint': {
        if (mode === 'evaluate') return objection('wrote a checkpoint during an evaluation');
        const wrong = outOfPlace(message.step, 'wrote a checkpoint of');
        if (!wrong) kept = message.step;
        return wrong;
      }
      case 'metrics':
        if (mode === 'train') return objection('gave metrics during a training');
        if (measured) return objection('gave metrics twice');
        measured = true;
        return message.step === fromStep
          ? undefined
          : objection(`gave metrics of step ${message.step}; it was asked for step ${fromStep}`);
      case 'done': {
        ended = true;
        const { step, preempted } = message;
        if (mode === 'evaluate') return undefined;
        if (!preempted && step !== toStep)
          return objection(`said that it was done at step ${step} of ${toStep} without being asked to end`);
        if (step < last || step > toStep)
          return objection(`said that it was done at step ${step} after step ${last}`);
        return kept === step
          ? undefined
          : objection(`said that it was done at step ${step}, but announced no checkpoint of that step`);
      }
      default:
        return undefined;
    }
  };
}
