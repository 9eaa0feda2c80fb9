import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import { Registry } from 'prom-client';
import { createActivities } from '../../activities/index.js';
import { runSimulatedTrainer, simulatedTrainerName } from '../../activities/simulatedTrainer.js';
import { runTrainer } from '../../activities/trainerProcess.js';
import { messageOf, RgsweepError } from '../errors.js';
import { createMetrics } from '../metrics/metrics.js';
import { startMetricsServer } from '../metrics/server.js';
import { observedStore } from '../metrics/store.js';
import { openStore } from '../store/open.js';
import { controlQueue, trainQueue } from '../sweep/names.js';
import type { BackendRequest } from '../train/protocol.js';
import { version } from '../version.js';
import { keepSweepGauges } from './sweepGauges.js';
import { trainerCommand } from './trainerCommand.js';

export interface WorkerSettings {
  role: 'control' | 'train' | 'all';
  /** Undefined: Temporal's environment configuration decides. */
  address: string | undefined;
  namespace: string | undefined;
  storeUrl: string;
  cacheFolder: string;
  /** Of the trainers, in place of the sweep's; undefined: the sweep's. */
  backend: BackendRequest | undefined;
  /** Trainers at a time. */
  slots: number;
  /** Port of our metrics; 0 takes a free one. Temporal's own go to another free port. */
  metricsPort: number;
  stallSeconds: number;
  /** Seconds that a worker has between SIGTERM and its end. Default 25. */
  noticeSeconds?: number;
  /** Aborted: trainers write a checkpoint and the worker ends. */
  stop: AbortSignal;
  onReady: (addresses: { metricsUrl: string; temporalMetricsUrl: string }) => void;
}

/** Beside the compiled files in dist/. */
const bundlePath = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url));

/** Time for trainers to write their checkpoint; below a spot instance's notice. */
export const defaultNoticeSeconds = 25;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string')
    throw new RgsweepError('internal', 'no free port was found');
  return address.port;
}

function workerLogger(): Logger {
  return pino(
    { level: process.env.RGSWEEP_LOG_LEVEL ?? 'info', base: { pid: process.pid } },
    pino.destination(2),
  );
}

/**
 * Runs a worker until `stop` is aborted. A control worker serves workflows and record keeping, a training worker only
 * activities: its process has no workflow sandbox.
 * @throws RgsweepError('server-unavailable') when the server does not answer at the start
 */
export async function runWorker(settings: WorkerSettings): Promise<void> {
  const log = workerLogger();
  const registry = new Registry();
  const metrics = createMetrics(registry, { version });
  const store = observedStore(await openStore(settings.storeUrl), metrics);
  const temporalPort = await freePort();
  Runtime.install({
    // Signals are ours: one shutdown, ordered once.
    shutdownSignals: [],
    telemetryOptions: {
      metrics: {
        prometheus: {
          bindAddress: `127.0.0.1:${temporalPort}`,
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
  const metricsServer = await startMetricsServer({
    registry,
    exemplars: metrics.exemplars,
    port: settings.metricsPort,
    host: '127.0.0.1',
  });

  const configured = loadClientConnectConfig();
  const address = settings.address ?? configured.connectionOptions.address ?? '127.0.0.1:7233';
  const namespace = settings.namespace ?? configured.namespace ?? 'default';
  let connection: NativeConnection;
  try {
    connection = await NativeConnection.connect({ ...configured.connectionOptions, address });
  } catch (error) {
    await metricsServer.close();
    throw new RgsweepError(
      'server-unavailable',
      `no Temporal server answers at ${address}: ${messageOf(error)}`,
      {
        remedy: 'start one with `npx rgsweep up`, or name yours with --address or TEMPORAL_ADDRESS',
        cause: error,
      },
    );
  }

  const simulated = process.env.RGSWEEP_TRAINER === simulatedTrainerName;
  const noticeSeconds = settings.noticeSeconds ?? defaultNoticeSeconds;
  const activities = createActivities({
    store,
    cacheFolder: settings.cacheFolder,
    client: new Client({ connection, namespace }),
    trainerCommand: simulated ? [] : trainerCommand(),
    runTrainer: simulated ? runSimulatedTrainer : runTrainer,
    ...(settings.backend === undefined ? {} : { backend: settings.backend }),
    threads: Math.max(1, Math.floor(availableParallelism() / settings.slots)),
    stallSeconds: settings.stallSeconds,
    noticeSeconds,
    metrics,
    log,
  });
  const common: Pick<WorkerOptions, 'connection' | 'namespace' | 'shutdownGraceTime' | 'shutdownForceTime'> =
    {
      connection,
      namespace,
      shutdownGraceTime: 0,
      shutdownForceTime: noticeSeconds * 1000,
    };
  const workers: Worker[] = [];
  if (settings.role !== 'train')
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: controlQueue,
        workflowBundle: { codePath: bundlePath },
        activities,
        maxCachedWorkflows: 200,
      }),
    );
  if (settings.role !== 'control')
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: trainQueue,
        activities,
        // Making the data set needs no trainer; it may run beside them.
        maxConcurrentActivityTaskExecutions: settings.slots,
        maxHeartbeatThrottleInterval: '5 seconds',
      }),
    );
  metrics.slots({ total: settings.role === 'control' ? 0 : settings.slots });

  const shutdown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  settings.stop.addEventListener('abort', shutdown, { once: true });
  const running = Promise.all(
    workers.map((worker) =>
      worker.run().finally(() => {
        // One worker of a process ending takes the others with it: half a process helps nobody.
        shutdown();
      }),
    ),
  );
  if (settings.stop.aborted) shutdown();
  settings.onReady({
    metricsUrl: metricsServer.url,
    temporalMetricsUrl: `http://127.0.0.1:${temporalPort}/metrics`,
  });
  log.info(
    { role: settings.role, address, namespace, slots: settings.slots, store: store.url },
    'worker is polling',
  );
  const ended = new AbortController();
  if (settings.role !== 'train') void keepSweepGauges({ store, metrics, log, stop: ended.signal });
  try {
    await running;
  } finally {
    ended.abort();
    await metricsServer.close();
    await connection.close();
  }
}

/** Default cache folder of a worker beside the stack's other files. */
export function defaultCacheFolder(stackFolder: string): string {
  return join(stackFolder, 'cache');
}
