import { createServer } from 'node:http';
import { Registry } from 'prom-client';
import { messageOf, RgsweepError } from '../errors.js';
import { openMetricsPage, type Exemplars } from './exemplars.js';

export interface MetricsServerInput {
  registry: Registry;
  /** Named to scrapers that ask for OpenMetrics. */
  exemplars?: Pick<Exemplars, 'after'>;
  /** 0 takes a free one. */
  port: number;
  /** Address to listen on: `127.0.0.1`, for this machine only, unless the user asked for another one. */
  host: string;
  /** What `/healthz` and `/readyz` answer; without it both say that the process is able to answer. */
  probes?: { live: () => Probe; ready: () => Probe };
}

export interface Probe {
  ok: boolean;
  reason: string;
}

export interface MetricsServer {
  /** Address of the metrics page, e.g. `http://127.0.0.1:9464/metrics`. */
  url: string;
  /** Ends it, and connections that are open. */
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, in Prometheus' text format or as OpenMetrics with exemplars to who accepts that, and two
 * probes: `/healthz` (503 when the process should be started again) and `/readyz` (503 while it can take no work).
 * @throws RgsweepError('conflict') when the port is taken or may not be opened
 */
export async function startMetricsServer({
  registry,
  exemplars = { after: () => '' },
  port,
  host,
  probes,
}: MetricsServerInput): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const respond = (status: number, type: string, body: string): void => {
      response.writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    const plain = 'text/plain; charset=utf-8';
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      respond(405, plain, 'only GET and HEAD\n');
      return;
    }
    switch (request.url?.split('?')[0]) {
      case '/metrics':
        registry.metrics().then(
          (page) =>
            request.headers.accept?.includes('application/openmetrics-text')
              ? respond(200, Registry.OPENMETRICS_CONTENT_TYPE, openMetricsPage(page, exemplars))
              : respond(200, registry.contentType, page),
          (error: unknown) => respond(500, plain, `${messageOf(error)}\n`),
        );
        return;
      case '/healthz':
      case '/readyz': {
        const probe = request.url.startsWith('/healthz') ? probes?.live : probes?.ready;
        const { ok, reason } = probe?.() ?? { ok: true, reason: 'ok' };
        respond(ok ? 200 : 503, plain, `${reason}\n`);
        return;
      }
      default:
        respond(404, plain, 'there are /metrics, /healthz and /readyz\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'it is taken by another process' : messageOf(error);
      reject(
        new RgsweepError('conflict', `metrics cannot be served on ${host}:${port}: ${why}`, {
          remedy: 'choose another port with --metrics-port; 0 takes a free one',
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actual = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}/metrics`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
