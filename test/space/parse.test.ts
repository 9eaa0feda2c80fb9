import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { RgsweepError } from '../../src/errors.js';
import { parseSpace } from '../../src/space/parse.js';

const where = 'search-spaces/x.yaml';

function refusal(yaml: string): RgsweepError {
  try {
    parseSpace(parse(yaml), where);
  } catch (error) {
    if (error instanceof RgsweepError) return error;
    throw error;
  }
  throw new Error(`accepted: ${yaml}`);
}

describe('parseSpace', () => {
  it('reads a map of parameters with a shorthand constant and a scalar condition', () => {
    const space = parseSpace(
      parse(`
parameters:
  width: { type: float, low: 0.1, high: 10, log: true, when: { kernel: [sigmoid, erf] } }
  kernel: { type: categorical, choices: [sigmoid, erf, heat] }
  batchSize: 512
  seeds: { type: fixed, value: "[].length", when: { kernel: heat } }
`),
      where,
    );
    expect(space.parameters).toEqual([
      { name: 'kernel', type: 'categorical', choices: ['sigmoid', 'erf', 'heat'] },
      { name: 'width', type: 'float', low: 0.1, high: 10, log: true, when: { kernel: ['sigmoid', 'erf'] } },
      { name: 'batchSize', type: 'fixed', value: 512 },
      { name: 'seeds', type: 'fixed', value: '[].length', when: { kernel: ['heat'] } },
    ]);
  });

  it('reads a list of parameters and puts parents before children, three levels deep', () => {
    const space = parseSpace(
      parse(`
parameters:
  - { name: d, type: float, low: 0, high: 1, step: 0.1, when: { c: [2] } }
  - { name: c, type: int, low: 1, high: 3, when: { b: [true] } }
  - { name: b, type: categorical, choices: [true, false], when: { a: [x] } }
  - { name: a, type: categorical, choices: [x, y] }
`),
      where,
    );
    expect(space.parameters.map((parameter) => parameter.name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    ['[]', 'search-spaces/x.yaml is []'],
    ['parameters: {}', 'search-spaces/x.yaml: parameters has no entry'],
    ['{parameters: {a: 1}, budget: 3}', 'search-spaces/x.yaml: budget is not a key'],
    ['parameters: {a: {type: float, low: 0, high: 1, hi: 2}}', 'parameters.a.hi is not a key of a float'],
    ['parameters: {a: {type: flaot, low: 0, high: 1}}', 'parameters.a.type is "flaot"'],
    ['parameters: {a: {low: 0, high: 1}}', 'parameters.a.type is missing'],
    ['parameters: {a: {type: float, low: zero, high: 1}}', 'parameters.a.low is "zero"'],
    ['parameters: {a: {type: float, low: 0}}', 'parameters.a.high is missing'],
    ['parameters: {a: {type: float, low: 0, high: .inf}}', 'parameters.a.high is Infinity'],
    ['parameters: {a: {type: float, low: 2, high: 1}}', 'parameters.a has low 2 above high 1'],
    ['parameters: {a: {type: float, low: -1.7e308, high: 1.7e308}}', 'wider than a double'],
    [
      'parameters: {a: {type: float, low: 0, high: 1, log: true}}',
      'parameters.a.low is 0 on a logarithmic axis',
    ],
    ['parameters: {a: {type: float, low: 0, high: 1, log: 1}}', 'parameters.a.log is 1'],
    ['parameters: {a: {type: float, low: 0, high: 1, step: 0.3}}', 'does not divide the range from 0 to 1'],
    ['parameters: {a: {type: float, low: 0, high: 1, step: 0}}', 'parameters.a.step is 0'],
    [
      'parameters: {a: {type: int, low: 1, high: 4, log: true, step: 3}}',
      'with step 3 on a logarithmic axis',
    ],
    ['parameters: {a: {type: int, low: 0.5, high: 4}}', 'parameters.a.low is 0.5'],
    ['parameters: {a: {type: categorical, choices: []}}', 'parameters.a.choices is empty'],
    ['parameters: {a: {type: categorical, choices: [x, x]}}', 'parameters.a.choices[1] repeats "x"'],
    ['parameters: {a: {type: categorical, choices: [x, [y]]}}', 'parameters.a.choices[1] is ["y"]'],
    ['parameters: {a: {type: categorical, choices: [null]}}', 'parameters.a.choices[0] is null'],
    ['parameters: {a: {type: fixed}}', 'parameters.a.value is missing'],
    ['parameters: [{type: fixed, value: 1}]', 'parameters[0] has no `name`'],
    [
      'parameters: [{name: a, type: fixed, value: 1}, {name: a, type: fixed, value: 2}]',
      'parameters[1] declares "a"',
    ],
    ['parameters: {a: {type: fixed, value: 1, when: {b: [1]}}}', 'parameters.a.when.b is not a parameter'],
    ['parameters: {a: {type: fixed, value: 1, when: {}}}', 'parameters.a.when names no parent'],
    [
      'parameters: {b: {type: categorical, choices: [x]}, a: {type: fixed, value: 1, when: {b: [y]}}}',
      'parameters.a.when.b holds "y", but b has no such choice',
    ],
    [
      'parameters: {b: {type: int, low: 1, high: 9, step: 2}, a: {type: fixed, value: 1, when: {b: [4]}}}',
      'parameters.a.when.b holds 4',
    ],
    [
      'parameters: {b: {type: float, low: 1, high: 9}, a: {type: fixed, value: 1, when: {b: [4]}}}',
      'b is a float',
    ],
    ['parameters: {b: 3, a: {type: fixed, value: 1, when: {b: [4]}}}', 'b is always 3'],
    [
      'parameters: {a: {type: int, low: 0, high: 1, when: {b: [1]}}, b: {type: int, low: 0, high: 1, when: {a: [1]}}}',
      'cycle of conditions: a → b → a',
    ],
    ['parameters: {a: {type: int, low: 0, high: 1, when: {a: [1]}}}', 'cycle of conditions: a → a'],
  ])('refuses %s by its path', (yaml, message) => {
    const error = refusal(yaml);
    expect(error.kind).toBe('bad-configuration');
    expect(error.message).toContain(message);
    expect(error.remedy).toBeTruthy();
  });

  it('continues a path that is already inside a file', () => {
    const bad = (): unknown => parseSpace({ parameters: { a: { type: 'int' } } }, 'sweeps/x.yaml: space');
    expect(bad).toThrow('sweeps/x.yaml: space.parameters.a.low is missing');
  });

  it('accepts steps that are no exact doubles', () => {
    for (const [low, high, step] of [
      [0, 1, 0.1],
      [0.1, 0.9, 0.2],
      [-3, 3, 0.05],
    ])
      expect(() =>
        parseSpace({ parameters: { a: { type: 'float', low, high, step } } }, where),
      ).not.toThrow();
  });
});
