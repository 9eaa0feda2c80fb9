import type { Client } from '@temporalio/client';
import { parse } from 'yaml';
import { enqueueTrial, pauseSweep, resumeSweep, stopSweep } from '../../workflows/messages.js';
import { explainSweepError } from '../cli/connection.js';
import { patienceMilliseconds, untilAnswered } from '../cli/unanswered.js';
import { messageOf, RgsweepError } from '../errors.js';
import type { Parameters } from '../space/types.js';
import { completeEnqueued } from '../sweep/parameters.js';
import type { SweepSpec } from '../sweep/types.js';

/** What the page can ask of a sweep, by name: the same updates that the command line sends. */
interface Asked {
  update: string;
  /** Arguments of the update, from the text that came with the action. */
  args: (spec: SweepSpec, text: string) => unknown[];
  /** What the page says of the update's answer; default: the answer itself. */
  say?: (answer: string) => string;
}

const actions: Readonly<Record<string, Asked>> = {
  pause: { update: pauseSweep.name, args: () => [{ now: false }] },
  'pause-now': { update: pauseSweep.name, args: () => [{ now: true }] },
  resume: { update: resumeSweep.name, args: () => [] },
  stop: { update: stopSweep.name, args: () => [] },
  enqueue: {
    update: enqueueTrial.name,
    args: (spec, text) => [completeEnqueued(spec.space, readParameters(text), 'parameters')],
    say: (answer) => `The trial is enqueued; ${answer}.`,
  },
};

/** A map of parameters, as YAML: `name: value` on lines, or JSON. @throws RgsweepError('usage') for anything else */
function readParameters(text: string): Parameters {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new RgsweepError('usage', `the parameters cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new RgsweepError('usage', 'the parameters must be lines of `name: value`');
  return value as Parameters;
}

/**
 * Sends an action to an open sweep; returns what the sweep answers, or why nobody answers for it yet: the change applies when somebody does.
 * @param text what came with it: the parameters of a trial to enqueue
 * @param patience how long an answer is waited for, in milliseconds
 * @throws RgsweepError('usage') for an action that does not exist, and whatever the update was refused for
 */
export async function actOnSweep(
  client: Client,
  spec: SweepSpec,
  { action, text }: { action: string; text: string },
  patience = patienceMilliseconds,
): Promise<string> {
  const known = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!known)
    throw new RgsweepError(
      'usage',
      `there is no action of that name; there are ${Object.keys(actions).join(', ')}`,
    );
  const args = known.args(spec, text);
  const sent = client.workflow
    .getHandle(spec.name)
    .executeUpdate<string, [unknown, ...unknown[]]>(known.update, {
      // The client's types ask for a non-empty tuple; an update without arguments has an empty one.
      args: args as unknown as [unknown],
    })
    .then((answer) => known.say?.(answer) ?? answer);
  try {
    return await new Promise<string>((resolve, reject) => {
      const unanswered = (why: string) => resolve(`${why}; the change applies when one answers.`);
      untilAnswered(client, spec.name, sent, unanswered, patience).then(resolve, reject);
    });
  } catch (error) {
    throw explainSweepError(error, spec.name);
  }
}
