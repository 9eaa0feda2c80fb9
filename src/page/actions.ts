import type { Client } from '@temporalio/client';
import { pauseSweep, resumeSweep, stopSweep } from '../../workflows/messages.js';
import { explainSweepError } from '../cli/connection.js';
import { RgsweepError } from '../errors.js';

/** What the page can ask of a sweep, by name: the same updates that the command line sends. */
const actions: Readonly<Record<string, { update: string; args: unknown[] }>> = {
  pause: { update: pauseSweep.name, args: [{ now: false }] },
  'pause-now': { update: pauseSweep.name, args: [{ now: true }] },
  resume: { update: resumeSweep.name, args: [] },
  stop: { update: stopSweep.name, args: [] },
};

/**
 * Sends an action to an open sweep; returns what the sweep answers.
 * @throws RgsweepError('usage') for an action that does not exist, and whatever the update was refused for
 */
export async function actOnSweep(client: Client, sweep: string, action: string): Promise<string> {
  const known = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!known)
    throw new RgsweepError(
      'usage',
      `there is no action of that name; there are ${Object.keys(actions).join(', ')}`,
    );
  try {
    return await client.workflow
      .getHandle(sweep)
      .executeUpdate<string, [unknown, ...unknown[]]>(known.update, {
        // The client's types ask for a non-empty tuple; an update without arguments has an empty one.
        args: known.args as unknown as [unknown],
      });
  } catch (error) {
    throw explainSweepError(error, sweep);
  }
}
