import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { createActivities } from '../../activities/index.js';
import { runSimulatedTrainer, simulatedTrainerName } from '../../activities/simulatedTrainer.js';
import { runTrainer } from '../../activities/trainerProcess.js';
import { messageOf, RgsweepError } from '../errors.js';
import { createMetrics } from '../metrics/metrics.js';
import { startMetricsServer } from '../metrics/server.js';
import { observedStore } from '../metrics/store.js';
import { machineSize } from '../stack/slots.js';
import { openStore } from '../store/open.js';
import { controlQueue, trainQueue } from '../sweep/names.js';
import { serverPlace } from '../temporal/place.js';
import { explainConnectionError, temporalSettings, type TemporalSettings } from '../temporal/settings.js';
import { formatIdentity, ownPlace } from '../temporal/workerIdentity.js';
import type { BackendRequest } from '../train/protocol.js';
import { version } from '../version.js';
import type { Gpu } from './gpus.js';
import { oneTrainerPerDevice } from './devices.js';
import { watchHealth, type HealthWatch } from './health.js';
import { endWhenIdle, tasksOf } from './idle.js';
import { installRuntime, workerLogger } from './runtime.js';
import { keepSweepGauges } from './sweepGauges.js';
import { trainerCommand } from './trainerCommand.js';

export interface WorkerSettings {
  role: 'control' | 'train' | 'all';
  /** Of the training worker; undefined: the common one. */
  queue?: string | undefined;
  /** Undefined: Temporal's environment configuration decides. */
  address: string | undefined;
  /** Where Temporal's environment configuration names no address either: that of the running stack. */
  fallbackAddress?: string | undefined;
  namespace: string | undefined;
  storeUrl: string;
  cacheFolder: string;
  /** Of the trainers, in place of the sweep's; undefined: the sweep's. */
  backend: BackendRequest | undefined;
  /** Trainers at a time. */
  slots: number;
  /** One a trainer, at least as many as slots; none: trainers share what there is. */
  gpus?: readonly Gpu[];
  /** Address that metrics and probes are served on. Default: loopback. */
  metricsHost?: string;
  /** Port of our metrics and probes; 0 takes a free one. */
  metricsPort: number;
  /** Port of Temporal's own metrics; 0 takes a free one. Default 0. */
  temporalMetricsPort?: number;
  stallSeconds: number;
  /** Seconds that a worker has between SIGTERM and its end. Default 25. */
  noticeSeconds?: number;
  /** Ends by itself after so long without a task; undefined: never. */
  exitWhenIdleSeconds?: number | undefined;
  /** Makes the control worker one version of a Temporal worker deployment: it gets work once that version is current. */
  deployment?: { name: string; buildId: string } | undefined;
  /** Aborted: trainers write a checkpoint and the worker ends. */
  stop: AbortSignal;
  onReady: (addresses: { metricsUrl: string; temporalMetricsUrl: string }) => void;
}

/** Beside the compiled files in dist/; the second one writes failures for the codec to encrypt. */
const bundlePath = (encrypted: boolean): string =>
  fileURLToPath(new URL(`../../workflow-bundle${encrypted ? '-encrypted' : ''}.js`, import.meta.url));

/** Time for trainers to write their checkpoint; below a spot instance's notice. */
export const defaultNoticeSeconds = 25;

const loopback = '127.0.0.1';

async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string')
    throw new RgsweepError('internal', 'no free port was found');
  return address.port;
}

async function connect(settings: TemporalSettings): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(settings.connectionOptions);
  } catch (error) {
    throw explainConnectionError(error, settings);
  }
}

/**
 * Runs a worker until `stop` is aborted. A control worker serves workflows and record keeping, a training worker only
 * activities: its process has no workflow sandbox.
 * @throws RgsweepError('server-unavailable') when the server does not answer at the start
 */
