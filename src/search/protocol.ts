import { RgsweepError } from '../errors.js';
import { createSampler } from '../samplers/index.js';
import { samplerNames } from '../samplers/types.js';
import { parseSpace } from '../space/parse.js';
import type { Parameters } from '../space/types.js';
import { createSearch, type Fidelity, type Search } from './engine.js';

/** The keys that a line of each kind may have. */
const knownKeys = {
  space: ['space', 'seed', 'sampler', 'fidelity'],
  ask: ['worker'],
  tell: ['id', 'value', 'values', 'constraints', 'step', 'worker'],
  fail: ['id', 'worker'],
  enqueue: ['params'],
  best: [],
} as const;

/**
 * The ask/tell lines of `rgsweep optimize` (docs/search.md), one JSON object a line. Returns what answers a line:
 * takes a line, returns the answer as one line without its end, or undefined where there is none.
 * @throws RgsweepError `usage` or `bad-configuration` for a line that is malformed or asks the impossible
 */
export function createProtocol(): (line: string) => string | undefined {
  let search: Search | undefined;
  let multiFidelity = false;

  function started(): Search {
    if (!search)
      throw usage(
        'there is no search yet',
        'Send {"op":"space","space":[…],"seed":0,"sampler":"tpe"} first.',
      );
    return search;
  }

  return (line) => {
    const message = parseLine(line);
    const op = message['op'];
    refuseUnknownKeys(message);
    switch (op) {
      case 'space': {
        const fidelity = parseFidelity(message['fidelity']);
        search = createSearch({
          space: parseSpace({ parameters: withoutNulls(message['space']) }, 'space:'),
          sampler: createSampler(parseSamplerName(message['sampler'])),
          seed: parseSeed(message['seed']),
          ...(fidelity ? { fidelity } : {}),
        });
        multiFidelity = fidelity !== undefined;
        return undefined;
      }
      case 'ask':
        return JSON.stringify(started().ask(parseWorker(message['worker'])));
      case 'tell': {
        const value = parseValue(message);
        const constraints = message['constraints'] ?? undefined;
        if (constraints !== undefined && !isNumbers(constraints))
          throw usage(
            `constraints is ${shorten(JSON.stringify(constraints))}`,
            'Give a list of numbers, each satisfied at most 0.',
          );
        const id = parseId(message['id']);
        const step = multiFidelity ? parseStep(message['step']) : undefined;
        parseWorker(message['worker']);
        started().tell({
          id,
          value,
          ...(constraints === undefined ? {} : { constraints }),
          ...(step === undefined ? {} : { step }),
        });
        return undefined;
      }
      case 'fail':
        started().fail(parseId(message['id']), parseWorker(message['worker']));
        return undefined;
      case 'best':
        return JSON.stringify(
          started()
            .best()
            .map(({ trial, parameters, values, constraints }) => {
              const { step, objectives } = values[values.length - 1]!;
              return {
                id: trial,
                params: parameters,
                ...(multiFidelity ? { step } : {}),
                ...(objectives.length > 1 ? { values: objectives } : { value: objectives[0] }),
                ...(constraints ? { constraints } : {}),
              };
            }),
        );
      case 'enqueue':
        started().enqueue(parseParams(message['params']));
        return undefined;
      default:
        throw usage(
          op === undefined ? 'the line has no `op`' : `op is ${JSON.stringify(op)}`,
          `Known: ${Object.keys(knownKeys).join(', ')}.`,
        );
    }
  };
}

