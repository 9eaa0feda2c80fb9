import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RgsweepError } from '../errors.js';
import { searchAttributes } from '../sweep/searchAttributes.js';
import { embeddedEnvironment } from './environment.js';
import { freePort } from './ports.js';
import { supervise, type Supervised } from './processes.js';
import { removeScrapeTargets, writeScrapeTargets } from './targets.js';
import { findTemporalCli } from './temporalCli.js';
import { startTemporalServer, type TemporalServer } from './temporalServer.js';

export interface StackOptions {
  /** `.rgsweep`: database, logs, cache. Locked by the caller. */
  folder: string;
  storeUrl: string;
  /** Trainers at a time. */
  slots: number;
  /** Where the server keeps its histories; in memory they end with it. Default: in a file. */
  database?: 'file' | 'memory';
  /** More of its command line, such as another value of a limit. */
  serverArguments?: readonly string[];
  /** Train queue to serve; undefined: the common one. */
  queue?: string | undefined;
  /** One line for a person. */
  log: (line: string) => void;
  /** Aborted while the stack starts: what runs is ended, and the start throws. */
  cancel: AbortSignal;
  /** Called when a part of the running stack could not be kept alive. */
  onGivenUp: (error: RgsweepError) => void;
  /** The compiled command line. */
  mainFile?: string;
}

export interface WorkerAddresses {
  role: 'control' | 'train';
  metricsUrl: string;
  temporalMetricsUrl: string;
}

export interface Stack {
  address: string;
  temporalMetricsUrl: string;
  workers: readonly WorkerAddresses[];
  /** Processes, workers first. */
  processes: readonly Supervised[];
  /** Ends the workers (trainers write their checkpoints), then the server. Never throws. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/** Where the first worker's metrics are looked for: Prometheus' customary range for exporters begins here. */
const firstMetricsPort = 9464;
/** Above a worker's own limit for its trainers' checkpoints (src/worker/worker.ts). */
const workerGraceMs = 45_000;

const compiledMain = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/** Starts a worker under supervision and waits until it polls. */
async function startWorker(
  options: StackOptions,
  role: WorkerAddresses['role'],
  address: string,
  metricsPort: number,
): Promise<{ worker: Supervised; addresses: WorkerAddresses }> {
  const { folder, storeUrl, slots, queue, mainFile = compiledMain } = options;
  const args = [mainFile, 'worker', '--role', role, '--address', address, '--namespace', 'default'];
  args.push('--store', storeUrl, '--metrics-port', String(metricsPort), '--exit-with-parent');
  if (role === 'train') args.push('--slots', String(slots), '--gpus', 'none');
  if (role === 'train' && queue !== undefined) args.push('--queue', queue);
  let addresses: WorkerAddresses = { role, metricsUrl: '', temporalMetricsUrl: '' };
  const worker = await supervise({
    name: role === 'control' ? 'control worker' : 'training worker',
    command: process.execPath,
    args,
    env: { ...embeddedEnvironment(folder), RGSWEEP_HOME: folder },
    logFile: join(folder, 'logs', `${role}-worker.log`),
    readsOutput: true,
    ready: async ({ firstLine }) => {
      const said = JSON.parse(await firstLine) as Partial<WorkerAddresses> & { ready?: boolean };
      if (said.ready !== true) throw new Error(`it said ${JSON.stringify(said)}`);
      addresses = {
        role,
        metricsUrl: said.metricsUrl ?? '',
        temporalMetricsUrl: said.temporalMetricsUrl ?? '',
      };
    },
    notice: options.log,
    onGivenUp: options.onGivenUp,
    cancel: options.cancel,
  });
  return { worker, addresses };
}

/** Tells other commands where the running stack is; replaced whole. */
function writeStackFile(file: string, content: object): void {
  writeFileSync(`${file}.new`, JSON.stringify(content));
  renameSync(`${file}.new`, file);
}

/**
 * Starts the embedded stack: a Temporal server, a control worker and a training worker, all on loopback, all kept alive
 * until `stop`. When one cannot start, those that run are ended again.
 *
 * @throws RgsweepError('server-unavailable') naming the part and the end of its log
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder, storeUrl, log, cancel, mainFile = compiledMain } = options;
  if (!existsSync(mainFile))
    throw new RgsweepError('server-unavailable', `${mainFile} is missing: the project is not built`, {
      remedy: 'run npm run build',
    });
  mkdirSync(folder, { recursive: true });
  const stackFile = join(folder, 'stack.json');
  rmSync(stackFile, { force: true });
  const cli = await findTemporalCli({ cacheFolder: join(folder, 'bin'), log });
  cancel.throwIfAborted();
  const server: TemporalServer = await startTemporalServer({
    folder,
    cli,
    searchAttributes,
    ...(options.database === undefined ? {} : { database: options.database }),
    ...(options.serverArguments === undefined ? {} : { arguments: options.serverArguments }),
    log,
    cancel,
    onGivenUp: options.onGivenUp,
  });
  const { address, metricsUrl: temporalMetricsUrl } = server;
  const controlPort = await freePort(firstMetricsPort);
  const trainPort = await freePort(controlPort + 1);
  const results = await Promise.allSettled([
    startWorker(options, 'control', address, controlPort),
    startWorker(options, 'train', address, trainPort),
  ]);
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const workers = started.map(({ worker }) => worker);
  let stopped: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.stop(workerGraceMs)));
    await server.stop();
    rmSync(stackFile, { force: true });
    removeScrapeTargets(folder);
  };
  const stop = (): Promise<void> => (stopped ??= stopAll());
  const failure = results.find((result) => result.status === 'rejected');
  if (failure || cancel.aborted) {
    await stop();
    throw failure?.reason ?? cancel.reason;
  }
  const addresses = started.map((one) => one.addresses);
  writeStackFile(stackFile, {
    address,
    store: storeUrl,
    pid: process.pid,
    temporalMetricsUrl,
    workers: addresses,
  });
  writeScrapeTargets(folder, {
    rgsweep: addresses.map((one) => one.metricsUrl),
    'temporal-sdk': addresses.map((one) => one.temporalMetricsUrl),
    temporal: [temporalMetricsUrl],
  });
  const processes = [...workers, server.process];
  return {
    address,
    temporalMetricsUrl,
    workers: addresses,
    processes,
    stop,
    kill: () => {
      for (const one of processes) one.kill();
      rmSync(stackFile, { force: true });
      removeScrapeTargets(folder);
    },
  };
}
