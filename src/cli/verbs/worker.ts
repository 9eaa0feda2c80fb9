import type { Command } from 'commander';
import type { BackendRequest } from '../../train/protocol.js';
import { withConnectionOptions } from '../connectionOptions.js';
import {
  backendOfEnvironment,
  leastNoticeSeconds,
  noticeOfEnvironment,
  parseBackend,
  parseCount,
  parseCountOr,
  parsePort,
  parseQueue,
} from '../options.js';

interface WorkerVerbOptions {
  role: 'control' | 'train' | 'all';
  address?: string;
  namespace?: string;
  store?: string;
  queue?: string;
  slots: number | 'auto';
  gpus?: 'auto' | 'none' | number;
  gpuMemory?: number;
  deployment?: string;
  buildId?: string;
  metricsHost: string;
  temporalMetricsPort: number;
  backend?: BackendRequest;
  metricsPort: number;
  cache?: string;
  stallSeconds: number;
  notice?: number;
  exitWithParent?: boolean;
  exitWhenIdle?: number;
}

/** What this machine may offer, checked before anything is offered. */
async function capabilities(options: WorkerVerbOptions, backend: BackendRequest | undefined) {
  const { fileURLToPath } = await import('node:url');
  const { checkCapabilities } = await import('../../worker/capabilities.js');
  const { findGpus } = await import('../../worker/gpus.js');
  const { trainerCommand } = await import('../../worker/trainerCommand.js');
  const { backendStarts } = await import('../../stack/doctor.js');
  const { trainerSlots } = await import('../../stack/slots.js');
  const simulated = process.env.RGSWEEP_TRAINER === 'simulated';
  return checkCapabilities(
    {
      gpus: options.gpus ?? (options.queue === undefined ? 'none' : 'auto'),
      ...(options.gpuMemory === undefined ? {} : { gpuMemoryMiB: options.gpuMemory }),
      slots: options.slots,
      backend,
      trainerCommand: simulated ? [] : trainerCommand(),
    },
    {
      findGpus,
      trainerSlots,
      startBackend: (name) =>
        backendStarts(fileURLToPath(new URL('../../train/backend.js', import.meta.url)), name),
      environment: process.env,
    },
  );
}

export function register(program: Command): void {
  withConnectionOptions(
    program
      .command('worker')
      .description('serve sweeps: control (workflows, records) and train (one trainer a slot)')
      .option('--role <role>', 'control, train or all', 'all'),
  )
    .option(
      '--queue <name>',
      'train queue of this class of machines, e.g. gpu-a100 (`resources.queue` of a sweep)',
      parseQueue,
    )
    .option(
      '--slots <n>',
      'trainers at a time; auto: one a GPU, else what cores and memory allow',
      parseCountOr('--slots', 1, ['auto']),
      'auto' as const,
    )
    .option(
      '--gpus <n>',
      'GPUs, one for each trainer: auto, none, or at least so many (default: auto with --queue, else none)',
      parseCountOr('--gpus', 1, ['auto', 'none']),
    )
    .option('--gpu-memory <MiB>', 'refuse to serve with a GPU of less memory', parseCount('--gpu-memory', 1))
    .option(
      '--backend <name>',
      "backend of this worker's trainers (default: RGSWEEP_BACKEND, else the sweep's)",
      parseBackend,
    )
    .option(
      '--metrics-port <port>',
      'port of /metrics, /healthz and /readyz; 0 takes a free one',
      parsePort('--metrics-port'),
      0,
    )
    .option(
      '--temporal-metrics-port <port>',
      "port of Temporal's own metrics; 0 takes a free one",
      parsePort('--temporal-metrics-port'),
      0,
    )
    .option(
      '--metrics-host <address>',
      'address they are served on; anything else than loopback shows them to the network',
      '127.0.0.1',
    )
    .option(
      '--deployment <name>',
      'serve workflows as a version of this Temporal worker deployment (default: TEMPORAL_DEPLOYMENT_NAME)',
    )
    .option('--build-id <id>', 'the version (default: TEMPORAL_WORKER_BUILD_ID, else that of this build)')
    .option('--cache <folder>', 'folder for data sets and work in progress')
    .option(
      '--stall-seconds <n>',
      'end a trainer that makes no step for so long',
      parseCount('--stall-seconds', 1),
      300,
    )
    .option(
      '--notice <n>',
      'seconds between SIGTERM and the end, for the trainers’ checkpoints (default: RGSWEEP_NOTICE_SECONDS, else 25)',
      parseCount('--notice', leastNoticeSeconds),
    )
    .option(
      '--exit-when-idle <seconds>',
      'end after so long without a task, for jobs that a scaler starts',
      parseCount('--exit-when-idle', 1),
    )
    .option('--exit-with-parent', 'end when standard input closes')
    .action(async (options: WorkerVerbOptions) => {
      const { RgsweepError } = await import('../../errors.js');
      if (!['control', 'train', 'all'].includes(options.role))
        throw new RgsweepError('usage', `--role: "${options.role}" is none of control, train, all`);
      const { runWorker, defaultCacheFolder } = await import('../../worker/worker.js');
      const { stackAddress, stackFolder, storeUrl } = await import('../connection.js');
      const { version } = await import('../../version.js');
      const backend = options.backend ?? backendOfEnvironment();
      const noticeSeconds = options.notice ?? noticeOfEnvironment();
      const { slots, gpus } =
        options.role === 'control' ? { slots: 1, gpus: [] } : await capabilities(options, backend);
      const deployment = options.deployment ?? process.env.TEMPORAL_DEPLOYMENT_NAME;
      const buildId = options.buildId ?? process.env.TEMPORAL_WORKER_BUILD_ID ?? version;
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
      if (options.exitWithParent) {
        process.stdin.on('end', () => stop.abort());
        process.stdin.on('error', () => stop.abort());
        process.stdin.resume();
      }
      await runWorker({
        role: options.role,
        address: options.address,
        fallbackAddress: stackAddress(),
        namespace: options.namespace,
        storeUrl: storeUrl(options),
        cacheFolder: options.cache ?? defaultCacheFolder(stackFolder()),
        queue: options.queue,
        slots,
        gpus,
        backend,
        metricsHost: options.metricsHost,
        metricsPort: options.metricsPort,
        temporalMetricsPort: options.temporalMetricsPort,
        ...(deployment ? { deployment: { name: deployment, buildId } } : {}),
        stallSeconds: options.stallSeconds,
        ...(noticeSeconds === undefined ? {} : { noticeSeconds }),
        exitWhenIdleSeconds: options.exitWhenIdle,
        stop: stop.signal,
        onReady: (addresses) =>
          process.stdout.write(
            `${JSON.stringify({ ready: true, role: options.role, pid: process.pid, ...addresses })}\n`,
          ),
      });
      // Open handles of native libraries must not keep an ended worker alive.
      process.exit(0);
    });
}
