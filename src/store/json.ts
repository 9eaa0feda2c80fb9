import { messageOf, RgsweepError } from '../errors.js';

/** JSON has no NaN, no infinities and no −0; metrics have, and must come back as they were. */
const numberKey = '$number';
const special = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

function replace(_key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  if (Object.is(value, -0)) return { [numberKey]: '-0' };
  return Number.isFinite(value) ? value : { [numberKey]: String(value) };
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(numberKey in value)) return value;
  const { [numberKey]: text, ...rest } = value;
  if (Object.keys(rest).length > 0 || typeof text !== 'string') return value;
  return special.get(text) ?? value;
}

/** A value as JSON text in UTF-8, readable, with a line end; every number comes back bit for bit. */
export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, replace, 1)}\n`, 'utf8');
}

/** The same on one line, without a line end. */
export function encodeJsonLine(value: unknown): string {
  return JSON.stringify(value, replace);
}

export function decodeJsonLine(line: string): unknown {
  return JSON.parse(line, revive);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The inverse of `encodeJson`.
 *
 * @param where names the object in the error: its store and key
 * @throws RgsweepError('data-missing') when it is not JSON
 */
export function decodeJson(body: Uint8Array, where: string): unknown {
  try {
    const text = utf8.decode(body);
    // Looking at every value takes several times as long as reading them, and few files need it.
    return text.includes(numberKey) ? JSON.parse(text, revive) : JSON.parse(text);
  } catch (error) {
    throw new RgsweepError('data-missing', `${where} is damaged: ${messageOf(error)}`, {
      remedy: 'restore it from a copy of the store',
      cause: error,
    });
  }
}
