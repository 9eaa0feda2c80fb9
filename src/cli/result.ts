import { relative } from 'node:path';
import { resultTable } from '../report/table.js';
import { verdict } from '../report/verdict.js';
import { readSnapshot } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';

/** A path as a person would type it from here. */
export function shownPath(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
}

/** What a sweep found: the table and one sentence. */
export async function showResult(options: {
  store: ObjectStore;
  sweep: string;
  folder: string;
  output: NodeJS.WritableStream & { columns?: number };
}): Promise<void> {
  const { store, sweep, output } = options;
  const snapshot = await readSnapshot(store, sweep);
  output.write(`\n${resultTable(snapshot, output.columns ?? 100)}\n\n${verdict(snapshot)}\n`);
}
