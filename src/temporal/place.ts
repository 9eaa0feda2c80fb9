import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import { RgsweepError } from '../errors.js';
import type { ServerPlace } from '../sweep/owner.js';

/** Id of the client's namespace, which tells its server from every other one. @throws what the server says */
export async function namespaceIdOf(client: Client): Promise<string> {
  const { namespace } = client.options;
  const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace });
  if (!namespaceInfo?.id)
    throw new RgsweepError('server-unavailable', `the server tells no id of its namespace "${namespace}"`);
  return namespaceInfo.id;
}

/** Where this process reaches its server. @throws what the server says */
export async function serverPlace(client: Client, address: string): Promise<ServerPlace> {
  const namespaceId = await namespaceIdOf(client);
  return { namespaceId, namespace: client.options.namespace, address, host: hostname() };
}
