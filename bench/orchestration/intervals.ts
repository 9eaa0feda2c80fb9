import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A stretch of a sweep: what its trials cost, in seconds, and the memory at its end, in MiB. */
export interface Interval {
  from: number;
  to: number;
  seconds: number;
  cpu: { server: number; control: number; train: number };
  memory: { server: number; control: number; train: number };
}

const fileOf = (folder: string) => join(folder, 'intervals.jsonl');

export function keepInterval(folder: string, interval: Interval): void {
  appendFileSync(fileOf(folder), `${JSON.stringify(interval)}\n`);
}

/** Those of earlier runs in the same folder. */
export function keptIntervals(folder: string): Interval[] {
  if (!existsSync(fileOf(folder))) return [];
  return readFileSync(fileOf(folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Interval);
}

/** CPU seconds a trial, of all processes together, over the interval that has this trial and its two neighbours. */
export function costAt(intervals: readonly Interval[], trial: number): number {
  const place = intervals.findIndex(({ from, to }) => from <= trial && trial < to);
  // The first one has the start of everything.
  const around = intervals.slice(Math.max(Math.min(1, place), place - 1), place + 2);
  let cpu = 0;
  let trials = 0;
  for (const one of around) {
    cpu += one.cpu.server + one.cpu.control + one.cpu.train;
    trials += one.to - one.from;
  }
  return cpu / trials;
}
