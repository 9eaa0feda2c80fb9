import { cleanText } from '../report/text.js';

/** A line of the command line's own on standard error. It may quote what a file or a trainer says, which must not steer the terminal. */
export function say(line: string): void {
  process.stderr.write(`rgsweep: ${cleanText(line)}\n`);
}
