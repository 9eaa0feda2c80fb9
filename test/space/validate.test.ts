import { describe, expect, it } from 'vitest';
import { parseSpace } from '../../src/space/parse.js';
import { activeParameters, requireValidParameters, validateParameters } from '../../src/space/validate.js';
import { gridValue, isGridValue, nearestIndex } from '../../src/space/values.js';

const space = parseSpace(
  {
    parameters: {
      model: { type: 'categorical', choices: ['small', 'large'] },
      optimizer: { type: 'categorical', choices: ['adam', 'sgd'], when: { model: ['large'] } },
      layers: { type: 'int', low: 1, high: 7, step: 2, when: { optimizer: ['sgd'] } },
      decay: { type: 'float', low: 0, high: 1, step: 0.1, when: { layers: [3, 5] } },
      batch: 64,
    },
  },
  'x.yaml',
);

describe('activeParameters', () => {
  it('follows conditions three levels deep', () => {
    const names = (values: Record<string, string | number>): string[] =>
      activeParameters(space, values).map((parameter) => parameter.name);
    expect(names({})).toEqual(['model', 'batch']);
    expect(names({ model: 'large', optimizer: 'sgd' })).toEqual(['model', 'optimizer', 'layers', 'batch']);
    expect(names({ model: 'large', optimizer: 'sgd', layers: 3 })).toHaveLength(5);
    // An inactive parent's value wakes no child.
    expect(names({ model: 'small', optimizer: 'sgd', layers: 3 })).toEqual(['model', 'batch']);
  });
});

describe('validateParameters', () => {
  it('accepts what belongs to the space', () => {
    expect(validateParameters(space, { model: 'small', batch: 64 })).toEqual([]);
    expect(
      validateParameters(space, { model: 'large', optimizer: 'sgd', layers: 5, decay: 0.3, batch: 64 }),
    ).toEqual([]);
  });

  it('names every problem at once', () => {
    expect(validateParameters(space, { model: 'large', layers: 3, batch: 32, extra: 1 })).toEqual([
      'optimizer is missing: give one of "adam", "sgd"',
      'batch is 32: give 64',
      'layers is given but not active: it needs optimizer to be "sgd"',
      'extra is not a parameter of this space: known are model, optimizer, layers, decay, batch',
    ]);
    const stepped = { model: 'large', optimizer: 'sgd', layers: 4, batch: 64 };
    expect(validateParameters(space, stepped)).toEqual([
      'layers is 4: give an integer from 1 to 7 in steps of 2',
    ]);
    expect(() => requireValidParameters(space, stepped, '--params')).toThrow('--params: layers is 4');
  });

  it('does not take a property of Object.prototype for a value', () => {
    const odd = parseSpace({ parameters: { constructor: { type: 'int', low: 0, high: 1 } } }, 'x.yaml');
    expect(validateParameters(odd, {})).toEqual(['constructor is missing: give an integer from 0 to 1']);
  });
});

describe('stepped values', () => {
  it('go from low to high, read like the file and are found again', () => {
    const parameter = { name: 'a', type: 'float', low: 0.1, high: 0.7, step: 0.1 } as const;
    const values = [0, 1, 2, 3, 4, 5, 6].map((index) => gridValue(parameter, index));
    expect(values).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
    expect(values.every((value) => isGridValue(parameter, value))).toBe(true);
    expect(values.map((value) => nearestIndex(parameter, value))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(isGridValue(parameter, 0.25)).toBe(false);
  });

  it('stay apart where the step is tiny beside the value', () => {
    const parameter = {
      name: 'a',
      type: 'float',
      low: 2 ** 20,
      high: 2 ** 20 + 10 * 2 ** -20,
      step: 2 ** -20,
    } as const;
    const values = [...Array(10).keys()].map((index) => gridValue(parameter, index));
    expect(new Set(values).size).toBe(10);
  });
});
