import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { RgsweepError } from '../errors.js';
import { Pages } from '../page/pages.js';
import { startPageServer } from '../page/server.js';
import { readSpec } from '../store/records.js';
import { connectClient, connectStore, type ConnectionOptions } from './connection.js';

export interface UiOptions extends ConnectionOptions {
  port: number;
  host: string;
  allowHost?: string[];
  allowActions?: boolean;
  json?: boolean;
}

/** Between two looks for a server that did not answer. */
const patienceMilliseconds = 10_000;

const loopback = ['127.0.0.1', '::1', 'localhost'];

/** The first answer waits this long for a server; later ones take what was found meanwhile. */
const firstMilliseconds = 400;

/** A connection that is made when there is a server, lost when it goes, and made again when it is back. */
function clientFinder(options: ConnectionOptions): () => Promise<Client | undefined> {
  let client: Client | undefined;
  let looking: Promise<void> | undefined;
  let lookedAt = -Infinity;
  const look = async (): Promise<void> => {
    try {
      if (client) {
        const { connection, workflowService } = client;
        // A dead server is found out here rather than by every question it is asked.
        await connection.withDeadline(Date.now() + 5000, () => workflowService.getSystemInfo({}));
      } else client = (await connectClient(options)).client;
    } catch {
      const lost = client;
      client = undefined;
      await lost?.connection.close().catch(() => undefined);
    } finally {
      lookedAt = Date.now();
      looking = undefined;
    }
  };
  return async () => {
    if (!looking && Date.now() - lookedAt > patienceMilliseconds) looking = look();
    // Nobody waits for a server that may not be there.
    if (looking && !client) await Promise.race([looking, sleep(firstMilliseconds)]);
    return client;
  };
}

/** The verb `ui`: serves the live page until Ctrl-C. */
export async function servePage(sweep: string | undefined, options: UiOptions): Promise<void> {
  const store = await connectStore(options);
  if (sweep !== undefined && !(await readSpec(store, sweep)))
    throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`, {
      remedy: '`rgsweep list` shows the sweeps of a store; --store names another one',
    });
  const pages = new Pages(store, clientFinder(options), options.allowActions === true);
  // Thousands of records take a second or two: most of it has passed when somebody opens the address.
  (sweep === undefined ? pages.sweeps() : pages.sweep(sweep)).catch(() => undefined);
  const server = await startPageServer({
    pages,
    port: options.port,
    host: options.host,
    allowedHosts: options.allowHost ?? [],
    allowActions: options.allowActions === true,
  });
  const url = sweep === undefined ? server.url : new URL(`sweeps/${sweep}`, server.url).href;
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({ url, store: store.url, actions: options.allowActions === true })}\n`,
    );
  else process.stdout.write(`page   ${url}\nstore  ${store.url}\n`);
  if (!loopback.includes(options.host))
    process.stderr.write(
      `rgsweep: whoever reaches ${options.host} sees these sweeps${options.allowActions ? ' and can stop them' : ''}; there is no password\n`,
    );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
}
