import { describe, expect, it } from 'vitest';
import { withAmendment } from '../../src/sweep/amendments.js';
import type { SweepAmendment } from '../../src/sweep/types.js';

const amendment = (id: string, order?: SweepAmendment['order']): SweepAmendment => ({
  id,
  at: '2026-01-01T00:00:00.000Z',
  ...(order ? { order } : {}),
  kind: 'extend',
  trials: 1,
});
const kept = (...added: SweepAmendment[]) =>
  added.reduce<readonly SweepAmendment[]>(withAmendment, []).map(({ id }) => id);

describe('the amendments of a sweep', () => {
  const of = (run: string) => (number: number) => amendment(`${run}${number}`, { run, number });
  const a = of('a');
  const b = of('b');

  it('of one run stand in the order in which it applied them, whichever was written first', () => {
    expect(kept(a(1), a(0), a(3), a(2))).toEqual(['a0', 'a1', 'a2', 'a3']);
  });

  it('of another run, or of before there was an order, stay where they are', () => {
    expect(kept(amendment('old'), a(1), b(0), a(0))).toEqual(['old', 'a1', 'b0', 'a0']);
    expect(kept(amendment('old'), amendment('older'), a(0))).toEqual(['old', 'older', 'a0']);
  });

  it('are kept once', () => {
    expect(kept(a(0), a(1), a(0))).toEqual(['a0', 'a1']);
  });
});
