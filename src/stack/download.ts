import { messageOf } from '../errors.js';

/**
 * The bytes at an address. Gives up when no answer begins within `answerMs`, or nothing more comes for `stallMs`.
 * @throws Error with the reason in a few words
 */
export async function download(url: string, answerMs = 5_000, stallMs = 20_000): Promise<Uint8Array> {
  const abort = new AbortController();
  const limit = (milliseconds: number, what: string): NodeJS.Timeout =>
    setTimeout(() => abort.abort(new Error(`${what} within ${milliseconds / 1000} s`)), milliseconds);
  let timer = limit(answerMs, 'no answer');
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    if (!response.body) throw new Error('an empty answer');
    const parts: Uint8Array[] = [];
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = limit(stallMs, 'nothing more came');
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(messageOf(abort.signal.aborted ? abort.signal.reason : cause), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
