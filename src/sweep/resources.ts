import { z } from 'zod';
import { trainQueuePattern } from './names.js';
import type { SweepSpec } from './types.js';

/** `resources` of a sweep file. */
export const resourcesSchema = z
  .strictObject({
    queue: z
      .string()
      .regex(trainQueuePattern, 'use lower-case letters, digits, dot and dash, at most 63, as in gpu-a100')
      .optional()
      .describe('Train queue: the class of machines, as in `rgsweep worker --queue`'),
    priority: z.int().min(1).max(5).optional().describe('1 is served first, 5 last; 3 when left out'),
  })
  .optional()
  .describe('Which machines train the sweep, and before which other sweeps');

/** Only what was said: a file without `resources` resolves to what it always did. */
export function resolveResources(resources: z.output<typeof resourcesSchema>): Pick<SweepSpec, 'resources'> {
  const { queue, priority } = resources ?? {};
  if (queue === undefined && priority === undefined) return {};
  return {
    resources: { ...(queue === undefined ? {} : { queue }), ...(priority === undefined ? {} : { priority }) },
  };
}
