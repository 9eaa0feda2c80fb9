import type { WriteStream } from 'node:tty';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { messageOf, RgsweepError } from '../errors.js';
import { dataLine, progressLine, progressView } from '../report/progress.js';
import { displayWidth, jsonText } from '../report/text.js';
import { readSpec } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepState } from '../sweep/types.js';
import { SweepCollector, type SweepView } from './collect.js';
import { progressOf } from './progress.js';
import { refusals } from './unanswered.js';

export interface FollowOptions {
  client: Client;
  store: ObjectStore;
  sweep: string;
  /** Aborted: stop showing; the sweep goes on. */
  signal: AbortSignal;
  output: NodeJS.WritableStream;
  /** Print JSON, one line whenever something changed, instead of words and bars. */
  json?: boolean;
}

const ended: readonly SweepState[] = ['complete', 'stopped', 'failed'];
const redrawMilliseconds = 1000;
/** Without a terminal: a line when something finished, and at least this often. */
const plainMilliseconds = 30_000;
const plainColumns = 160;

/** The way out of a sweep's own failure, which its last line tells. */
export const onceMended = (sweep: string): string =>
  `the sweep has failed: once that is mended, \`rgsweep resume ${sweep}\` goes on`;

/**
 * Whether to ask again: the embedded server restarts within seconds of being killed, and a workflow cannot be queried while its
 * workers are too busy to replay it. The client wraps what the server said.
 */
function passes(error: unknown): boolean {
  const said = error instanceof ServiceError ? error.cause : error;
  if (isGrpcServiceError(said)) return !refusals.includes(said.code);
  return error instanceof ServiceError || /UNAVAILABLE|ECONN|deadline/i.test(messageOf(error));
}

/**
 * Shows a sweep until it ends or `signal` is aborted; returns its last state. A terminal is redrawn in place, anything else
 * gets plain lines. A server that does not answer for a while is waited for.
 */
export async function followSweep(options: FollowOptions): Promise<SweepState> {
  const { client, store, sweep, signal, output, json = false } = options;
  const spec = await readSpec(store, sweep);
  if (!spec) throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`);
  const collector = new SweepCollector(client, store, spec);
  const terminal = !json && (output as WriteStream).isTTY ? (output as WriteStream) : undefined;
  let drawn: string[] = [];
  let plain = '';
  let plainAt = 0;
  let last: SweepState = 'running';

  const draw = (lines: string[]) => {
    if (!terminal) return;
    // Back to the first line of the last picture, then over it; what is below is cleared. Lines may have been wrapped since.
    const up = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / (terminal.columns ?? 100))),
      0,
    );
    output.write(`${up > 0 ? `\x1b[${up}A` : ''}\r\x1b[J${lines.join('\n')}\n`);
    drawn = lines;
  };

  while (!signal.aborted) {
    let view: SweepView;
    try {
      view = await collector.collect();
    } catch (error) {
      if (!passes(error)) throw error;
      await sleep(redrawMilliseconds);
      continue;
    }
    last = view.state;
    const progress = progressOf(view);
    if (terminal) {
      const { columns = 100, rows = 40 } = terminal;
      // The cursor cannot go back to what has been scrolled away.
      draw(progressView(progress, Math.max(20, columns), { maximumLines: Math.max(3, rows - 1) }));
    } else {
      const waiting = progress.running.map((one) => one.waiting);
      const { counts, state, failure, data, waits } = progress;
      const changed = JSON.stringify([counts, state, failure, data?.what, waits, waiting]);
      if (changed !== plain || Date.now() - plainAt > plainMilliseconds) {
        const line = data && waits === undefined ? dataLine(data, plainColumns) : progressLine(progress);
        output.write(`${json ? jsonText(progress) : line}\n`);
        plain = changed;
        plainAt = Date.now();
      }
    }
    if (!view.open && ended.includes(view.state)) return view.state;
    // Neither an end nor a failure is on record: it was terminated, or its server has lost it.
    if (!view.open)
      throw new RgsweepError('not-found', `the workflow of sweep "${sweep}" is gone from the server`, {
        remedy: `\`rgsweep resume ${sweep}\` goes on from ${store.url}`,
      });
    await sleep(redrawMilliseconds, undefined, { signal }).catch(() => undefined);
  }
  return last;
}
