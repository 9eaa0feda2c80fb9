import { relative } from 'node:path';

/** A path as a person would type it from here. */
export function shownPath(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
}
