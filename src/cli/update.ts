import type { Client } from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { RgsweepError } from '../errors.js';
import { cleanText } from '../report/text.js';
import { endingFailure } from '../sweep/names.js';
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
    const answer = await untilAnswered(client, sent, (why) =>
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
  while (await sweepIsOpen(client, sweep))
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
}
