import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client, Connection, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ActivityFailure } from '@temporalio/common';
import { messageOf, RgsweepError } from '../errors.js';
import { openStore } from '../store/open.js';
import type { ObjectStore } from '../store/types.js';
import { explainConnectionError, temporalSettings } from '../temporal/settings.js';

/** Folder of the embedded stack: its database, logs, cache and store. */
export function stackFolder(): string {
  return resolve(process.env.RGSWEEP_HOME ?? '.rgsweep');
}

/** What a running `rgsweep up` tells other commands: where its server and store are. */
export interface StackFile {
  address: string;
  store: string;
  pid: number;
}

export function stackFilePath(folder = stackFolder()): string {
  return join(folder, 'stack.json');
}

function readStackFile(): StackFile | undefined {
  try {
    return JSON.parse(readFileSync(stackFilePath(), 'utf8')) as StackFile;
  } catch {
    return undefined;
  }
}

export interface StoreOption {
  store?: string;
}
export interface ConnectionOptions extends StoreOption {
  address?: string;
  namespace?: string;
}

/** The store's URL: option, RGSWEEP_STORE, the running stack's, `.rgsweep/store`. */
export function storeUrl(options: StoreOption): string {
  return (
    options.store ??
    process.env.RGSWEEP_STORE ??
    readStackFile()?.store ??
    pathToFileURL(join(stackFolder(), 'store')).href
  );
}

/** The address of the running stack's server, for where neither an option nor Temporal's environment configuration names one. */
export function stackAddress(): string | undefined {
  return readStackFile()?.address;
}

export function connectStore(options: StoreOption): Promise<ObjectStore> {
  return openStore(storeUrl(options));
}

/**
 * Connects to the Temporal server by Temporal's own environment configuration (TEMPORAL_ADDRESS, TLS, API key, profiles);
 * options win, and without either the running `rgsweep up` is found by its file.
 * @throws RgsweepError('server-unavailable') with the address and what to do
 */
export async function connectClient(
  options: ConnectionOptions,
): Promise<{ client: Client; address: string }> {
  const settings = temporalSettings({ ...options, fallbackAddress: stackAddress() });
  const { address, namespace, connectionOptions, dataConverter } = settings;
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 seconds' });
    const client = new Client({ connection, namespace, ...(dataConverter ? { dataConverter } : {}) });
    return { client, address };
  } catch (error) {
    throw explainConnectionError(error, settings);
  }
}

/** Turns Temporal's own errors of a sweep's update, query or description into ours. */
export function explainSweepError(error: unknown, sweep: string): RgsweepError {
  if (error instanceof RgsweepError) return error;
  if (error instanceof WorkflowNotFoundError)
    return new RgsweepError('not-found', `no open sweep is called "${sweep}"`, {
      remedy: `\`rgsweep list\` shows the sweeps; \`rgsweep resume ${sweep}\` goes on with one that ended or vanished`,
      cause: error,
    });
  if (error instanceof WorkflowUpdateFailedError) {
    // Of an activity that failed on its way, what it says itself.
    const { cause = error } = error;
    const said = cause instanceof ActivityFailure ? (cause.cause ?? cause) : cause;
    return new RgsweepError('conflict', `${sweep}: ${messageOf(said)}`, { cause: error });
  }
  return new RgsweepError('server-unavailable', `${sweep}: ${messageOf(error)}`, { cause: error });
}
