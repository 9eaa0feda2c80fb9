import { describe, expect, it } from 'vitest';
import { describeOtherSweeps } from '../../src/cli/otherSweeps.js';

describe('what up says of other sweeps in its home', () => {
  it('is nothing where there is none', () => {
    expect(describeOtherSweeps('mine', [], 2)).toBeUndefined();
  });

  it('is that all trainers are taken, and how to free them', () => {
    const line = describeOtherSweeps('mine', [{ name: 'phi4-headline', trainers: 2 }], 2);
    expect(line).toMatch(
      /^mine waits for a trainer: phi4-headline is going on in this home and takes both trainers; /,
    );
    expect(line).toContain('`npx rgsweep pause phi4-headline --now`');
    expect(describeOtherSweeps('mine', [{ name: 'a', trainers: 1 }], 1)).toContain('takes the one trainer');
    const two = [
      { name: 'a', trainers: 1 },
      { name: 'b', trainers: 2 },
    ];
    expect(describeOtherSweeps('mine', two, 3)).toContain('a and b are going on in this home and take all 3');
  });

  it('is that they are shared, where one is left', () => {
    expect(describeOtherSweeps('mine', [{ name: 'a', trainers: 1 }], 2)).toMatch(
      /^a is going on in this home, too, and mine shares its 2 trainers with it; /,
    );
  });
});
