import { InvalidArgumentError } from 'commander';
import { messageOf, RgsweepError } from '../errors.js';
import { trainQueuePattern } from '../sweep/names.js';
import { backendNames, type BackendRequest } from '../train/protocol.js';

/** Parser of a whole number option of at least `minimum`, and at most `maximum` where one is given. */
export function parseCount(option: string, minimum: number, maximum = Infinity): (text: string) => number {
  const bounds = maximum === Infinity ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < minimum || value > maximum)
      throw new InvalidArgumentError(`${option} takes a whole number ${bounds}, not "${text}".`);
    return value;
  };
}

/** Parser of a whole number of at least `minimum`, or of one of these words. */
export function parseCountOr<Word extends string>(
  option: string,
  minimum: number,
  words: readonly Word[],
): (text: string) => number | Word {
  const count = parseCount(option, minimum);
  return (text) => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    try {
      return count(text);
    } catch {
      throw new InvalidArgumentError(
        `${option} takes ${words.join(', ')} or a whole number of at least ${minimum}, not "${text}".`,
      );
    }
  };
}

/** Parser of a train queue's name. */
export function parseQueue(text: string): string {
  if (!trainQueuePattern.test(text))
    throw new InvalidArgumentError(
      `a queue has lower-case letters, digits, dot and dash, at most 63, as in gpu-a100, not "${text}".`,
    );
  return text;
}

/** Parser of a port to listen on; 0 takes a free one. */
export const parsePort = (option: string) => parseCount(option, 0, 65_535);

/** Parser of `3,7,12`. */
export function parseNumbers(text: string): number[] {
  const numbers = text.split(',').map((part) => Number(part.trim()));
  if (numbers.some((number) => !Number.isInteger(number) || number < 0))
    throw new InvalidArgumentError(`give trial numbers like 3,7, not "${text}".`);
  return numbers;
}

/** Parser of a backend's name, `auto` included. */
export function parseBackend(text: string): BackendRequest {
  const names: BackendRequest[] = ['auto', ...backendNames];
  const found = names.find((name) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`backends: ${names.join(', ')}.`);
  return found;
}

/** Below it a trainer has no time for a checkpoint. */
export const leastNoticeSeconds = 2;

/** RGSWEEP_BACKEND. @throws RgsweepError('usage') when it names no backend */
export function backendOfEnvironment(): BackendRequest | undefined {
  const text = process.env.RGSWEEP_BACKEND;
  if (text === undefined || text === '') return undefined;
  try {
    return parseBackend(text);
  } catch (error) {
    throw new RgsweepError('usage', `RGSWEEP_BACKEND is "${text}"; ${messageOf(error)}`);
  }
}

/** RGSWEEP_NOTICE_SECONDS. @throws RgsweepError('usage') when it is no whole number of at least 2 */
export function noticeOfEnvironment(): number | undefined {
  const text = process.env.RGSWEEP_NOTICE_SECONDS;
  if (text === undefined || text === '') return undefined;
  try {
    return parseCount('RGSWEEP_NOTICE_SECONDS', leastNoticeSeconds)(text);
  } catch (error) {
    throw new RgsweepError('usage', messageOf(error), {
      remedy: 'give it the seconds between SIGTERM and the end of this machine, or unset it',
    });
  }
}
