import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { createProtocol } from '../../src/search/protocol.js';
import { serveLines } from '../../src/search/serve.js';

const flat = [
  { name: 'x', type: 'float', low: 0, high: 1 },
  { name: 'kind', type: 'categorical', choices: ['a', 'b'] },
  { name: 'n', type: 'int', low: 1, high: 100, log: true, when: { kind: ['b'] } },
];

async function serve(text: string): Promise<{ code: number; output: string[]; errors: string[] }> {
  const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
  input.end(text);
  const code = await serveLines(input, output, errors);
  const lines = (stream: PassThrough): string[] =>
    ((stream.read() as Buffer | null)?.toString() ?? '').split('\n').slice(0, -1);
  return { code, output: lines(output), errors: lines(errors) };
}

/** Drives one search of `count` evaluations and returns every line sent and answered. */
function drive(
  start: unknown,
  count: number,
  value: (params: Record<string, unknown>) => number | null,
): string[] {
  const answer = createProtocol();
  const said = [JSON.stringify(start)];
  answer(said[0]!);
  for (let i = 0; i < count; i++) {
    const reply = answer('{"op":"ask"}')!;
    const { id, params } = JSON.parse(reply) as { id: number; params: Record<string, unknown> };
    const tell = JSON.stringify({ op: 'tell', id, value: value(params) });
    expect(answer(tell)).toBeUndefined();
    said.push(reply, tell);
  }
  return said;
}

