import { decodeJsonLine, encodeJsonLine } from './json.js';
import { layout } from './layout.js';
import { mapLimited } from './limits.js';
import type { ObjectStore } from './types.js';

/** `output`: what the trainer printed; the others are the worker's own words. */
export const logLevels = ['output', 'info', 'warning', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogLine {
  at: string;
  level: LogLevel;
  text: string;
}

/** Of one attempt the first and the last lines are kept, each up to so many characters. */
export const logLimits = { firstLines: 100, lastLines: 400, lineCharacters: 1000, partsPerTrial: 30 };

/** Names of a trial's log parts, oldest first. A name begins with the time at which its attempt began. */
async function partKeys(store: ObjectStore, sweep: string, trial: number): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(layout.logs(sweep, trial)))
    if (key.endsWith('.jsonl')) keys.push(key);
  return keys;
}

/** Writes an attempt's log so far, replacing what was written of it before. */
export async function writeLog(
  store: ObjectStore,
  at: { sweep: string; trial: number; part: string },
  lines: readonly LogLine[],
): Promise<void> {
  const body = lines.map((line) => `${encodeJsonLine(line)}\n`).join('');
  // A log's last lines are not worth the wait for a disk, once for each attempt.
  const key = layout.log(at.sweep, at.trial, at.part);
  await store.put(key, Buffer.from(body, 'utf8'), { isDurable: false });
}

/** Deletes the oldest parts beyond the number that is kept. */
export async function trimLogs(store: ObjectStore, sweep: string, trial: number): Promise<void> {
  const keys = await partKeys(store, sweep, trial);
  for (const key of keys.slice(0, Math.max(0, keys.length - logLimits.partsPerTrial)))
    await store.delete(key);
}

function decodePart(body: Uint8Array): LogLine[] {
  return Buffer.from(body)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      if (line === '') return [];
      try {
        const { at, level, text } = decodeJsonLine(line) as Partial<LogLine>;
        const known = logLevels.find((name) => name === level);
        return typeof at === 'string' && known && typeof text === 'string'
          ? [{ at, level: known, text }]
          : [];
      } catch {
        // A damaged line costs itself.
        return [];
      }
    });
}

/** What is kept of a trial's log, oldest line first. */
export async function readLogs(store: ObjectStore, sweep: string, trial: number): Promise<LogLine[]> {
  const keys = await partKeys(store, sweep, trial);
  const parts = await mapLimited(keys, 8, async (key) => {
    const object = await store.get(key);
    return object ? decodePart(object.body) : [];
  });
  return parts.flat();
}
