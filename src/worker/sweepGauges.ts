import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { Metrics } from '../metrics/metrics.js';
import { createSweepTally } from '../metrics/sweepTally.js';
import { listSweeps, ranSeconds, readSpec, readSweepRecord, trialsOf } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';

const refreshMilliseconds = 15_000;
/** Reading records takes at most this part of the time, however many trials there are. */
const readingShare = 0.1;
/** How long a sweep that has ended is shown: long enough to be looked at, so that old ones do not pile up. */
export const shownAfterEndMilliseconds = 24 * 3600_000;

type SweepMetrics = Pick<Metrics, 'sweep' | 'forgetSweep'>;

/**
 * Looks after the gauges of a store's sweeps: `refresh` makes them what the store says. Nothing is remembered but what has
 * been shown already, so they are right again after a restart of any process.
 *
 * @param now milliseconds since 1970
 */
export function createSweepGauges(options: {
  store: ObjectStore;
  metrics: SweepMetrics;
  log: Pick<Logger, 'warn'>;
  now?: () => number;
}): { refresh(): Promise<void> } {
  const { store, metrics, log, now = Date.now } = options;
  /** Sweeps that are shown, and since when they are over: what has ended is read once. */
  const shown = new Map<string, string | undefined>();
  const forget = (name: string): void => {
    if (shown.delete(name)) metrics.forgetSweep(name);
  };

  async function show(name: string): Promise<void> {
    const record = await readSweepRecord(store, name);
    if (!record) return;
    const { state, startedAt, finishedAt, amendments } = record;
    if (finishedAt !== undefined && now() - Date.parse(finishedAt) > shownAfterEndMilliseconds)
      return forget(name);
    if (finishedAt !== undefined && shown.get(name) === finishedAt) return;
    const spec = await readSpec(store, name);
    if (!spec) return;
    const tally = createSweepTally({
      spec,
      state,
      startedAt,
      amendments,
      ranSeconds: ranSeconds(record, new Date(now()).toISOString()),
    });
    for await (const trial of trialsOf(store, name)) tally.add(trial);
    metrics.sweep(tally);
    shown.set(name, finishedAt);
  }

  return {
    async refresh() {
      const complain = (what: string, error: unknown) =>
        log.warn(`the gauges of ${what} could not be brought up to date: ${messageOf(error)}`);
      let names: string[];
      try {
        names = await listSweeps(store);
      } catch (error) {
        return complain('the sweeps', error);
      }
      for (const name of shown.keys()) if (!names.includes(name)) forget(name);
      // One sweep that cannot be read must not hide the others.
      for (const name of names) await show(name).catch((error: unknown) => complain(`sweep ${name}`, error));
    },
  };
}

/** Refreshes the gauges of all sweeps until `stop` is aborted. */
export async function keepSweepGauges(options: {
  store: ObjectStore;
  metrics: SweepMetrics;
  log: Logger;
  stop: AbortSignal;
}): Promise<void> {
  const { stop } = options;
  const gauges = createSweepGauges(options);
  while (!stop.aborted) {
    const started = performance.now();
    await gauges.refresh();
    const pause = Math.max(refreshMilliseconds, (performance.now() - started) / readingShare);
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
  }
}
