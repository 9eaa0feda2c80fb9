import { expect, it } from 'vitest';
import { workedOnElsewhere } from '../../src/sweep/owner.js';
import { exampleSpec } from '../store/example.js';

const now = Date.parse('2026-11-30T12:00:00Z');
const spec = exampleSpec('shared');
const owner = (secondsAgo: number) => ({
  namespaceId: 'a',
  namespace: 'default',
  address: 'cluster:7233',
  host: 'node-3',
  seenAt: new Date(now - 1000 * secondsAgo).toISOString(),
});
const at = (namespaceId: string, one = spec) => ({ spec: one, namespaceId, now });

it('a sweep is worked on elsewhere while another server says so, up to five minutes ago', () => {
  const running = { state: 'running', owner: owner(60) } as const;
  expect(workedOnElsewhere(running, at('b'))).toEqual({ owner: owner(60), restsAt: now + 240_000 });
  expect(workedOnElsewhere({ ...running, state: 'paused' }, at('b'))).toBeDefined();
  expect(workedOnElsewhere({ ...running, owner: owner(299) }, at('b'))).toBeDefined();
  expect(workedOnElsewhere({ ...running, owner: owner(301) }, at('b'))).toBeUndefined();
  // A clock that is ahead of ours.
  expect(workedOnElsewhere({ ...running, owner: owner(-30) }, at('b'))).toBeDefined();
});

it('is said less often, and so believed longer, where workers may be silent for long', () => {
  const running = { state: 'running', owner: owner(1000) } as const;
  const supervision = {
    heartbeatSeconds: 600,
    stallSeconds: 900,
    retryFirstSeconds: 1,
    retryLongestSeconds: 60,
  };
  expect(workedOnElsewhere(running, at('b', { ...spec, supervision }))).toBeDefined();
});

it('is no other server’s where it has ended, where it is this one’s, and where nobody ever said', () => {
  for (const state of ['complete', 'stopped', 'failed'] as const)
    expect(workedOnElsewhere({ state, owner: owner(1) }, at('b'))).toBeUndefined();
  expect(workedOnElsewhere({ state: 'running', owner: owner(1) }, at('a'))).toBeUndefined();
  expect(workedOnElsewhere({ state: 'running' }, at('b'))).toBeUndefined();
  expect(workedOnElsewhere(undefined, at('b'))).toBeUndefined();
});
