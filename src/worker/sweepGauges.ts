import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { Metrics } from '../metrics/metrics.js';
import { listSweeps, listTrials, readSpec, readSweepRecord } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';

const refreshMilliseconds = 15_000;
/** Reading records takes at most this part of the time, however many trials there are. */
const readingShare = 0.1;

/**
 * Keeps the gauges of every sweep that is not over as the store says, until `stop` is aborted: right again after a restart
 * of any process, since nothing is remembered but the store.
 */
export async function keepSweepGauges(options: {
  store: ObjectStore;
  metrics: Metrics;
  log: Logger;
  stop: AbortSignal;
}): Promise<void> {
  const { store, metrics, log, stop } = options;
  const shown = new Set<string>();
  while (!stop.aborted) {
    const started = performance.now();
    try {
      for (const name of await listSweeps(store)) {
        const record = await readSweepRecord(store, name);
        const over = !record || record.state === 'complete' || record.state === 'stopped';
        // A sweep that ended since the last look is shown as ended; one that ended before is not shown at all.
        if (over && !shown.has(name)) continue;
        const spec = await readSpec(store, name);
        if (!spec || !record) continue;
        const { state, startedAt, finishedAt } = record;
        metrics.sweep({ spec, state, startedAt, finishedAt, trials: await listTrials(store, name) });
        if (over) shown.delete(name);
        else shown.add(name);
      }
    } catch (error) {
      log.warn(`the sweeps' gauges could not be brought up to date: ${messageOf(error)}`);
    }
    const pause = Math.max(refreshMilliseconds, (performance.now() - started) / readingShare);
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
  }
}
