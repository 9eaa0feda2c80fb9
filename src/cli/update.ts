import type { Client } from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { messageOf, RgsweepError } from '../errors.js';
import { cleanText } from '../report/text.js';
import { endingFailure } from '../sweep/names.js';
import type { SweepMachine } from '../sweep/state.js';
import { sweepIsOpen } from './client.js';
import { connectClient, explainSweepError, type ConnectionOptions } from './connection.js';
import { say } from './say.js';
import { untilAnswered } from './unanswered.js';

/** Sends an update to an open sweep and prints its answer. */
export async function updateSweep<Arguments extends unknown[]>(
  sweep: string,
  options: ConnectionOptions,
  update: UpdateDefinition<string, Arguments>,
  args: Arguments,
): Promise<void> {
  const { client } = await connectClient(options);
  try {
    const handle = client.workflow.getHandle(sweep);
    // The client's types ask for a non-empty tuple; an update without arguments has an empty one.
    const sent = handle.executeUpdate<string, [unknown, ...unknown[]]>(update.name, {
      args: args as unknown as [unknown],
    });
    const answer = await untilAnswered(client, sweep, sent, (why) =>
      say(
        `${sweep}: ${why}; the change applies when one answers. Ctrl-C ends the waiting, and the change may apply all the same`,
      ),
    );
    process.stdout.write(`${sweep}: ${cleanText(answer)}\n`);
  } catch (error) {
    throw explainSweepError(error, sweep);
  }
}

const pollMilliseconds = 250;

/** How often it is said what an ending sweep still waits for. */
const tellMilliseconds = 30_000;

/** What a sweep that is to end still waits for, as far as it can say. */
async function endWaitsFor(client: Client, sweep: string): Promise<string> {
  try {
    const { trials } = await client.workflow.getHandle(sweep).query<SweepMachine>('status');
    const open = trials.filter(({ segment }) => segment).map(({ trial }) => trial);
    if (open.length === 0) return 'its end is not in the store yet: is that reachable?';
    const which = open.length === 1 ? `trial ${open[0]} writes its` : `trials ${open.join(', ')} write their`;
    return `${which} checkpoint${open.length === 1 ? '' : 's'} (\`rgsweep status ${sweep}\` shows them)`;
  } catch (error) {
    return `it does not answer (${messageOf(error)}): is a control worker running?`;
  }
}

/** Was an update refused since the sweep is about to end? */
function isEnding(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof ApplicationFailure && cause.type === endingFailure) return true;
  return false;
}

/**
 * Waits for the end of a sweep that did not take an update since it is ending: after a stop its trainers write their checkpoints first.
 * @throws `error` where that was not why
 */
export async function waitForEnd(client: Client, sweep: string, error: unknown): Promise<void> {
  // It ended between the question whether it is open and the update.
  if (error instanceof RgsweepError && error.kind === 'not-found') return;
  if (!isEnding(error)) throw error;
  say(`${sweep} is ending: waiting for that …`);
  const begun = Date.now();
  let told = begun;
  while (await sweepIsOpen(client, sweep)) {
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
    if (Date.now() - told < tellMilliseconds) continue;
    told = Date.now();
    say(`not ended after ${Math.round((told - begun) / 1000)} s: ${await endWaitsFor(client, sweep)}`);
  }
}
