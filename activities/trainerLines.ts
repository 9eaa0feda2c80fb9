import type { Readable } from 'node:stream';
import { longestLine } from '../src/train/messages.js';

/** Characters that a trainer may print at once, and those a second that it may go on with; a faster one has to wait. */
const burstCharacters = 16 << 20;
const charactersPerSecond = 2 << 20;
/** Lines that are no messages: so many at once, then so many a second; the rest is counted and left out. */
const burstNoise = 500;
const noisePerSecond = 20;

/** Something that may be spent at a rate, with a reserve. */
function createBucket(reserve: number, perSecond: number) {
  let left = reserve;
  let at = performance.now();
  return {
    /** Takes an amount; what is left may be below zero. */
    take(amount: number): number {
      const now = performance.now();
      left = Math.min(reserve, left + ((now - at) / 1000) * perSecond) - amount;
      at = now;
      return left;
    },
  };
}

export interface LineReader {
  onLine: (line: string) => void;
  /** Told once when a line has become longer than `longestLine`. */
  onTooLong: () => void;
  /** Told once when the writer had to be slowed down. */
  onFlood: () => void;
}

/**
 * Reads a stream by lines, its last one without an end included. A writer that floods is slowed down: the pipe fills and
 * its next write waits, so neither the worker's memory nor its event loop is at its mercy.
 */
export function readLines(stream: Readable, { onLine, onTooLong, onFlood }: LineReader): void {
  const bucket = createBucket(burstCharacters, charactersPerSecond);
  let pending = '';
  let tooLong = false;
  let flooded = false;
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const left = bucket.take(text.length);
    const lines = (pending + text).split('\n');
    pending = lines.pop()!;
    if (pending.length > longestLine || lines.some((line) => line.length > longestLine)) {
      if (!tooLong) onTooLong();
      tooLong = true;
    }
    if (tooLong) pending = '';
    else for (const line of lines) onLine(line);
    if (left >= 0) return;
    if (!flooded) onFlood();
    flooded = true;
    stream.pause();
    setTimeout(() => stream.resume(), (-left / charactersPerSecond) * 1000);
  });
  stream.on('end', () => {
    if (pending !== '') onLine(pending);
    pending = '';
  });
}

/** Passes on lines that are no messages, as many as a log can use, and says how many it left out. */
export function createNoise(onNoise: (line: string) => void): { add(line: string): void; close(): void } {
  const bucket = createBucket(burstNoise, noisePerSecond);
  let leftOut = 0;
  const tell = () => {
    if (leftOut > 0) onNoise(`… ${leftOut} more lines, printed too fast to keep …`);
    leftOut = 0;
  };
  return {
    add(line) {
      if (line.trim() === '') return;
      if (bucket.take(1) < 0) {
        bucket.take(-1);
        leftOut++;
        return;
      }
      tell();
      onNoise(line.length > 4000 ? `${line.slice(0, 4000)}…` : line);
    },
    close: tell,
  };
}
