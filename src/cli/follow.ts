import type { WriteStream } from 'node:tty';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import { messageOf, RgsweepError } from '../errors.js';
import { progressLine, progressBar, progressView } from '../report/progress.js';
import { readSpec } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepState } from '../sweep/types.js';
import { SweepCollector, type SweepView } from './collect.js';
import { progressOf } from './progress.js';

export interface FollowOptions {
  client: Client;
  store: ObjectStore;
  sweep: string;
  /** Aborted: stop showing; the sweep goes on. */
  signal: AbortSignal;
  output: NodeJS.WritableStream;
}

const ended: readonly SweepState[] = ['complete', 'stopped', 'failed'];
const redrawMilliseconds = 1000;
/** Without a terminal: a line when something finished, and at least this often. */
const plainMilliseconds = 30_000;

function dataLine(view: SweepView): string | undefined {
  if (!view.data) return undefined;
  const { fraction, what } = view.data;
  return `data  ${progressBar(fraction, 24)} ${Math.round(fraction * 100)} %  ${what}`;
}

/**
 * Shows a sweep until it ends or `signal` is aborted; returns its last state. A terminal is redrawn in place, anything else
 * gets plain lines. A server that does not answer for a while is waited for.
 */
export async function followSweep(options: FollowOptions): Promise<SweepState> {
  const { client, store, sweep, signal, output } = options;
  const spec = await readSpec(store, sweep);
  if (!spec) throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`);
  const collector = new SweepCollector(client, store, spec);
  const terminal = (output as WriteStream).isTTY ? (output as WriteStream) : undefined;
  let drawn = 0;
  let plain = '';
  let plainAt = 0;
  let last: SweepState = 'running';

  const draw = (lines: string[]) => {
    if (!terminal) return;
    // Back to the first line of the last picture, then over it; what is below is cleared.
    const up = drawn > 0 ? `\x1b[${drawn}A` : '';
    output.write(`${up}\r\x1b[J${lines.join('\n')}\n`);
    drawn = lines.length;
  };

  while (!signal.aborted) {
    let view: SweepView;
    try {
      view = await collector.collect();
    } catch (error) {
      // The embedded server restarts within seconds of being killed; the workers wait for it just so.
      if (!isGrpcServiceError(error) && !/UNAVAILABLE|ECONN|deadline/i.test(messageOf(error))) throw error;
      await sleep(redrawMilliseconds);
      continue;
    }
    last = view.state;
    const progress = progressOf(view);
    const data = dataLine(view);
    if (terminal) {
      const lines = progressView(progress, Math.max(40, terminal.columns ?? 100));
      draw(data ? [...lines, data] : lines);
    } else {
      const waiting = progress.running.map((one) => one.waiting);
      const changed = JSON.stringify([progress.counts, progress.state, view.data?.what, waiting]);
      if (changed !== plain || Date.now() - plainAt > plainMilliseconds) {
        output.write(`${data ?? progressLine(progress)}\n`);
        plain = changed;
        plainAt = Date.now();
      }
    }
    if (!view.open && ended.includes(view.state)) return view.state;
    if (!view.open && view.machine.trials.length > 0 && view.state === 'running')
      throw new RgsweepError('not-found', `the workflow of sweep "${sweep}" is gone from the server`, {
        remedy: `\`rgsweep resume ${sweep}\` goes on from ${store.url}`,
      });
    await sleep(redrawMilliseconds, undefined, { signal }).catch(() => undefined);
  }
  return last;
}
