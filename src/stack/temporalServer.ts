import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { messageOf, RgsweepError } from '../errors.js';
import { embeddedEnvironment } from './environment.js';
import { isAlive, waitForEnd, type ProcessIdentity } from './identity.js';
import { answers, freePort, loopback } from './ports.js';
import { supervise, type BackOff, type Supervised } from './processes.js';
import type { TemporalCli } from './temporalCli.js';

export type SearchAttributeType = 'Keyword' | 'Double' | 'Int';

export interface TemporalServerOptions {
  /** Holds the database, the server's log and its process file. */
  folder: string;
  cli: TemporalCli;
  searchAttributes: Readonly<Record<string, SearchAttributeType>>;
  /** In memory everything ends with the server. Default: in a file. */
  database?: 'file' | 'memory';
  /** More of its command line. */
  arguments?: readonly string[];
  /** One line for a person: another port, a restart. */
  log?: (line: string) => void;
  /** The first port to try. */
  port?: number;
  backOff?: Partial<BackOff>;
  onGivenUp?: (error: RgsweepError) => void;
  /** Aborted while it starts: it is ended and the start throws. */
  cancel?: AbortSignal;
}

export interface TemporalServer {
  /** `127.0.0.1:7233`; the same after a restart. */
  readonly address: string;
  /** Prometheus metrics of the server itself. */
  readonly metricsUrl: string;
  readonly process: Supervised;
  stop(): Promise<void>;
}

/** The port Temporal's clients expect. */
export const defaultTemporalPort = 7233;

interface ServerFile extends ProcessIdentity {
  port: number;
}

/**
 * Ends the server that an earlier run left behind (killed, or the machine's terminal gone): it holds our database.
 * The start time kept with its number tells it from a stranger's process.
 */
async function endStaleServer(file: string, log: (line: string) => void): Promise<void> {
  let stale: ServerFile;
  try {
    stale = JSON.parse(readFileSync(file, 'utf8')) as ServerFile;
  } catch {
    return;
  }
  if (isAlive(stale)) {
    log(`ending the Temporal server (process ${stale.pid}) that an earlier run left behind`);
    for (const [signal, patience] of [
      ['SIGTERM', 10_000],
      ['SIGKILL', 5_000],
    ] as const) {
      try {
        process.kill(stale.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EPERM')
          throw new RgsweepError(
            'conflict',
            `the Temporal server of an earlier run (process ${stale.pid}) is another user's`,
            {
              remedy: 'end it as that user, or name another folder with RGSWEEP_HOME',
              cause: error,
            },
          );
      }
      if (await waitForEnd(stale, patience)) break;
    }
  }
  rmSync(file, { force: true });
}

/** One question to the server; throws while it cannot serve our workflows. */
async function checkServing(address: string, attributes: readonly string[]): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '2 seconds' });
  try {
    await connection.withDeadline(Date.now() + 5_000, async () => {
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({
        namespace: 'default',
      });
      const missing = attributes.filter((name) => !(name in (customAttributes ?? {})));
      if (missing.length > 0)
        throw new Error(`the search attributes ${missing.join(', ')} are not registered`);
    });
  } finally {
    await connection.close();
  }
}

/**
 * A task queue in one part: the server divides it into four otherwise and a worker asks one of them by chance, so that a sweep of
 * priority 1 waits behind those of priority 5 in another. One part serves thousands of tasks a second.
 */
export const undividedQueues: readonly string[] = ['Read', 'Write'].flatMap((side) => [
  '--dynamic-config-value',
  `matching.numTaskqueue${side}Partitions=1`,
]);

async function untilServing(port: number, attributes: readonly string[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      if (await answers(port)) return await checkServing(`${loopback}:${port}`, attributes);
    } catch {
      // It accepts connections before it can serve.
    }
    await sleep(100);
  }
}

/**
 * Starts Temporal's development server without its web page, with a file database, on loopback only, and waits until it answers
 * with our search attributes. One that dies comes back on the same port with the same database.
 *
 * @throws RgsweepError('server-unavailable') with the end of its log
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const { folder, cli, searchAttributes, log = () => {}, port: firstPort = defaultTemporalPort } = options;
  mkdirSync(folder, { recursive: true });
  const processFile = join(folder, 'temporal.json');
  await endStaleServer(processFile, log);
  const attributes = Object.entries(searchAttributes);
  for (let from = firstPort; ;) {
    const port = await freePort(from);
    const metricsPort = await freePort(port + 2_000 < 65_000 ? port + 2_000 : port + 1);
    const args = ['server', 'start-dev', '--headless', '--ip', loopback, '--port', String(port)];
    args.push('--metrics-port', String(metricsPort));
    args.push('--log-level', 'warn', '--log-format', 'json', ...undividedQueues);
    // Its own default rewrites whole pages twice for each transaction; a write-ahead log is as durable.
    if (options.database !== 'memory') {
      args.push('--db-filename', join(folder, 'temporal.db'));
      args.push('--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full');
    }
    for (const [name, type] of attributes) args.push('--search-attribute', `${name}=${type}`);
    args.push(...(options.arguments ?? []));
    let server: Supervised;
    try {
      server = await supervise({
        name: 'Temporal server',
        command: cli.path,
        args,
        env: embeddedEnvironment(folder),
        logFile: join(folder, 'logs', 'temporal.log'),
        ready: ({ signal }) =>
          untilServing(
            port,
            attributes.map(([name]) => name),
            signal,
          ),
        onStart: (identity) =>
          writeFileSync(processFile, JSON.stringify({ ...identity, port } satisfies ServerFile)),
        notice: log,
        ...(options.backOff ? { backOff: options.backOff } : {}),
        ...(options.cancel ? { cancel: options.cancel } : {}),
        ...(options.onGivenUp ? { onGivenUp: options.onGivenUp } : {}),
      });
    } catch (error) {
      // Somebody took the port between the check and the start.
      if (!/address already in use/.test(messageOf(error)) || port - firstPort > 100) throw error;
      from = port + 1;
      continue;
    }
    if (port !== firstPort)
      log(`port ${firstPort} is taken: the Temporal server listens on ${loopback}:${port}`);
    return {
      address: `${loopback}:${port}`,
      metricsUrl: `http://${loopback}:${metricsPort}/metrics`,
      process: server,
      stop: async () => {
        await server.stop(15_000);
        rmSync(processFile, { force: true });
      },
    };
  }
}
