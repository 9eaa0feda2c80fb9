import { Context } from '@temporalio/activity';
import type { Activities } from './types.js';

const heartbeatMilliseconds = 2000;

/**
 * The same activities, which say every two seconds that they are alive, so that the loss of their worker is noticed long before their
 * time is up (`heartbeatTimeout`, workflows/controlActivities.ts). Local ones need not: their workflow is lost with them.
 */
export function alive<Some extends Partial<Activities>>(activities: Some): Some {
  const entries = Object.entries<(input: never) => Promise<unknown>>(activities);
  return Object.fromEntries(
    entries.map(([name, activity]) => [
      name,
      async (input: never) => {
        const context = Context.current();
        if (context.info.isLocal) return activity(input);
        const beat = setInterval(() => context.heartbeat(), heartbeatMilliseconds);
        try {
          return await activity(input);
        } finally {
          clearInterval(beat);
        }
      },
    ]),
  ) as Some;
}
