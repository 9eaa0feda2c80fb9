import type { DataConverter } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { messageOf, RgsweepError } from '../errors.js';
import { dataConverterOf } from './codec.js';

/** What both a client and a worker need to reach the server. */
export interface TemporalSettings {
  address: string;
  namespace: string;
  /** TLS, API key and headers, with the address. */
  connectionOptions: ReturnType<typeof loadClientConnectConfig>['connectionOptions'] & { address: string };
  /** Encrypts what the server keeps, where a key is configured. */
  dataConverter: DataConverter | undefined;
}

export interface TemporalChoice {
  /** Wins over the environment's. */
  address?: string | undefined;
  namespace?: string | undefined;
  /** Where the environment names no address. */
  fallbackAddress?: string | undefined;
}

const defaultAddress = '127.0.0.1:7233';

/**
 * The connection by Temporal's own environment configuration: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_TLS…`,
 * `TEMPORAL_API_KEY`, or a profile of `TEMPORAL_CONFIG_FILE` chosen by `TEMPORAL_PROFILE`. The codec's key comes from
 * `RGSWEEP_CODEC_KEY` or `RGSWEEP_CODEC_KEY_FILE`.
 *
 * @throws RgsweepError('usage') when a profile or a file named there cannot be used
 */
export function temporalSettings({
  address: asked,
  namespace,
  fallbackAddress,
}: TemporalChoice): TemporalSettings {
  let configured: ReturnType<typeof loadClientConnectConfig>;
  try {
    configured = loadClientConnectConfig();
  } catch (error) {
    throw new RgsweepError('usage', `Temporal's environment configuration: ${messageOf(error)}`, {
      remedy:
        'look at TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and TEMPORAL_TLS_…; `temporal config list` shows the profile',
      cause: error,
    });
  }
  const { connectionOptions } = configured;
  const address = asked ?? connectionOptions.address ?? fallbackAddress ?? defaultAddress;
  const { tls } = connectionOptions;
  if (tls && typeof tls === 'object') requireKeyPair();
  return {
    address,
    namespace: namespace ?? configured.namespace ?? 'default',
    connectionOptions: { ...connectionOptions, address },
    dataConverter: dataConverterOf(process.env),
  };
}

/** Half a key pair would be left out in silence, and the server's refusal says nothing of it. */
function requireKeyPair(): void {
  const named = (what: 'CERT' | 'KEY') =>
    ['PATH', 'DATA'].some((form) => process.env[`TEMPORAL_TLS_CLIENT_${what}_${form}`]);
  if (named('CERT') === named('KEY')) return;
  // A profile may hold the other half; then both are there and nothing is missing.
  if (process.env.TEMPORAL_CONFIG_FILE || process.env.TEMPORAL_PROFILE) return;
  const missing = named('CERT') ? 'KEY' : 'CERT';
  throw new RgsweepError(
    'usage',
    `TEMPORAL_TLS_CLIENT_${missing}_PATH is missing: a certificate needs both`,
    {
      remedy: 'name the certificate and its private key',
    },
  );
}

/**
 * Turns a failed connection into what a user can act on.
 * @param error of `Connection.connect` or `NativeConnection.connect`
 */
export function explainConnectionError(error: unknown, { address, connectionOptions }: TemporalSettings) {
  const said = [messageOf(error), error instanceof Error ? messageOf(error.cause ?? '') : ''].join(' ');
  const tls = connectionOptions.tls !== undefined && connectionOptions.tls !== false;
  const refused = /unauthenticated|permission.?denied|unauthorized|jwt|api.?key/i.test(said);
  return new RgsweepError(
    'server-unavailable',
    `no Temporal server answers at ${address}${tls ? ' with TLS' : ''}: ${messageOf(error)}`,
    {
      remedy: refused
        ? 'the server refuses this identity: look at TEMPORAL_API_KEY and TEMPORAL_NAMESPACE'
        : tls
          ? 'is it there, and do we trust each other? look at TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_CLIENT_CERT_PATH and …_KEY_PATH, and TEMPORAL_TLS_SERVER_NAME'
          : 'start one with `npx rgsweep up`, or name yours with --address or TEMPORAL_ADDRESS',
      cause: error,
    },
  );
}
