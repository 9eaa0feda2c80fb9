import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { RgsweepError } from '../errors.js';
import { createProtocol } from './protocol.js';

/**
 * Answers ask/tell lines until the input ends. A line that cannot be served ends it: one JSON object with `line` (its
 * number, from 1), `error` and `remedy` goes to `errors`. Blank lines are skipped.
 * @returns the exit code: 0 at the end of the input, 2 after a line that could not be served
 */
export async function serveLines(input: Readable, output: Writable, errors: Writable): Promise<0 | 2> {
  const answer = createProtocol();
  const lines = createInterface({ input, crlfDelay: Infinity });
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    try {
      const reply = answer(line);
      if (reply !== undefined && !output.write(`${reply}\n`))
        await new Promise((go) => output.once('drain', go));
    } catch (error) {
      if (!(error instanceof RgsweepError)) throw error;
      errors.write(`${JSON.stringify({ line: number, error: error.message, remedy: error.remedy })}\n`);
      lines.close();
      input.destroy();
      return 2;
    }
  }
  return 0;
}
