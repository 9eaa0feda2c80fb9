import { Runtime } from '@temporalio/worker';
import { pino, type Logger } from 'pino';

/** A worker's log: lines of JSON on standard error. */
export function workerLogger(): Logger {
  return pino(
    { level: process.env.RGSWEEP_LOG_LEVEL ?? 'info', base: { pid: process.pid } },
    pino.destination(2),
  );
}

/** Installs Temporal's runtime of this process with its own metrics page. @param address `127.0.0.1:9465` */
export function installRuntime(address: string, log: Logger): void {
  Runtime.install({
    // Signals are ours: one shutdown, ordered once.
    shutdownSignals: [],
    telemetryOptions: {
      metrics: {
        prometheus: {
          bindAddress: address,
          // Prometheus' own conventions: `_total` for counters, base units in names.
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
      },
      logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} },
    },
    logger: {
      log: (level, message, meta) => {
        if (level === 'WARN' || level === 'ERROR') log.warn({ temporal: level, ...meta }, message);
      },
      trace: () => undefined,
      debug: () => undefined,
      info: (message, meta) => log.debug(meta ?? {}, message),
      warn: (message, meta) => log.warn(meta ?? {}, message),
      error: (message, meta) => log.error(meta ?? {}, message),
    },
  });
}
