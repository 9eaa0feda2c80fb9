import { describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { parseSpace } from '../../src/space/parse.js';
import type { Parameters } from '../../src/space/types.js';
import { completeEnqueued } from '../../src/sweep/parameters.js';

/** Conditions three levels deep: colour → colourFrom → colourMass2, and a constant. */
const space = parseSpace(
  {
    parameters: {
      kernel: 'sigmoid',
      cutoffWidth: { type: 'float', low: 0.3, high: 10, log: true },
      colour: { type: 'categorical', choices: ['matched', 'interpolated'] },
      colourFrom: {
        type: 'categorical',
        choices: ['white', 'power-law'],
        when: { colour: ['interpolated'] },
      },
      colourMass2: { type: 'float', low: 0.1, high: 5, when: { colourFrom: ['power-law'] } },
      colourExponent: { type: 'float', low: 1, high: 3, step: 0.5, when: { colourFrom: ['power-law'] } },
    },
  },
  'test',
);
const enqueue = (parameters: Parameters) => completeEnqueued(space, parameters, '--params');

describe('an enqueued parameter set', () => {
  it('is completed with the constants, and may go three conditions deep', () => {
    expect(enqueue({ cutoffWidth: 1, colour: 'matched' })).toEqual({
      kernel: 'sigmoid',
      cutoffWidth: 1,
      colour: 'matched',
    });
    const deep = {
      cutoffWidth: 1,
      colour: 'interpolated',
      colourFrom: 'power-law',
      colourMass2: 2,
      colourExponent: 1.5,
    };
    expect(enqueue(deep)).toEqual({ kernel: 'sigmoid', ...deep });
  });

  it.each<[string, Parameters, RegExp]>([
    [
      'a value out of bounds',
      { cutoffWidth: 11, colour: 'matched' },
      /--params: cutoffWidth is 11: give a number from 0\.3 to 10/,
    ],
    [
      'no such choice',
      { cutoffWidth: 1, colour: 'pink' },
      /colour is "pink": give one of "matched", "interpolated"/,
    ],
    [
      'a value between steps',
      {
        cutoffWidth: 1,
        colour: 'interpolated',
        colourFrom: 'power-law',
        colourMass2: 1,
        colourExponent: 1.2,
      },
      /colourExponent is 1\.2: give a number from 1 to 3 in steps of 0\.5/,
    ],
    ['what is missing', { colour: 'matched' }, /cutoffWidth is missing: give a number/],
    [
      'a missing grandchild',
      { cutoffWidth: 1, colour: 'interpolated', colourFrom: 'power-law', colourExponent: 2 },
      /colourMass2 is missing/,
    ],
    [
      'what is not active',
      { cutoffWidth: 1, colour: 'matched', colourFrom: 'white' },
      /colourFrom is given but not active: it needs colour to be "interpolated"/,
    ],
    [
      'a grandchild that is not active',
      { cutoffWidth: 1, colour: 'interpolated', colourFrom: 'white', colourMass2: 1 },
      /colourMass2 is given but not active: it needs colourFrom to be "power-law"/,
    ],
    [
      'another constant',
      { kernel: 'heat', cutoffWidth: 1, colour: 'matched' },
      /kernel is "heat": give "sigmoid"/,
    ],
    [
      'an unknown name',
      { cutofWidth: 1, colour: 'matched' },
      /cutofWidth is not a parameter of this space: known are kernel/,
    ],
    ['a word for a number', { cutoffWidth: '1', colour: 'matched' }, /cutoffWidth is "1"/],
    ['not a number', { cutoffWidth: NaN, colour: 'matched' }, /cutoffWidth is null/],
  ])('with %s is refused by name', (_what, parameters, message) => {
    let error: unknown;
    try {
      enqueue(parameters);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(RgsweepError);
    expect((error as RgsweepError).message).toMatch(message);
    expect((error as RgsweepError).exitCode).toBe(2);
  });
});
