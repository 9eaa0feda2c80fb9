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
  /** Metrics are served to this machine only. */
  host: '127.0.0.1';
}

export interface MetricsServer {
  /** Address of the metrics page, e.g. `http://127.0.0.1:9464/metrics`. */
  url: string;
  /** Ends it, and connections that are open. */
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, in Prometheus' text format or as OpenMetrics with exemplars to who accepts that, and `/healthz` (200
 * while the process is able to answer).
 * @throws RgsweepError('conflict') when the port is taken or may not be opened
 */
export async function startMetricsServer({
  registry,
  exemplars = { after: () => '' },
  port,
  host,
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
        respond(200, plain, 'ok\n');
        return;
      default:
        respond(404, plain, 'there are /metrics and /healthz\n');
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
    url: `http://${host}:${actual}/metrics`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
