import type { Client } from '@temporalio/client';
import { RgsweepError } from '../errors.js';
import { formatDuration } from '../report/figures.js';
import type { SweepRecord } from '../store/records.js';
import { workedOnElsewhere } from '../sweep/owner.js';
import type { SweepSpec } from '../sweep/types.js';
import { namespaceIdOf } from '../temporal/place.js';

/**
 * Makes sure that no other server is at work on a sweep that is not open on this one.
 * @throws RgsweepError('conflict') with where it runs, when it was last seen at work, and the ways out
 */
export async function refuseIfElsewhere(
  client: Client,
  spec: SweepSpec,
  record: SweepRecord | undefined,
): Promise<void> {
  if (!record?.owner) return;
  const namespaceId = await namespaceIdOf(client);
  const now = Date.now();
  const elsewhere = workedOnElsewhere(record, { spec, namespaceId, now });
  if (!elsewhere) return;
  const { owner, restsAt } = elsewhere;
  const { address, namespace, host, seenAt } = owner;
  const ago = formatDuration(Math.max(0, now - Date.parse(seenAt)) / 1000);
  const name = namespace === 'default' ? '' : ` --namespace ${namespace}`;
  throw new RgsweepError(
    'conflict',
    `"${spec.name}" is not open on this Temporal server; another one was at work on it ${ago} ago: ${address}, ` +
      `namespace "${namespace}", with a control worker on ${host}`,
    {
      remedy:
        `stop it there (\`rgsweep stop ${spec.name} --address ${address}${name}\`), or, where that server or its database is gone for good, add ` +
        `--take-over or wait for ${formatDuration((restsAt - now) / 1000)}`,
    },
  );
}
