import type { Command } from 'commander';
import type { BackendRequest } from '../../train/protocol.js';
import { backendOfEnvironment, parseBackend, parseCount, parsePort } from '../options.js';

interface WorkerVerbOptions {
  role: 'control' | 'train' | 'all';
  address?: string;
  namespace?: string;
  store?: string;
  slots?: number;
  backend?: BackendRequest;
  metricsPort: number;
  cache?: string;
  stallSeconds: number;
  notice: number;
  exitWithParent?: boolean;
}

export function register(program: Command): void {
  program
    .command('worker')
    .description('serve sweeps: control (workflows, records) and train (one trainer a slot)')
    .option('--role <role>', 'control, train or all', 'all')
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS or its profile)')
    .option('--namespace <name>', 'Temporal namespace')
    .option('--store <url>', 'file:///folder or s3://bucket/prefix (default: RGSWEEP_STORE)')
    .option(
      '--slots <n>',
      'trainers at a time (default: what cores and memory allow)',
      parseCount('--slots', 1),
    )
    .option(
      '--backend <name>',
      "backend of this worker's trainers (default: RGSWEEP_BACKEND, else the sweep's)",
      parseBackend,
    )
    .option(
      '--metrics-port <port>',
      'port of /metrics on loopback; 0 takes a free one',
      parsePort('--metrics-port'),
      0,
    )
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
      parseCount('--notice', 2),
      parseCount('RGSWEEP_NOTICE_SECONDS', 2)(process.env.RGSWEEP_NOTICE_SECONDS ?? '25'),
    )
    .option('--exit-with-parent', 'end when standard input closes')
    .action(async (options: WorkerVerbOptions) => {
      const { RgsweepError } = await import('../../errors.js');
      if (!['control', 'train', 'all'].includes(options.role))
        throw new RgsweepError('usage', `--role: "${options.role}" is none of control, train, all`);
      const { runWorker, defaultCacheFolder } = await import('../../worker/worker.js');
      const { trainerSlots } = await import('../../stack/slots.js');
      const { stackFolder, storeUrl } = await import('../connection.js');
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
        namespace: options.namespace,
        storeUrl: storeUrl(options),
        cacheFolder: options.cache ?? defaultCacheFolder(stackFolder()),
        slots: options.slots ?? trainerSlots(),
        backend: options.backend ?? backendOfEnvironment(),
        metricsPort: options.metricsPort,
        stallSeconds: options.stallSeconds,
        noticeSeconds: options.notice,
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