function parseLine(line: string): Record<string, unknown> {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch (error) {
    throw usage(`the line is not JSON: ${(error as Error).message}`, 'Send one JSON object a line.');
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    throw usage(`the line is ${shorten(line)}`, 'Send one JSON object a line.');
  return message as Record<string, unknown>;
}

/** A key that is ignored is a setting that its sender believes in: a misspelt seed, a worker that nobody heard of. */
function refuseUnknownKeys({ op, ...rest }: Record<string, unknown>): void {
  if (typeof op !== 'string' || !Object.hasOwn(knownKeys, op)) return;
  const known: readonly string[] = knownKeys[op as keyof typeof knownKeys];
  const unknown = Object.keys(rest).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw usage(
      `a line of op "${op}" has the key ${shorten(JSON.stringify(unknown))}`,
      `Known: ${['op', ...known].join(', ')}.`,
    );
}

/** Clients that write every key of a parameter send null, or `log: false`, for what it does not have. */
function withoutNulls(space: unknown): unknown {
  if (space === undefined) throw usage('the line has no `space`', 'Give the list of parameters.');
  if (!Array.isArray(space)) return space;
  return space.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
    return Object.fromEntries(
      Object.entries(entry).filter(([key, value]) => value !== null && !(key === 'log' && value === false)),
    );
  });
}

function parseSamplerName(value: unknown): (typeof samplerNames)[number] {
  if (value === undefined || value === null) return 'tpe';
  const name = samplerNames.find((known) => known === value);
  if (!name) throw usage(`sampler is ${JSON.stringify(value)}`, `Known: ${samplerNames.join(', ')}.`);
  return name;
}

function parseSeed(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw usage(`seed is ${JSON.stringify(value)}`, 'Give an integer from 0 to 2^53 − 1.');
  return value;
}

function parseFidelity(value: unknown): Fidelity | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value))
    throw usage(`fidelity is ${shorten(JSON.stringify(value))}`, 'Give {"min":1,"max":27,"eta":3}.');
  const { min, max, eta, ...rest } = value as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw usage(`fidelity has the key ${unknown}`, 'Known: min, max, eta.');
  for (const [name, number] of Object.entries({ min, max, eta }))
    if (typeof number !== 'number')
      throw usage(
        `fidelity.${name} is ${number === undefined ? 'missing' : shorten(JSON.stringify(number))}`,
        'Give whole numbers min, max and eta.',
      );
  return { min: min as number, max: max as number, eta: eta as number };
}

function parseId(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw usage(`id is ${shorten(JSON.stringify(value) ?? 'missing')}`, 'Give the id that an ask returned.');
  return value;
}

function parseStep(value: unknown): number {
  if (typeof value !== 'number')
    throw usage(
      `step is ${shorten(JSON.stringify(value) ?? 'missing')}`,
      'Give the step that was reached, as `to` said.',
    );
  return value;
}

function parseWorker(value: unknown): string | number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' && typeof value !== 'string')
    throw usage(`worker is ${shorten(JSON.stringify(value))}`, 'A worker is a number or a string.');
  return value;
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');

/** `value`, or `values` of several objectives. */
function parseValue(message: Record<string, unknown>): number | number[] | null {
  const { value, values } = message;
  if (values !== undefined && value !== undefined)
    throw usage('the line has both value and values', 'Give values of several objectives, value of one.');
  if (values !== undefined && values !== null) {
    if (!isNumbers(values) || values.length === 0)
      throw usage(
        `values is ${shorten(JSON.stringify(values))}`,
        'Give a list of numbers, one an objective.',
      );
    return values;
  }
  if (value === null || values === null) return null;
  if (typeof value !== 'number')
    throw usage(
      `value is ${shorten(JSON.stringify(value) ?? 'missing')}`,
      'Give a number, or null where the parameters were tried and have none.',
    );
  return value;
}

function parseParams(value: unknown): Parameters {
  const message = 'Give an object from parameter names to values.';
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw usage(`params is ${shorten(JSON.stringify(value) ?? 'missing')}`, message);
  for (const [name, one] of Object.entries(value))
    if (typeof one !== 'number' && typeof one !== 'string' && typeof one !== 'boolean')
      throw usage(`params.${name} is ${shorten(JSON.stringify(one))}`, message);
  return value as Parameters;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function usage(message: string, remedy: string): RgsweepError {
  return new RgsweepError('usage', message, { remedy });
}
