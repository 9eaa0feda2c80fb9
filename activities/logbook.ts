import { logLimits, trimLogs, writeLog, type LogLevel, type LogLine } from '../src/store/logs.js';
import type { ObjectStore } from '../src/store/types.js';

/** Warnings that travel into the trial's record, each up to so many characters. */
const keptWarnings = 20;
const warningCharacters = 500;
/** `flushSoon` writes no more often than this. */
const momentMilliseconds = 2000;
/** The end of an attempt waits no longer than this for its log to be written, and no longer for older ones to be removed. */
const patienceMilliseconds = 5000;

/** What one attempt says: kept in the store beside the trial, bounded, and never a reason to fail. */
export interface Logbook {
  add(level: LogLevel, text: string): void;
  /** Warnings so far. */
  readonly warnings: readonly string[];
  /** Writes what is new; resolves in any case, soon. */
  flush(): Promise<void>;
  /** The same, unless something was written a moment ago: then when that moment is over. */
  flushSoon(): Promise<void>;
  /** The last flush; the oldest attempts' logs go. Resolves in any case, soon. */
  close(): Promise<void>;
}

/** Waits for work that never rejects, but not for long; it goes on by itself. */
async function briefly(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMilliseconds)));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

// A terminal must show a log, not obey it.
// eslint-disable-next-line no-control-regex
const controls = /\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** @param onProblem told when the log could not be written */
export function openLogbook(
  store: ObjectStore,
  at: { sweep: string; trial: number; purpose: string },
  onProblem: (error: unknown) => void,
): Logbook {
  const first: LogLine[] = [];
  let last: LogLine[] = [];
  let dropped = 0;
  let written = true;
  let writing: Promise<void> = Promise.resolve();
  const warnings: string[] = [];
  const begun = new Date().toISOString();
  let flushedAt = performance.now();
  let soon: NodeJS.Timeout | undefined;
  const part = `${begun.replace(/[-:.]/g, '')}-${at.purpose}`;

  const lines = (): LogLine[] =>
    dropped === 0
      ? [...first, ...last]
      : [...first, { at: last[0]!.at, level: 'info', text: `… ${dropped} lines are left out …` }, ...last];

  const flush = async (): Promise<void> => {
    if (written) return;
    written = true;
    flushedAt = performance.now();
    writing = writing
      .then(() => writeLog(store, { ...at, part }, lines()))
      .catch((error: unknown) => {
        written = false;
        onProblem(error);
      });
    await briefly(writing);
  };

  return {
    warnings,
    add(level, text) {
      const clean = text.replace(controls, '').slice(0, logLimits.lineCharacters);
      const line: LogLine = { at: new Date().toISOString(), level, text: clean };
      if (first.length < logLimits.firstLines) first.push(line);
      else last.push(line);
      if (last.length > 2 * logLimits.lastLines) {
        dropped += last.length - logLimits.lastLines;
        last = last.slice(-logLimits.lastLines);
      }
      if (level === 'warning' && warnings.length < keptWarnings && !warnings.includes(clean))
        warnings.push(clean.slice(0, warningCharacters));
      written = false;
    },
    flush,
    async flushSoon() {
      const left = momentMilliseconds - (performance.now() - flushedAt);
      if (left <= 0) return flush();
      soon ??= setTimeout(() => {
        soon = undefined;
        void flush();
      }, left);
    },
    async close() {
      clearTimeout(soon);
      await flush();
      await briefly(trimLogs(store, at.sweep, at.trial).catch(onProblem));
    },
  };
}
