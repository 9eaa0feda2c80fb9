import { describe, expect, it } from 'vitest';
import {
  liveness,
  readiness,
  silentServerMilliseconds,
  stuckMilliseconds,
  type HealthFacts,
} from '../../src/worker/health.js';

const now = 1_800_000_000_000;
const facts = (of: Partial<HealthFacts> = {}): HealthFacts => ({
  state: 'RUNNING',
  answeredAt: now - 10_000,
  polledAt: now - 10_000,
  freeSince: now - 3_600_000,
  ...of,
});
const longAgo = now - stuckMilliseconds - 1000;

describe('a worker is started again', () => {
  it.each<[what: string, facts: HealthFacts, reason: RegExp]>([
    ['it failed', facts({ state: 'FAILED' }), /has failed/],
    [
      'it asks for nothing though slots are free',
      facts({ polledAt: longAgo }),
      /for 3\d\d s .* asked .* nothing/,
    ],
  ])('when %s', (_what, given, reason) => {
    expect(liveness(given, now)).toEqual({ ok: false, reason: expect.stringMatching(reason) as string });
  });

  it.each<[what: string, facts: HealthFacts]>([
    ['idle and asking', facts()],
    ['busy for hours: it need not ask', facts({ polledAt: longAgo, freeSince: undefined })],
    ['just free again after hours of work', facts({ polledAt: longAgo, freeSince: now - 1000 })],
    [
      'silent with a silent server: another start would not bring that back',
      facts({ polledAt: longAgo, answeredAt: now - silentServerMilliseconds - 1000 }),
    ],
    ['on its way out', facts({ state: 'DRAINING', polledAt: longAgo })],
  ])('not while it is %s', (_what, given) => {
    expect(liveness(given, now).ok).toBe(true);
  });
});

describe('a worker is ready', () => {
  it('while the server answers', () => {
    expect(readiness(facts(), now)).toEqual({ ok: true, reason: 'ok' });
  });

  it.each<[what: string, facts: HealthFacts, reason: RegExp]>([
    ['the server is silent', facts({ answeredAt: now - 90_000 }), /not answered for 90 s/],
    ['it drains', facts({ state: 'DRAINING' }), /is draining/],
  ])('not when %s', (_what, given, reason) => {
    expect(readiness(given, now)).toEqual({ ok: false, reason: expect.stringMatching(reason) as string });
  });
});
