import { describe, expect, it } from 'vitest';
import { describeSilent, type Poller } from '../../src/temporal/pollers.js';

const now = Date.parse('2026-11-30T02:00:00Z');
const asked = (...seconds: number[]): Poller[] =>
  seconds.map((ago) => ({ identity: `worker-${ago}`, worker: undefined, askedAt: now - 1000 * ago }));

describe('workers that have not asked for a task lately', () => {
  it('are not spoken of while a long poll may be open', () => {
    expect(describeSilent(asked(0, 59, 70), { busy: false, now })).toBeUndefined();
    expect(describeSilent([], { busy: false, now })).toBeUndefined();
  });

  it('have stopped where they would ask all the time', () => {
    expect(describeSilent(asked(130), { busy: false, now })).toBe('last asked 130 s ago: stopped');
    expect(describeSilent(asked(2, 130, 200), { busy: false, now })).toBe(
      '2 of 3 last asked 130 s ago: stopped',
    );
  });

  it('may be busy where they have slots', () => {
    expect(describeSilent(asked(2, 130), { busy: true, now })).toBe(
      '1 of 2 last asked 130 s ago: stopped, or all slots busy',
    );
  });
});
