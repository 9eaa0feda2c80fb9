import type { Client } from '@temporalio/client';
import { RgsweepError } from '../errors.js';
import { trainerSlots } from '../stack/slots.js';
import { trainQueue } from '../sweep/names.js';
import type { SweepSpec } from '../sweep/types.js';
import { listPollers, slotsOf } from '../temporal/pollers.js';

/**
 * What `concurrency: auto` means for a sweep: the trainer slots of the workers that serve its queue now.
 * On the common queue, without a worker that says how many it has, what this machine would offer.
 * @throws RgsweepError('bad-configuration') on a queue of its own that nobody serves
 */
export async function automaticConcurrency(client: Client, spec: SweepSpec): Promise<number> {
  const { concurrency } = spec.budget;
  if (concurrency !== 'auto') return concurrency;
  const queue = spec.resources?.queue;
  const slots = slotsOf(await listPollers(client, trainQueue(queue), 'activity'));
  if (slots > 0) return slots;
  if (queue === undefined) return trainerSlots();
  throw new RgsweepError(
    'bad-configuration',
    `${spec.name}: budget.concurrency is "auto", and no worker serves the queue "${queue}"`,
    { remedy: `start one with \`rgsweep worker --role train --queue ${queue}\`, or give a number` },
  );
}