export async function runWorker(settings: WorkerSettings): Promise<void> {
  const { role, queue, slots, gpus = [], metricsHost = loopback, deployment } = settings;
  const log = workerLogger();
  const registry = new Registry();
  const metrics = createMetrics(registry, { version });
  const temporal = temporalSettings(settings);
  const store = observedStore(await openStore(settings.storeUrl), metrics);
  const temporalPort = settings.temporalMetricsPort || (await freePort(metricsHost));
  installRuntime(`${metricsHost}:${temporalPort}`, log);
  let watch: HealthWatch | undefined;
  const starting = { ok: false, reason: 'the worker is starting' };
  const metricsServer = await startMetricsServer({
    registry,
    exemplars: metrics.exemplars,
    port: settings.metricsPort,
    host: metricsHost,
    probes: {
      live: () => watch?.live() ?? { ...starting, ok: true },
      ready: () => watch?.ready() ?? starting,
    },
  });
  const ended = new AbortController();
  let connection: NativeConnection | undefined;
  try {
    connection = await connect(temporal);
    const { address, namespace, dataConverter } = temporal;
    const converter = dataConverter ? { dataConverter } : {};
    const client = new Client({ connection, namespace, ...converter });
    const place = await serverPlace(client, address).catch((error: unknown) => {
      log.warn(`the store is not told which server sweeps run on: ${messageOf(error)}`);
      return undefined;
    });
    const simulated = process.env.RGSWEEP_TRAINER === simulatedTrainerName;
    const noticeSeconds = settings.noticeSeconds ?? defaultNoticeSeconds;
    const activities = createActivities({
      store,
      cacheFolder: settings.cacheFolder,
      client,
      ...(place ? { place } : {}),
      trainerCommand: simulated ? [] : trainerCommand(),
      runTrainer: oneTrainerPerDevice(gpus, simulated ? runSimulatedTrainer : runTrainer),
      ...(settings.backend === undefined ? {} : { backend: settings.backend }),
      threads: Math.max(1, Math.floor(machineSize().cores / slots)),
      stallSeconds: settings.stallSeconds,
      noticeSeconds,
      metrics,
      log,
    });
    const common = {
      connection,
      namespace,
      ...converter,
      shutdownGraceTime: 0,
      shutdownForceTime: noticeSeconds * 1000,
    };
    const identity = formatIdentity({
      version,
      role,
      slots: role === 'control' ? 0 : slots,
      place: ownPlace(),
      ...(queue === undefined ? {} : { queue }),
    });
    const createControl = () =>
      Worker.create({
        ...common,
        identity,
        taskQueue: controlQueue,
        workflowBundle: { codePath: bundlePath(dataConverter !== undefined) },
        activities,
        maxCachedWorkflows: 200,
        // Else signs of life wait for twelve of the fifteen seconds that short activities have between two.
        maxHeartbeatThrottleInterval: '3 seconds',
        ...versioning(deployment),
      });
    const createTrain = () =>
      Worker.create({
        ...common,
        identity,
        taskQueue: trainQueue(queue),
        activities,
        // Making the data set needs no trainer; it may run beside them.
        maxConcurrentActivityTaskExecutions: slots,
        maxHeartbeatThrottleInterval: '5 seconds',
      });
    const workers: Worker[] = [];
    if (role !== 'train') workers.push(await createControl());
    if (role !== 'control') workers.push(await createTrain());
    metrics.slots({ total: role === 'control' ? 0 : slots });

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
    const trains = role === 'train';
    watch = watchHealth({
      worker: workers[0]!,
      client,
      taskQueue: trains ? trainQueue(queue) : controlQueue,
      type: trains ? 'activity' : 'workflow',
      identity,
      slots,
      log,
      stop: ended.signal,
    });
    const { exitWhenIdleSeconds } = settings;
    if (exitWhenIdleSeconds !== undefined)
      endWhenIdle({
        inFlight: () => workers.reduce((sum, worker) => sum + tasksOf(worker), 0),
        seconds: exitWhenIdleSeconds,
        end: () => {
          log.info(`no task for ${exitWhenIdleSeconds} s: the worker ends`);
          shutdown();
        },
        stop: ended.signal,
      });
    settings.onReady({
      metricsUrl: metricsServer.url,
      temporalMetricsUrl: `http://${metricsHost}:${temporalPort}/metrics`,
    });
    log.info(
      {
        role,
        ...(queue === undefined ? {} : { queue }),
        address,
        namespace,
        slots,
        ...(gpus.length > 0 ? { gpus: gpus.map(({ name, uuid }) => `${name} ${uuid}`) } : {}),
        store: store.url,
      },
      'worker is polling',
    );
    if (role !== 'train') void keepSweepGauges({ store, metrics, log, stop: ended.signal });
    await running;
  } finally {
    ended.abort();
    await metricsServer.close();
    await connection?.close();
  }
}

/** Sweeps and segments move on to the version that is current: the replay tests hold their histories compatible. */
function versioning(
  deployment: WorkerSettings['deployment'],
): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (!deployment) return {};
  const { name, buildId } = deployment;
  return {
    workerDeploymentOptions: {
      version: { deploymentName: name, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}

/** Default cache folder of a worker beside the stack's other files. */
export function defaultCacheFolder(stackFolder: string): string {
  return join(stackFolder, 'cache');
}
