import type { UpdateDefinition } from '@temporalio/common';
import { cleanText } from '../report/text.js';
import { connectClient, explainSweepError, type ConnectionOptions } from './connection.js';

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
    const answer = await handle.executeUpdate<string, [unknown, ...unknown[]]>(update.name, {
      args: args as unknown as [unknown],
    });
    process.stdout.write(`${sweep}: ${cleanText(answer)}\n`);
  } catch (error) {
    throw explainSweepError(error, sweep);
  }
}