describe('the ask/tell lines', () => {
  it('answers asks, is told, gives every id once, and holds parameters exactly when active', async () => {
    const { code, output, errors } = await serve(
      [
        JSON.stringify({ op: 'space', space: flat, seed: 3, sampler: 'tpe' }),
        ...Array.from({ length: 8 }, () => '{"op":"ask"}'),
        '{"op":"tell","id":2,"value":0.5}',
        '',
        '{"op":"tell","id":0,"value":null}',
        '{"op":"tell","id":2,"value":0.5}',
        '{"op":"ask","worker":4}',
      ].join('\n'),
    );
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    const answers = output.map((line) => JSON.parse(line) as { id: number; params: Record<string, unknown> });
    expect(answers.map((one) => one.id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const { params } of answers) {
      expect(Object.hasOwn(params, 'n')).toBe(params['kind'] === 'b');
      expect(Object.hasOwn(params, 'x')).toBe(true);
    }
    expect(new Set(answers.map((one) => one.params['kind'])).size).toBe(2);
  });

  it('finds the minimum, the same lines again for the same seed, other ones for another', () => {
    const start = { op: 'space', space: flat, seed: 9, sampler: 'tpe' };
    const value = (p: Record<string, unknown>): number =>
      ((p['x'] as number) - 0.3) ** 2 + (p['kind'] === 'b' ? Math.abs(Math.log((p['n'] as number) / 20)) : 1);
    const said = drive(start, 60, value);
    expect(drive(start, 60, value)).toEqual(said);
    expect(drive({ ...start, seed: 10 }, 60, value)).not.toEqual(said);
    const values = said
      .filter((line) => line.includes('tell'))
      .map((line) => (JSON.parse(line) as { value: number }).value);
    expect(Math.min(...values)).toBeLessThan(0.1);
  });

  it('takes the keys a client writes for what a parameter does not have', () => {
    const answer = createProtocol();
    const space = [
      { name: 'x', type: 'float', low: 0, high: 1, log: false, step: null, choices: null, when: null },
      { name: 'c', type: 'categorical', choices: [1, 2], low: null, high: null, log: false },
    ];
    answer(JSON.stringify({ op: 'space', space, seed: 0, sampler: 'random', fidelity: null }));
    expect(answer('{"op":"ask"}')).toContain('"id":0');
  });

  it('tries an enqueued parameter set first and refuses one outside its space by name', () => {
    const answer = createProtocol();
    answer(JSON.stringify({ op: 'space', space: flat, seed: 1, sampler: 'tpe' }));
    answer('{"op":"enqueue","params":{"x":0.25,"kind":"a"}}');
    expect(answer('{"op":"ask"}')).toBe('{"id":0,"params":{"x":0.25,"kind":"a"}}');
    expect(() => answer('{"op":"enqueue","params":{"x":2,"kind":"a","n":3}}')).toThrow(
      /x is 2: give a number from 0 to 1; n is given but not active: it needs kind to be "b"/,
    );
  });

  it.each([
    ['{"op":"ask"', 'not JSON'],
    ['[1]', 'the line is [1]'],
    ['{"op":"dance"}', 'op is "dance"'],
    ['{}', 'no `op`'],
    ['{"op":"tell","id":77,"value":1}', 'id 77 was never given out'],
    ['{"op":"tell","id":"0","value":1}', 'id is "0"'],
    ['{"op":"tell","id":0}', 'value is missing'],
    ['{"op":"tell","id":0,"value":1,"values":[1]}', 'both value and values'],
    ['{"op":"tell","id":0,"values":[1,"2"]}', 'values is [1,"2"]'],
    ['{"op":"tell","id":0,"values":[]}', 'values is []'],
    ['{"op":"tell","id":0,"value":1,"constraints":3}', 'constraints is 3'],
    ['{"op":"tell","id":0,"value":1e999}', 'value of id 0 is Infinity'],
    ['{"op":"fail"}', 'id is missing'],
    ['{"op":"ask","wrker":3}', 'key "wrker"'],
    ['{"op":"tell","id":0,"value":1,"loss":2}', 'key "loss"'],
    ['{"op":"best","id":0}', 'key "id"'],
    ['{"op":"space","space":[{"name":"x","type":"fixed","value":1}],"sede":3}', 'key "sede"'],
    [
      '{"op":"space","space":[{"name":"x","type":"fixed","value":1}],"reproducible":true}',
      'key "reproducible"',
    ],
    [
      '{"op":"space","space":[{"name":"x","type":"float","low":1,"high":0}]}',
      'space: parameters[0] has low 1 above high 0',
    ],
    ['{"op":"space"}', 'no `space`'],
    ['{"op":"space","space":[]}', 'parameters has no entry'],
    ['{"op":"space","space":[{"name":"x","type":"fixed","value":1}],"sampler":"best"}', 'sampler is "best"'],
    ['{"op":"space","space":[{"name":"x","type":"fixed","value":1}],"seed":-1}', 'seed is -1'],
    [
      '{"op":"space","space":[{"name":"x","type":"fixed","value":1}],"fidelity":{"min":1,"max":9}}',
      'fidelity.eta is missing',
    ],
    [
      '{"op":"space","space":[{"name":"x","type":"fixed","value":1}],"fidelity":{"min":3,"max":1,"eta":3}}',
      'fidelity: max is 1',
    ],
  ])('ends at the malformed line %s with its number and exit code 2', async (bad, message) => {
    const good = [JSON.stringify({ op: 'space', space: flat, seed: 3 }), '{"op":"ask"}'];
    const { code, output, errors } = await serve([...good, bad, '{"op":"ask"}'].join('\n'));
    expect(code).toBe(2);
    expect(output).toHaveLength(1);
    expect(errors).toHaveLength(1);
    const error = JSON.parse(errors[0]!) as { line: number; error: string; remedy: string };
    expect(error.line).toBe(3);
    expect(error.error).toContain(message);
    expect(error.remedy).toBeTruthy();
  });

  it('refuses an ask before there is a space', async () => {
    const { code, errors } = await serve('{"op":"ask"}\n');
    expect(code).toBe(2);
    expect(errors[0]).toContain('there is no search yet');
  });

  it('never throws anything but a refusal, whatever the lines', () => {
    const value = fc.oneof(
      fc.double(),
      fc.integer({ min: -2, max: 5 }),
      fc.string(),
      fc.constant(null),
      fc.boolean(),
    );
    const parameter = fc.record(
      {
        name: fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor', ''), fc.string()),
        type: fc.constantFrom('float', 'int', 'categorical', 'fixed', 'x'),
        low: value,
        high: value,
        log: value,
        step: value,
        choices: fc.oneof(value, fc.array(value, { maxLength: 4 })),
        value,
        when: fc.oneof(
          value,
          fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.array(value, { maxLength: 3 })),
        ),
      },
      { requiredKeys: ['name', 'type'] },
    );
    const message = fc.oneof(
      {
        weight: 1,
        arbitrary: fc.record({
          op: fc.constant('space'),
          space: fc.array(parameter, { maxLength: 4 }),
          seed: value,
          fidelity: fc.option(fc.dictionary(fc.constantFrom('min', 'max', 'eta'), value)),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          op: fc.constant('space'),
          space: fc.constant(flat),
          seed: fc.nat(),
          sampler: fc.constantFrom('tpe', 'random', 'qmc', 'grid'),
          fidelity: fc.option(
            fc.record({
              min: fc.integer({ min: 1, max: 3 }),
              max: fc.integer({ min: 3, max: 99 }),
              eta: fc.integer({ min: 2, max: 4 }),
            }),
          ),
        }),
      },
      {
        weight: 6,
        arbitrary: fc.record({
          op: fc.constantFrom('ask', 'tell', 'fail', 'tell', 'best', 'enqueue'),
          values: fc.option(fc.array(value, { maxLength: 3 }), { nil: undefined }),
          constraints: fc.option(fc.array(value, { maxLength: 3 }), { nil: undefined }),
          params: fc.option(fc.dictionary(fc.constantFrom('x', 'kind', 'n', '__proto__'), value), {
            nil: undefined,
          }),
          id: fc.integer({ min: 0, max: 6 }),
          value,
          step: fc.integer({ min: 0, max: 9 }),
          worker: value,
        }),
      },
      { weight: 1, arbitrary: fc.jsonValue() },
    );
    const line = fc.oneof(
      { weight: 9, arbitrary: message.map((one) => JSON.stringify(one)) },
      { weight: 1, arbitrary: fc.string() },
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        const answer = createProtocol();
        for (const one of lines)
          try {
            const reply = answer(one);
            if (reply !== undefined) JSON.parse(reply);
          } catch (error) {
            if (!(error instanceof RgsweepError)) throw error;
          }
      }),
      { numRuns: 300 },
    );
  });
});
