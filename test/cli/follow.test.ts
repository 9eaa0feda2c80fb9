import { rmSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { afterAll, describe, expect, it } from 'vitest';
import { followSweep } from '../../src/cli/follow.js';
import { fixtureSnapshot } from '../report/fixture.js';
import { keepSweep, temporaryStore } from '../page/store.js';

const { store, folder } = await temporaryStore();
afterAll(() => rmSync(folder, { recursive: true }));
const snapshot = { ...fixtureSnapshot(), state: 'complete' as const };
await keepSweep(store, snapshot);

/** What a server says, as its client wraps it. */
const failure = (code: number, details: string) =>
  new ServiceError('Failed to query Workflow', {
    cause: Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} }),
  });

/** A client of a server that fails so often, and then no longer has the sweep's workflow. */
function clientThatFails(errors: Error[]): { client: Client; asked: () => number } {
  let asked = 0;
  const describe = () => {
    const error = errors[asked++] ?? new WorkflowNotFoundError('gone', snapshot.spec.name, undefined);
    return Promise.reject(error);
  };
  return {
    client: { workflow: { getHandle: () => ({ describe }) } } as unknown as Client,
    asked: () => asked,
  };
}

const follow = (client: Client) =>
  followSweep({
    client,
    store,
    sweep: snapshot.spec.name,
    signal: new AbortController().signal,
    output: new PassThrough().resume(),
  });

describe('following a sweep', () => {
  it('waits for a server that is away, and for a workflow that cannot be asked for now', async () => {
    const { client, asked } = clientThatFails([
      failure(14, 'UNAVAILABLE: connection dropped'),
      failure(9, 'Unable to query workflow due to Workflow Task in failed state.'),
    ]);
    expect(await follow(client)).toBe('complete');
    expect(asked()).toBe(3);
  });

  it('ends where it is refused, or wrong itself', async () => {
    await expect(follow(clientThatFails([failure(7, 'PERMISSION_DENIED')]).client)).rejects.toThrow(
      ServiceError,
    );
    await expect(follow(clientThatFails([new TypeError('a mistake')]).client)).rejects.toThrow(TypeError);
  });
});
