import { RgsweepError } from '../errors.js';

/** First component of what the file store keeps for itself; no key may begin with it. */
export const reservedFolder = '.rgsweep-store';
/** Longest component that every common file system takes, in bytes of UTF-8. */
const maximumComponentBytes = 255;
/** S3 allows 1024 bytes; the rest is left for the store's own prefix. */
const maximumKeyBytes = 900;
// S3 answers in XML 1.0, which cannot carry control characters; a backslash separates folders on Windows.
// eslint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f\\\ufffe\uffff]/;

function problemOf(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (/\p{Surrogate}/u.test(key)) return 'it has half of a surrogate pair';
  if (forbidden.test(key)) return 'it has a control character or a backslash';
  if (Buffer.byteLength(key) > maximumKeyBytes) return `it is longer than ${maximumKeyBytes} bytes`;
  const components = key.split('/');
  for (const component of components) {
    if (component === '') return 'it begins or ends with "/" or has "//"';
    if (component === '.' || component === '..') return `it has the component "${component}"`;
    if (Buffer.byteLength(component) > maximumComponentBytes)
      return `a component is longer than ${maximumComponentBytes} bytes`;
  }
  if (components[0] === reservedFolder) return `"${reservedFolder}" is kept for the store itself`;
  return undefined;
}

/**
 * Checks a key: components joined by `/`, none of them empty, `.` or `..`, without control characters or backslashes.
 *
 * @throws RgsweepError('usage') that says what is wrong with it
 */
export function checkKey(key: string): void {
  const problem = problemOf(key);
  if (problem !== undefined)
    throw new RgsweepError('usage', `${JSON.stringify(key)} is no key of a store: ${problem}`);
}

/** As `checkKey`, for the beginning of keys: it may be empty and may end in the middle of a component or with `/`. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return;
  checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

/** Order of UTF-8 bytes, in which S3 lists keys. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}
